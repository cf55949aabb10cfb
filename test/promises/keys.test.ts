import { createSecretKey } from 'node:crypto'
import { readFileSync, renameSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import type { Keys } from '../../lib/options.ts'
import { MemoryStore } from '../../stores/memory.ts'
import { NEW, OLD, reopen, turn } from '../support/key-rotation.ts'
import { dataOf, PAGES } from '../support/pages.ts'
import { StageStore } from '../support/stores.ts'
import { makeTemporaryDirectory } from '../support/temporary-directory.ts'
import { openWebsite } from '../support/website.ts'

const PASSPHRASE = 'moss lantern quarry velvet thimble orbit'
/** Its key, computed by another program from what docs/format.md says of passphrases. */
const STRETCHED = '98f5bae2c3f527b3163a629ccbce917802f0c28114023f04c539ae3ae9176533'
const COMMAS = 'moss, lantern, quarry, velvet, thimble'
/** Its key, likewise. */
const STRETCHED_COMMAS = '804660fa711e4151cfcbb69a6764e62c4f04273ded7566bc899126f516462fab'

const SAME_KEY: Readonly<Record<string, Keys>> = {
  hex: OLD.toString('hex'),
  'hex in capitals': OLD.toString('hex').toUpperCase(),
  base64: OLD.toString('base64'),
  'base64 without padding': OLD.toString('base64').replace('=', ''),
  base64url: OLD.toString('base64url'),
  'a Buffer': OLD,
  'a Uint8Array': new Uint8Array(OLD),
  'a KeyObject': createSecretKey(OLD),
  'an array': [OLD],
  'a function': () => OLD,
  'an async function of an array': async () => [OLD.toString('hex')],
  'a comma list with spaces': `${OLD.toString('hex')} , ${NEW.toString('hex')}`,
}

const WEAK: Readonly<Record<string, Keys>> = {
  'an empty text': '',
  'a short one': 'secret',
  'Koa’s example': 'keyboard cat keyboard cat keyboard cat',
  'one letter many times': 'a'.repeat(64),
  zeros: Buffer.alloc(32),
  'a text to be changed': 'please-change-me-in-production-0123456789',
  'a weak one beside a good one': [NEW, 'secret'],
}

const RING_DAMAGES: Readonly<Record<string, (ring: string) => void>> = {
  'is empty': (ring) => writeFileSync(ring, ''),
  'is damaged': (ring) => writeFileSync(ring, readFileSync(ring, 'utf8').slice(0, -20)),
  'holds a key that was changed': (ring) => {
    const text = readFileSync(ring, 'utf8')
    const at = text.indexOf('"key":"') + 10
    writeFileSync(ring, `${text.slice(0, at)}${text[at] === 'A' ? 'B' : 'A'}${text.slice(at + 1)}`)
  },
  'is a symbolic link': (ring) => {
    renameSync(ring, `${ring}.moved`)
    symlinkSync(`${ring}.moved`, ring)
  },
}

for (const [what, keys] of Object.entries(SAME_KEY)) {
  test(`32 bytes as ${what} are the same key`, async (t) => {
    const directory = makeTemporaryDirectory(t)
    const first = await reopen(t, directory, [OLD])
    const browser = first.visit()
    await browser.get('/count')
    const second = await reopen(t, directory, keys)
    t.deepEqual(await dataOf(turn(browser, second)), { views: 1 })
  })
}

test('a passphrase makes the same key on every machine', async (t) => {
  const directory = makeTemporaryDirectory(t)
  const browser = (await reopen(t, directory, STRETCHED)).visit()
  await browser.get('/count')
  const second = await reopen(t, directory, [PASSPHRASE])
  t.deepEqual(await dataOf(turn(browser, second)), { views: 1 })
})

test('SESSION_KEYS is a list: the first seals, all open', async (t) => {
  const directory = makeTemporaryDirectory(t)
  const browser = (await reopen(t, directory, OLD)).visit()
  await browser.get('/count')
  const list = `${NEW.toString('hex')},${OLD.toString('hex')}`
  const site = await reopen(t, directory, undefined, { SESSION_KEYS: list })
  t.deepEqual(await dataOf(turn(browser, site)), { views: 1 })
})

test('SESSION_SECRET is one secret, with commas too', async (t) => {
  const directory = makeTemporaryDirectory(t)
  const browser = (await reopen(t, directory, STRETCHED_COMMAS)).visit()
  t.is((await browser.get('/count')).status, 200)
  const second = await reopen(t, directory, undefined, { SESSION_SECRET: COMMAS })
  t.deepEqual(await dataOf(turn(browser, second)), { views: 1 })
})

test('the option goes before SESSION_KEYS, that before SESSION_SECRET, that before a key ring', async (t) => {
  const directory = makeTemporaryDirectory(t)
  const opens = async (
    keys: Keys | undefined,
    variables: Record<string, string>,
  ): Promise<void> => {
    const browser = (await reopen(t, directory, OLD)).visit()
    await browser.get('/count')
    const site = await reopen(t, directory, keys, variables)
    t.deepEqual(await dataOf(turn(browser, site)), { views: 1 })
  }
  const other = NEW.toString('hex')
  const wanted = OLD.toString('hex')
  await opens(OLD, { SESSION_KEYS: other, SESSION_SECRET: PASSPHRASE })
  await opens(undefined, { SESSION_KEYS: wanted, SESSION_SECRET: PASSPHRASE })
  await opens(undefined, { SESSION_SECRET: wanted })
  t.throws(() => statSync(join(directory, 'keys')), { code: 'ENOENT' })
})

test('without any key the default store makes a ring of its own, for its owner alone, and keeps it', async (t) => {
  const directory = makeTemporaryDirectory(t)
  const first = await reopen(t, directory)
  const browser = first.visit()
  t.is((await browser.get('/count')).status, 200)
  const ring = join(directory, 'keys', 'keyring.json')
  const text = readFileSync(ring, 'utf8')
  if (process.platform !== 'win32') t.is(statSync(ring).mode & 0o777, 0o600)
  const second = await reopen(t, directory)
  t.deepEqual(await dataOf(turn(browser, second)), { views: 1 })
  t.is(readFileSync(ring, 'utf8'), text)
})

test('websites that start together on an empty directory agree on one key', async (t) => {
  const directory = makeTemporaryDirectory(t)
  const sites = await Promise.all(Array.from({ length: 6 }, () => reopen(t, directory)))
  const browsers = sites.map((site) => site.visit())
  await Promise.all(browsers.map((browser) => browser.get('/count')))
  for (const browser of browsers) {
    for (const site of sites) t.deepEqual(await dataOf(turn(browser, site)), { views: 1 })
  }
})

test('a memory store needs no keys, any other needs them', async (t) => {
  const memory = await openWebsite(t, PAGES, { store: new MemoryStore() }, { variables: {} })
  t.is((await memory.visit().get('/count')).text, '1')
  await t.throwsAsync(openWebsite(t, PAGES, { store: new StageStore() }, { variables: {} }), {
    code: 'ERR_SESSION_OPTION',
    message: /'keys'.*openssl rand -hex 32/,
  })
})

for (const [what, keys] of Object.entries(WEAK)) {
  test(`${what} refuses to start, and is not in the message`, async (t) => {
    const error = await t.throwsAsync(reopen(t, makeTemporaryDirectory(t), keys))
    t.true(['ERR_SESSION_KEY_WEAK', 'ERR_SESSION_OPTION'].includes(Reflect.get(error, 'code')))
    if (typeof keys === 'string' && keys !== '') t.false(error.message.includes(keys))
    t.regex(error.message, /openssl rand -hex 32/)
  })
}

for (const keys of [[], 7, null, {}, true, new Date()]) {
  test(`keys of ${JSON.stringify(keys)} are refused by session()`, async (t) => {
    await t.throwsAsync(reopen(t, makeTemporaryDirectory(t), keys as never), {
      code: 'ERR_SESSION_OPTION',
      message: /keys/,
    })
  })
}

test('a function whose keys are weak, or that throws, fails ready() and gives a 503', async (t) => {
  for (const [keys, code] of [
    [() => 'secret', 'ERR_SESSION_KEY_WEAK'],
    [() => Promise.reject(new Error('vault sealed')), 'ERR_SESSION_OPTION'],
  ] as const) {
    const site = await reopen(t, makeTemporaryDirectory(t), keys)
    await t.throwsAsync(site.sessions.ready(), { code })
    const page = await site.visit().get('/show', { cookie: `sid=${'A'.repeat(64)}` })
    t.is(page.status, 503)
  }
})

for (const [what, damage] of Object.entries(RING_DAMAGES)) {
  test(`a key ring that ${what} is an error, never a reason to make another`, async (t) => {
    if (process.platform === 'win32' && what === 'is a symbolic link') {
      t.log('skipped: links need a privilege on Windows')
      t.pass()
      return
    }
    const directory = makeTemporaryDirectory(t)
    const browser = (await reopen(t, directory)).visit()
    await browser.get('/count')
    const ring = join(directory, 'keys', 'keyring.json')
    damage(ring)
    const before = readFileSync(ring)
    const site = await reopen(t, directory)
    const error = await t.throwsAsync(site.sessions.ready(), { code: 'ERR_SESSION_KEY_FILE' })
    t.false(String(error?.message).includes(directory))
    for (const visitor of [turn(browser, site), site.visit()]) {
      const page = await visitor.get('/count')
      t.is(page.status, 503)
      t.regex(page.headers.get('retry-after') ?? '', /^\d+$/)
      t.deepEqual(page.setCookies, [])
    }
    t.deepEqual(readFileSync(ring), before)
  })
}

test('the same keys make other cookies for another cookie name', async (t) => {
  const directory = makeTemporaryDirectory(t)
  const first = await openWebsite(t, PAGES, { directory, keys: OLD, cookie: { name: 'one' } })
  const second = await openWebsite(t, PAGES, { directory, keys: OLD, cookie: { name: 'two' } })
  const browser = first.visit()
  await browser.get('/count')
  const visitor = second.visit()
  visitor.cookies.set('two', browser.cookies.get('one') ?? '')
  t.deepEqual(await dataOf(visitor), {})
  t.deepEqual(second.events, [{ name: 'forged', reason: 'signature' }])
})
