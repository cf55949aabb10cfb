import {
  createPublicKey,
  createSecretKey,
  generateKeyPairSync,
  randomBytes,
  scryptSync,
} from 'node:crypto'
import { inspect } from 'node:util'
import test from 'ava'
import type { SessionError } from '../lib/errors.ts'
import { parseSecrets } from '../lib/secret.ts'
import { keyOf } from './support/keys.ts'

const key = keyOf('one')
const hex = key.toString('hex')
const PASSPHRASE = 'a stone; seven rivers & the old lighthouse of Hel'

async function keysOf(keys: unknown): Promise<readonly string[]> {
  return (await parseSecrets(keys, 'keys').load()).map((key) => key.toString('hex'))
}

const WEAK = [
  '',
  '   ',
  'undefined',
  'null',
  'secret',
  'keyboard cat',
  'im a newer secret',
  'i like turtle',
  randomBytes(16).toString('hex').slice(1),
  'a'.repeat(40),
  '0'.repeat(64),
  'ab'.repeat(22),
  'abababababcdcdcdcdcdabababababcdcdcdcdcd',
  '0123456789abcdef'.repeat(2),
  '0123456789abcdef'.repeat(4),
  'abcdefghij'.repeat(5).slice(0, 43),
  'abcdefghijklmnopqrstuvwxyz0123456789',
  'zyxwvutsrqponmlkjihgfedcba9876543210',
  'qwertyuiopasdfghjklzxcvbnm1234567890',
  'correct horse correct horse correct horse',
  'k7#mQ!x9zB2&wLp4'.repeat(2),
  'k7#mQ!x9zB2&wLp4k7#mQ!x9zB2&wLp4k7#m',
  'complex_password_at_least_32_characters_long',
  'a secret with minimum length of 32 characters',
  'averylogphrasebiggerthanthirtytwochars',
  'password-should-be-32-characters-or-more',
  'Please change me before going to production!',
  'keyboard cat keyboard dog keyboard mouse',
  'hex:00112233',
  `hex:${'00'.repeat(32)}`,
  `hex:${hex}00`,
  `hex:${PASSPHRASE}`,
  `base64:${hex}`,
  `base64url:${key.toString('base64url').slice(1)}`,
]

for (const weak of WEAK) {
  test(`the weak secret '${weak.slice(0, 50)}' is refused, and not shown`, (t) => {
    const error = t.throws<SessionError>(() => parseSecrets(weak, 'SESSION_KEYS'), {
      code: 'ERR_SESSION_KEY_WEAK',
      message: /^Expected SESSION_KEYS to be .*: make one with: openssl rand -hex 32$/,
    })
    if (weak.length > 9) t.false(inspect(error).includes(weak))
  })
}

test('one weak secret among strong ones is refused by its place', (t) => {
  for (const keys of [`${hex},secret`, [hex, 'secret'], [key, Buffer.alloc(32)]]) {
    t.throws(() => parseSecrets(keys, 'keys'), {
      code: 'ERR_SESSION_KEY_WEAK',
      message: /^Expected keys\[1\] to be /,
    })
  }
  t.throws(() => parseSecrets(`${hex},`, 'keys'), { code: 'ERR_SESSION_KEY_WEAK' })
})

test('12 different characters are enough, 11 are not', async (t) => {
  const eleven = '7xkq2mz9pvwx2qk7pz9xm2vw7kxq9zpm2vw'
  t.is(new Set(eleven).size, 11)
  t.throws(() => parseSecrets(eleven, 'keys'), { code: 'ERR_SESSION_KEY_WEAK' })
  t.is((await keysOf(`${eleven}!`)).length, 1)
})

test('12 different bytes are enough, 11 are not', async (t) => {
  const different = (count: number): Buffer =>
    Buffer.from(Array.from({ length: 32 }, (_, index) => (index < count ? index : index % 7)))
  t.throws(() => parseSecrets(different(11), 'keys'), { code: 'ERR_SESSION_KEY_WEAK' })
  t.deepEqual(await keysOf(different(12)), [different(12).toString('hex')])
})

test('32 bytes of which few are different, or which repeat, are refused', (t) => {
  const few = Buffer.from(Array.from({ length: 32 }, (_, index) => (index * index) % 11))
  const repeating = Buffer.concat([keyOf('half').subarray(16), keyOf('half').subarray(16)])
  for (const bytes of [Buffer.alloc(32), few, repeating]) {
    for (const secret of [
      bytes,
      bytes.toString('hex'),
      bytes.toString('base64'),
      createSecretKey(bytes),
    ]) {
      t.throws(() => parseSecrets(secret, 'keys'), {
        code: 'ERR_SESSION_KEY_WEAK',
        message:
          'Expected keys to be random bytes, but they are few different ones or repeat: make one with: openssl rand -hex 32',
      })
    }
  }
})

test('what is no secret at all is refused, by what it is and not by its value', (t) => {
  const { publicKey } = generateKeyPairSync('ed25519')
  const cases: [unknown, string][] = [
    [undefined, 'a value of type undefined'],
    [null, 'null'],
    [123456789, 'a value of type number'],
    [{ key }, 'a value of type object'],
    [Symbol('s'), 'a value of type symbol'],
    [[], 'an empty array'],
    [Buffer.alloc(31), '31 bytes'],
    [randomBytes(33), '33 bytes'],
    [createSecretKey(randomBytes(16)), 'another KeyObject'],
    [createPublicKey(publicKey.export({ format: 'pem', type: 'spki' })), 'another KeyObject'],
  ]
  for (const [value, what] of cases) {
    t.throws(() => parseSecrets(value, 'keys'), {
      code: 'ERR_SESSION_OPTION',
      message: `Expected keys to be a string, 32 bytes, a secret KeyObject of 32 bytes, an array of these, or a function that gives them, got ${what}: make one with: openssl rand -hex 32`,
    })
  }
  t.throws(() => parseSecrets([key, 7], 'keys'), { message: /^Expected keys\[1\] / })
})

test('32 random bytes are the key, in every form they come in', async (t) => {
  for (let round = 0; round < 200; round += 1) {
    const key = randomBytes(32)
    const texts = [
      key.toString('hex'),
      key.toString('hex').toUpperCase(),
      key.toString('base64'),
      key.toString('base64').slice(0, 43),
      key.toString('base64url'),
      `hex:${key.toString('hex')}`,
      `base64:${key.toString('base64')}`,
      `base64url:${key.toString('base64url')}`,
      ` ${key.toString('hex')}\n`,
    ]
    for (const form of [key, new Uint8Array(key), createSecretKey(key), ...texts]) {
      t.deepEqual(await keysOf(form), [key.toString('hex')])
    }
  }
})

test('a sequence of 32 different bytes is taken as it is', async (t) => {
  const bytes = Buffer.from(Array.from({ length: 32 }, (_, index) => index))
  t.deepEqual(await keysOf(bytes), [bytes.toString('hex')])
  t.deepEqual(await keysOf(bytes.toString('hex')), [bytes.toString('hex')])
})

test('the order of several secrets is kept: a comma list, an array', async (t) => {
  const [one, two, three] = ['one', 'two', 'three'].map((seed) => keyOf(seed).toString('hex'))
  const wanted = [one, two, three]
  t.deepEqual(await keysOf(`${one},${two} , ${three}`), wanted)
  t.deepEqual(await keysOf([one, keyOf('two'), createSecretKey(keyOf('three'))]), wanted)
})

test('in an array a passphrase may have commas', async (t) => {
  const passphrase = 'violets, roses, and 27 more things that bloom'
  t.is((await keysOf([passphrase])).length, 1)
  t.throws(() => parseSecrets(passphrase, 'keys'), { code: 'ERR_SESSION_KEY_WEAK' })
})

test('a function gives secrets, now or later, anew at every load', async (t) => {
  const given = [hex, keyOf('two').toString('hex')]
  const source = parseSecrets(async () => given.shift(), 'keys')
  t.deepEqual(await source.load(), [key])
  t.deepEqual(await source.load(), [keyOf('two')])
  t.deepEqual(await keysOf(() => [key, keyOf('two')]), [hex, keyOf('two').toString('hex')])
})

test('a function is not called before the keys are loaded, and its failure is kept as the cause', async (t) => {
  const failure = new Error('the vault is sealed')
  let calls = 0
  const source = parseSecrets(() => {
    calls += 1
    throw failure
  }, 'keys')
  t.is(calls, 0)
  const error = await t.throwsAsync(source.load(), {
    code: 'ERR_SESSION_OPTION',
    message: 'The function given as keys failed',
  })
  t.is(error.cause, failure)
})

test('what a function gives is held to the same rules', async (t) => {
  const weak = parseSecrets(() => 'secret', 'keys')
  await t.throwsAsync(weak.load(), { code: 'ERR_SESSION_KEY_WEAK' })
  for (const nothing of [() => undefined, () => [], () => () => hex]) {
    const source = parseSecrets(nothing, 'keys')
    await t.throwsAsync(source.load(), { code: 'ERR_SESSION_OPTION' })
  }
})

test('bytes are copied when they are given', async (t) => {
  const bytes = Buffer.from(key)
  const source = parseSecrets(bytes, 'keys')
  bytes.fill(0)
  t.deepEqual(await source.load(), [key])
  for (const loaded of await source.load()) loaded.fill(0)
  t.deepEqual(await source.load(), [key])
})

test('a passphrase becomes the scrypt key that docs/format.md says, the same every time', async (t) => {
  const wanted = scryptSync(PASSPHRASE, 'koa-sealed-session/v1/passphrase', 32, {
    N: 32_768,
    r: 8,
    p: 3,
    maxmem: 64 * 1024 * 1024,
  })
  const source = parseSecrets(PASSPHRASE, 'keys')
  t.deepEqual(await source.load(), [wanted])
  t.deepEqual(await source.load(), [wanted])
})

test('a text that only looks like base64 is a passphrase', async (t) => {
  const text = `${key.toString('base64url').slice(0, 42)}B`
  t.not(Buffer.from(text, 'base64url').toString('base64url'), text, 'its last bits are not zero')
  const [stretched] = await keysOf(text)
  t.not(stretched, Buffer.from(text, 'base64url').toString('hex'))
})

test('to look at a source shows no secret', (t) => {
  for (const secret of [hex, PASSPHRASE, key]) {
    const source = parseSecrets(secret, 'keys')
    const shown = inspect(source, { depth: 9, showHidden: true }) + JSON.stringify(source)
    for (const text of [hex, PASSPHRASE, hex.slice(0, 8).replace(/..(?!$)/g, '$& ')]) {
      t.false(shown.includes(text))
    }
  }
})
