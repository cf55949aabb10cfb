import test from 'ava'
import fc from 'fast-check'
import { keyIdOf, open, seal } from '../lib/envelope.ts'
import { createId, toSessionId } from '../lib/id.ts'
import { openByFormat, sealByFormat } from './support/format.ts'
import { keyOf, ringOf, TWINS } from './support/keys.ts'
import { type EnvelopeVector, envelopeVectors } from './support/vectors.ts'

const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes))
const context = fc.string({ minLength: 1, maxLength: 40 })
const text = fc.string({ unit: 'binary', maxLength: 300 }).map((body) => `{${body}}`)

function parse(vector: EnvelopeVector): Record<'master' | 'id' | 'salt' | 'bytes', Buffer> {
  const { master, id, salt, bytes } = vector
  return {
    master: Buffer.from(master, 'hex'),
    id: Buffer.from(id, 'hex'),
    salt: Buffer.from(salt, 'hex'),
    bytes: Buffer.from(bytes, 'hex'),
  }
}

for (const vector of envelopeVectors) {
  const { name, context, record, expect } = vector
  const { master, id, salt, bytes } = parse(vector)

  test(`vector: ${name}`, async (t) => {
    const ring = await ringOf(context, master)
    const byFormat = openByFormat({ master, context, id }, bytes)
    if (expect === 'opens') {
      t.deepEqual(byFormat, { text: record })
      t.deepEqual(open(ring, toSessionId(id), bytes), { text: record, key: ring.primary })
      t.deepEqual(
        seal(ring.primary, toSessionId(id), record, () => salt),
        bytes,
      )
    } else {
      t.deepEqual(byFormat as unknown, expect)
      t.is(open(ring, toSessionId(id), bytes), undefined)
    }
  })
}

const [reference] = envelopeVectors
if (!reference) throw new Error('test/vectors/envelope.json is empty')
const { master, id, bytes: envelope } = parse(reference)

test('every flipped bit makes it no envelope', async (t) => {
  const ring = await ringOf(reference.context, master)
  for (let bit = 0; bit < envelope.length * 8; bit += 1) {
    const flipped = Buffer.from(envelope)
    flipped.writeUInt8(flipped.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
    t.is(open(ring, toSessionId(id), flipped), undefined, `bit ${bit}`)
  }
})

test('every truncation, and anything after it, makes it no envelope', async (t) => {
  const ring = await ringOf(reference.context, master)
  for (let length = 0; length < envelope.length; length += 1) {
    t.is(open(ring, toSessionId(id), envelope.subarray(0, length)), undefined, `${length} bytes`)
  }
  for (let more = 1; more <= 128; more += 1) {
    const longer = Buffer.concat([envelope, Buffer.alloc(more)])
    t.is(open(ring, toSessionId(id), longer), undefined, `${more} bytes more`)
  }
})

test('an envelope of another session opens for nobody else, under the same key', async (t) => {
  const ring = await ringOf('sid', keyOf('one'))
  const [alice, bob] = [createId(), createId()]
  const hers = seal(ring.primary, alice, '{}')
  t.is(open(ring, bob, hers), undefined)
  t.is(open(ring, alice, hers)?.text, '{}')
})

test('an envelope under an old key opens, and says under which', async (t) => {
  const [before, after] = [keyOf('before'), keyOf('after')]
  const old = await ringOf('sid', before)
  const both = await ringOf('sid', after, before)
  const opened = open(both, toSessionId(id), seal(old.primary, toSessionId(id), '{"a":1}'))
  t.is(opened?.text, '{"a":1}')
  t.true(opened?.key.id.equals(old.primary.id))
  t.not(opened?.key, both.primary)
})

test('an envelope opens under the right one of two keys that share an id', async (t) => {
  const ring = await ringOf('sid', ...TWINS)
  t.is(ring.withId(ring.primary.id).length, 2)
  for (const key of ring.withId(ring.primary.id)) {
    t.deepEqual(open(ring, toSessionId(id), seal(key, toSessionId(id), '{"b":2}')), {
      text: '{"b":2}',
      key,
    })
  }
})

test('what lib seals, the written format opens', async (t) => {
  await fc.assert(
    fc.asyncProperty(bytes32, context, bytes32, text, async (master, context, id, text) => {
      const ring = await ringOf(context, master)
      const sealed = seal(ring.primary, toSessionId(id), text)
      t.deepEqual(openByFormat({ master, context, id }, sealed), {
        text: Buffer.from(text).toString(),
      })
    }),
  )
})

test('what the written format seals, lib opens', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      bytes32,
      context,
      bytes32,
      bytes32,
      text,
      async (master, context, id, salt, text) => {
        const ring = await ringOf(context, master)
        const sealed = sealByFormat({ master, context, id }, salt, text)
        t.is(open(ring, toSessionId(id), sealed)?.text, Buffer.from(text).toString())
      },
    ),
  )
})

test('no bytes make it throw, with or without the right beginning', async (t) => {
  const ring = await ringOf(reference.context, master)
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), fc.nat(92), (bytes, kept) => {
      t.is(open(ring, toSessionId(id), bytes), undefined)
      t.is(
        open(ring, toSessionId(id), Buffer.concat([envelope.subarray(0, kept), bytes])),
        undefined,
      )
    }),
  )
})

test('two envelopes of one text have nothing in common but the beginning', async (t) => {
  const { primary } = await ringOf('sid', master)
  const [one, other] = [seal(primary, toSessionId(id), '{}'), seal(primary, toSessionId(id), '{}')]
  t.deepEqual(one.subarray(0, 12), other.subarray(0, 12))
  t.notDeepEqual(one.subarray(12, 44), other.subarray(12, 44))
  t.notDeepEqual(one.subarray(44, 76), other.subarray(44, 76))
  t.notDeepEqual(one.subarray(76, -16), other.subarray(76, -16))
})

test('the length tells a record only to the next 64 bytes', async (t) => {
  const { primary } = await ringOf('sid', master)
  t.is(seal(primary, toSessionId(id), 'x'.repeat(65)).length, 76 + 128 + 16)
  t.is(seal(primary, toSessionId(id), 'x'.repeat(128)).length, 76 + 128 + 16)
  t.is(seal(primary, toSessionId(id), 'x'.repeat(129)).length, 76 + 192 + 16)
})

test('an envelope shows neither the id nor the text nor a key', async (t) => {
  const { primary } = await ringOf('sid', master)
  const sealed = seal(primary, toSessionId(id), '{"user":"alice"}')
  for (const secret of [id, master, primary.seal.export(), primary.cookie.export(), 'alice']) {
    t.false(sealed.includes(secret))
  }
})

test('without randomness nothing is sealed', async (t) => {
  const { primary } = await ringOf('sid', master)
  const failing = (): never => {
    throw new Error('no entropy')
  }
  t.throws(() => seal(primary, toSessionId(id), '{}', failing), { message: 'no entropy' })
})

test('the id of the key can be read of every envelope of version 1, and of nothing else', async (t) => {
  t.deepEqual(keyIdOf(envelope), Buffer.from('728e01d9', 'hex'))
  t.deepEqual(keyIdOf(new Uint8Array(envelope)), Buffer.from('728e01d9', 'hex'))
  for (const { name, bytes, expect } of envelopeVectors) {
    const readable = !['magic', 'version'].includes(expect) && bytes.length >= 2 * 76
    t.is(keyIdOf(Buffer.from(bytes, 'hex')) !== undefined, readable, name)
  }
})
