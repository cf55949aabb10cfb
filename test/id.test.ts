import { createHash } from 'node:crypto'
import test from 'ava'
import { createId, drawRandomBytes, ID_BYTES, nameOf, refOf } from '../lib/id.ts'

test('an id is 32 bytes of the randomness it is given, as they are', (t) => {
  const bytes = Buffer.alloc(32, 7)
  const lengths: number[] = []
  const id = createId((length) => {
    lengths.push(length)
    return bytes
  })
  t.deepEqual(id, { bytes, name: nameOf(bytes) })
  t.deepEqual(lengths, [32])
  t.is(ID_BYTES, 32)
})

test('without another source an id comes from the system, a new one each time', (t) => {
  t.is(createId().bytes.length, 32)
  t.notDeepEqual(createId(), createId())
  t.is(drawRandomBytes(5).length, 5)
})

test('random bytes are never handed out twice, in memory that nobody else has', (t) => {
  const seen = new Set<string>()
  for (let draw = 0; draw < 1000; draw += 1) {
    const bytes = drawRandomBytes(32)
    for (const half of [bytes.subarray(0, 16), bytes.subarray(16)]) seen.add(half.toString('hex'))
    bytes.fill(0)
  }
  t.is(seen.size, 2000)
  t.is(drawRandomBytes(32).buffer.byteLength, 32)
})

test('any number of random bytes can be drawn, no part of them constant', (t) => {
  for (const length of [0, 1, 4095, 4096, 4097, 10_000]) {
    const bytes = drawRandomBytes(length)
    t.is(bytes.length, length)
    if (length > 1000) t.true(new Set(bytes.subarray(-1000)).size > 100)
  }
})

test('an id whose randomness fails is none', (t) => {
  const error = new Error('no entropy')
  const random = (): never => {
    throw error
  }
  t.is(
    t.throws(() => createId(random)),
    error,
  )
})

test('the name of an id is the SHA-256 of a label and the id, in hexadecimal', (t) => {
  const id = Buffer.alloc(32, 1)
  const text = Buffer.concat([Buffer.from('koa-sealed-session/v1/name\0'), id])
  t.is(nameOf(id), createHash('sha256').update(text).digest('hex'))
  t.regex(nameOf(id), /^[0-9a-f]{64}$/)
})

test('the handle of a name is its first 12 digits', (t) => {
  t.is(refOf('0123456789abcdef'.repeat(4)), '0123456789ab')
})
