import { randomBytes } from 'node:crypto'
import { inspect } from 'node:util'
import test from 'ava'
import fc from 'fast-check'
import { nameOf, toSessionId } from '../lib/id.ts'
import { createKey, Keyring, type KeySource, keyIdOfMaster } from '../lib/keyring.ts'
import { cookieByFormat, keyIdByFormat } from './support/format.ts'
import { fixedSource, keyOf, ringOf, TWINS } from './support/keys.ts'
import { cookieVectors } from './support/vectors.ts'

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const id = keyOf('an id')

for (const { name, master, context, id: hexId, cookie, expect, ...vector } of cookieVectors) {
  test(`vector: ${name}`, async (t) => {
    const id = Buffer.from(hexId, 'hex')
    const ring = await ringOf(context, Buffer.from(master, 'hex'))
    t.is(ring.primary.id.toString('hex'), vector.keyId)
    t.is(nameOf(id), vector.storeName)
    const valid = expect === 'valid'
    t.is(ring.signId(toSessionId(id)) === cookie, valid)
    t.deepEqual(
      ring.verifyCookie(cookie),
      valid ? { id: toSessionId(id), primary: true } : undefined,
    )
  })
}

test('keys, ids and cookies are those of the written format', async (t) => {
  const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes))
  await fc.assert(
    fc.asyncProperty(
      bytes32,
      fc.string({ maxLength: 300 }),
      bytes32,
      async (master, context, id) => {
        const ring = await ringOf(context, master)
        t.is(ring.signId(toSessionId(id)), cookieByFormat({ master, context, id }))
        t.deepEqual(keyIdOfMaster(master), keyIdByFormat(master))
      },
    ),
  )
})

test('every other letter at every place of a cookie is found out', async (t) => {
  const ring = await ringOf('sid', keyOf('one'), keyOf('two'))
  const cookie = ring.signId(toSessionId(id))
  for (const [place, right] of [...cookie].entries()) {
    for (const letter of ALPHABET) {
      const changed = cookie.slice(0, place) + letter + cookie.slice(place + 1)
      if (letter !== right) t.is(ring.verifyCookie(changed), undefined, changed)
    }
  }
})

test('no value of a cookie makes it throw', async (t) => {
  const ring = await ringOf('sid', keyOf('one'))
  const values: unknown[] = [undefined, null, 7, {}, ['a'], Symbol('s'), Buffer.alloc(64)]
  for (const value of values) t.is(ring.verifyCookie(value as string), undefined)
  fc.assert(
    fc.property(fc.string({ maxLength: 100 }), (value) => {
      t.is(ring.verifyCookie(value), undefined)
    }),
  )
})

test('a cookie of an old key is good while that key is in the ring, and says so', async (t) => {
  const [before, after] = [keyOf('before'), keyOf('after')]
  const cookie = (await ringOf('sid', before)).signId(toSessionId(id))
  t.deepEqual((await ringOf('sid', after, before)).verifyCookie(cookie), {
    id: toSessionId(id),
    primary: false,
  })
  t.is((await ringOf('sid', after)).verifyCookie(cookie), undefined)
})

test('a cookie of one name is no cookie of another', async (t) => {
  const cookie = (await ringOf('sid', keyOf('one'))).signId(toSessionId(id))
  t.is((await ringOf('admin', keyOf('one'))).verifyCookie(cookie), undefined)
})

test('all keys that share an id are found by it', async (t) => {
  const ring = await ringOf('sid', ...TWINS, keyOf('third'))
  const found = ring.withId(Buffer.from('21c5eb4d', 'hex'))
  t.deepEqual(
    found.map((key) => key.seal.export()),
    [
      ...(await ringOf('sid', TWINS[0])).withId(ring.primary.id),
      ...(await ringOf('sid', TWINS[1])).withId(ring.primary.id),
    ].map((key) => key.seal.export()),
  )
  t.deepEqual(ring.withId(Buffer.alloc(4)), [])
  t.deepEqual(ring.withId(Buffer.alloc(0)), [])
})

test('before the keys are loaded nothing can be sealed and no cookie is good', async (t) => {
  const ring = new Keyring(fixedSource(keyOf('one')), 'sid', () => 0)
  const cookie = (await ringOf('sid', keyOf('one'))).signId(toSessionId(id))
  t.throws(() => ring.primary, {
    code: 'ERR_SESSION_NOT_READY',
    message: 'No keys are loaded yet: await ready() first',
  })
  t.throws(() => ring.signId(toSessionId(id)), { code: 'ERR_SESSION_NOT_READY' })
  t.is(ring.verifyCookie(cookie), undefined)
})

test('calls of ready() at the same time share one load, and later ones need none', async (t) => {
  const source = new ScriptedSource(keyOf('one'))
  const ring = new Keyring(source, 'sid', () => 0)
  await Promise.all([ring.ready(), ring.ready(), ring.ready()])
  await ring.ready()
  t.is(source.loads, 1)
})

test('a load that failed is not remembered', async (t) => {
  const source = new ScriptedSource(keyOf('one'))
  const ring = new Keyring(source, 'sid', () => 0)
  source.failure = new Error('the vault is down')
  await t.throwsAsync(ring.ready(), { message: 'the vault is down' })
  await t.throwsAsync(ring.ready(), { message: 'the vault is down' })
  source.failure = undefined
  await ring.ready()
  t.is(source.loads, 3)
  t.is(ring.signId(toSessionId(id)), (await ringOf('sid', keyOf('one'))).signId(toSessionId(id)))
})

test('a source without keys, or with short ones, is refused', async (t) => {
  for (const keys of [[], [Buffer.alloc(31)], [keyOf('one'), Buffer.alloc(64)]]) {
    await t.throwsAsync(ringOf('sid', ...keys), {
      code: 'ERR_SESSION_OPTION',
      message: 'Expected the source of keys to give at least one key, each of 32 bytes',
    })
  }
})

test('refresh() loads again what has changed, and says whether it is another ring', async (t) => {
  const source = new ScriptedSource(keyOf('one'))
  let now = 0
  const ring = new Keyring(source, 'sid', () => now)
  await ring.ready()
  t.false(await ring.refresh())

  now += 1000
  source.replace(keyOf('two'), keyOf('one'))
  t.true(await ring.refresh())
  t.deepEqual(ring.primary.id, keyIdOfMaster(keyOf('two')))

  now += 1000
  source.replace(keyOf('two'), keyOf('one'))
  t.false(await ring.refresh(), 'changed, but to the same keys')

  now += 1000
  source.replace(keyOf('two'))
  t.true(await ring.refresh(), 'a key was taken away')
})

test('a cookie that was recognized is not any more once its key has left the ring', async (t) => {
  const [before, after] = [keyOf('before'), keyOf('after')]
  const source = new ScriptedSource(before)
  let now = 0
  const ring = new Keyring(source, 'sid', () => now)
  await ring.ready()
  const cookie = ring.signId(toSessionId(id))
  t.like(ring.recognizeCookie(cookie), { primary: true })

  now += 1000
  source.replace(after, before)
  await ring.refresh()
  t.like(ring.verifyCookie(cookie), { primary: false })
  t.like(ring.recognizeCookie(cookie), { primary: false })

  now += 1000
  source.replace(after)
  await ring.refresh()
  t.is(ring.recognizeCookie(cookie), undefined)
  t.is(ring.verifyCookie(cookie), undefined)
})

test('refresh() looks at most once a second, however often it is called', async (t) => {
  const source = new ScriptedSource(keyOf('one'))
  let now = 5
  const ring = new Keyring(source, 'sid', () => now)
  await ring.ready()
  for (; now < 1005; now += 1) await ring.refresh()
  t.is(source.looks, 1)
  await ring.refresh()
  t.is(source.looks, 2)
})

test('calls of refresh() at the same time share one look and its outcome', async (t) => {
  const source = new ScriptedSource(keyOf('one'))
  const ring = new Keyring(source, 'sid', () => 0)
  await ring.ready()
  source.replace(keyOf('two'))
  t.deepEqual(await Promise.all([ring.refresh(), ring.refresh()]), [true, true])
  t.is(source.looks, 1)
})

test('a refresh that fails leaves the ring as it was, and the next one tries again', async (t) => {
  const source = new ScriptedSource(keyOf('one'))
  let now = 0
  const ring = new Keyring(source, 'sid', () => now)
  await ring.ready()
  source.replace(keyOf('two'))
  source.failure = new Error('EIO')
  await t.throwsAsync(ring.refresh(), { message: 'EIO' })
  t.deepEqual(ring.primary.id, keyIdOfMaster(keyOf('one')))
  source.failure = undefined
  now += 1000
  t.true(await ring.refresh())
  t.deepEqual(ring.primary.id, keyIdOfMaster(keyOf('two')))
})

test('a source that cannot say whether it has changed is never loaded again', async (t) => {
  let now = 0
  const ring = new Keyring(fixedSource(keyOf('one')), 'sid', () => now)
  await ring.ready()
  now += 5000
  t.false(await ring.refresh())
})

test('to look at a ring shows no key', async (t) => {
  const ring = await ringOf('sid', keyOf('one'))
  const shown = [inspect(ring, { depth: 9, showHidden: true, getters: true }), JSON.stringify(ring)]
  const { seal, cookie } = ring.primary
  for (const secret of [keyOf('one'), seal.export(), cookie.export()]) {
    for (const text of shown) t.false(holds(text, secret))
  }
})

test('a new key is 32 bytes of the given randomness', (t) => {
  t.deepEqual(
    createKey((length) => Buffer.alloc(length, 7)),
    Buffer.alloc(32, 7),
  )
  t.is(createKey().length, 32)
  t.notDeepEqual(createKey(), createKey(randomBytes))
})

/** A source that counts, and gives or fails as it is told. */
class ScriptedSource implements KeySource {
  loads = 0
  looks = 0
  failure: Error | undefined
  #keys: readonly Buffer[]
  #changed = false

  constructor(...keys: readonly Buffer[]) {
    this.#keys = keys
  }

  replace(...keys: readonly Buffer[]): void {
    this.#keys = keys
    this.#changed = true
  }

  async load(): Promise<readonly Buffer[]> {
    this.loads += 1
    if (this.failure) throw this.failure
    this.#changed = false
    return this.#keys
  }

  async changed(): Promise<boolean> {
    this.looks += 1
    return this.#changed
  }
}

function holds(text: string, secret: Buffer): boolean {
  return [
    secret.toString('hex'),
    secret.toString('base64url'),
    secret.toString('hex', 0, 8).replace(/..(?!$)/g, '$& '),
    [...secret.subarray(0, 6)].join(', '),
  ].some((spelling) => text.includes(spelling))
}

test('while the source cannot be asked, nobody is told that the ring is as it was', async (t) => {
  let now = 0
  let failure: Error | undefined
  const source = {
    load: async () => [keyOf('one')],
    changed: async () => {
      if (failure !== undefined) throw failure
      return false
    },
  }
  const ring = new Keyring(source, 'sid', () => now)
  await ring.ready()
  failure = new Error('damaged')
  await t.throwsAsync(ring.refresh(), { is: failure })
  now += 10
  await t.throwsAsync(ring.refresh(), { is: failure }, 'within the second too')
  failure = undefined
  now += 1000
  t.false(await ring.refresh())
  t.false(await ring.refresh())
})
