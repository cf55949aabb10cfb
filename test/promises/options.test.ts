import { chmodSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import test from 'ava'
import { session } from '../../lib/index.ts'
import type { SessionOptions } from '../../lib/options.ts'
import { openNeighbour } from '../support/default-store.ts'
import { sessionFiles } from '../support/files.ts'
import { dataOf, PAGES } from '../support/pages.ts'
import { StageStore } from '../support/stores.ts'
import { deleteDirectory, makeTemporaryDirectory } from '../support/temporary-directory.ts'
import { openWebsite } from '../support/website.ts'

const KEYS = '5f2c8a1de07b9436c1f08e5ad2b7639408fe1c6a4bd590e37281acf45d60b91e'
const DURATIONS = [
  'soon',
  '',
  '5',
  '-1d',
  0,
  -1,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  null,
  {},
  true,
]

const REFUSED: Readonly<Record<string, readonly unknown[]>> = {
  directory: ['', 7, null, 'a\0b', new URL('https://example.org/')],
  store: [7, 'memory', {}, null, { read: () => undefined }],
  idle: DURATIONS,
  absolute: DURATIONS,
  sweep: [...DURATIONS, '25d'],
  durable: ['yes', 1, null],
  maxBytes: [0, -1, 63, 1.5, '64kb', Number.NaN, 4_194_305, null],
  regenerateOn: ['user', 7, null, {}, [7], [[]], [[7]]],
  cookie: ['sid', 7, null, []],
  'cookie.name': [
    '',
    'a b',
    'a;b',
    'a=b',
    'ä',
    '__Host-sid',
    '__Secure-sid',
    '__host-sid',
    7,
    null,
  ],
  'cookie.path': ['', 'shop', '/a;b', '/ä', '/a\r\nSet-Cookie: b', 7, null],
  'cookie.domain': ['', 'a b', 'a;b', 'https://example.org', 7, null],
  'cookie.sameSite': ['Lax', 'no', true, null],
  'cookie.secure': ['yes', 1, null],
  'cookie.persistent': ['yes', 1, null],
  'cookie.partitioned': ['yes', 1, null],
  'cookie.priority': ['High', 1, null],
}

for (const [name, values] of Object.entries(REFUSED)) {
  test(`the option ${name} is checked when session() is called`, (t) => {
    const [first = '', second] = name.split('.')
    for (const value of values) {
      const options = { [first]: second === undefined ? value : { [second]: value } }
      const message = new RegExp(
        `Expected the option '${name.replace('.', '\\.')}'.* to be .*, got`,
      )
      t.throws(
        () => session({ keys: KEYS, ...options } as SessionOptions),
        { code: 'ERR_SESSION_OPTION', message },
        `${name}: ${String(value)}`,
      )
    }
  })
}

test('an option nobody knows is refused, with what it is called here', (t) => {
  for (const [options, message] of [
    [{ maxage: 1 }, /'maxage'/],
    [{ maxAge: 1000 }, /'maxAge'.*idle/],
    [{ secret: KEYS }, /'secret'.*keys/],
    [{ cookie: { httpOnly: false } }, /'httpOnly'/],
    [{ cookie: { signed: true } }, /'signed'/],
  ] as const) {
    t.throws(() => session(options as unknown as SessionOptions), {
      code: 'ERR_SESSION_OPTION',
      message,
    })
  }
})

test('a message never holds a long value that was given', (t) => {
  const long = `SECRET${'x'.repeat(100)}`
  const error = t.throws(() => session({ idle: long as never }), { code: 'ERR_SESSION_OPTION' })
  t.false(error?.message.includes('SECRET'))
})

test('options that are undefined are as good as absent', async (t) => {
  const site = await openWebsite(t, PAGES, {
    keys: undefined,
    idle: undefined,
    cookie: { name: undefined, domain: undefined },
  } as unknown as SessionOptions)
  t.regex((await site.visit().get('/count')).setCookies[0] ?? '', /^sid=/)
})

test('options are read once: they are not changed, and changing them later changes nothing', async (t) => {
  const cookie = { name: 'first' }
  const options = Object.freeze({ cookie, regenerateOn: ['user'] })
  const site = await openWebsite(t, PAGES, options)
  cookie.name = 'second'
  options.regenerateOn.length = 0
  const browser = site.visit()
  t.regex((await browser.get('/count')).setCookies[0] ?? '', /^first=/)
  t.is((await browser.get('/sign-in')).setCookies.length, 1)
})

test('sameSite none and partitioned need Secure: secure: false is refused, auto is Secure in development too', async (t) => {
  for (const cookie of [{ sameSite: 'none' }, { partitioned: true }] as const) {
    t.throws(() => session({ keys: KEYS, cookie: { ...cookie, secure: false } }), {
      code: 'ERR_SESSION_OPTION',
      message: /cookie\.secure/,
    })
    const site = await openWebsite(t, PAGES, { cookie })
    const [line = ''] = (await site.visit().get('/count')).setCookies
    t.regex(line, /^__Host-sid=.*; Secure; SameSite=None/)
  }
})

test('the directory may be a path or a file URL, is made for its owner alone, and is not for Git', async (t) => {
  for (const turn of [(path: string): string => path, pathToFileURL]) {
    const directory = join(makeTemporaryDirectory(t), 'deep', 'sessions')
    const site = await openWebsite(t, PAGES, { directory: turn(directory) })
    await site.sessions.ready()
    await site.visit().get('/count')
    t.is(readFileSync(join(directory, '.gitignore'), 'utf8').trim(), '*')
    const [file = ''] = sessionFiles(directory)
    t.true(file.startsWith(join(directory, 'sid')))
    if (process.platform === 'win32') continue
    t.is(statSync(directory).mode & 0o777, 0o700)
    t.is(statSync(file).mode & 0o777, 0o600)
  }
})

test('a directory of ours that is wider is narrowed', async (t) => {
  if (process.platform === 'win32') {
    t.log('skipped: Windows has no modes')
    t.pass()
    return
  }
  const directory = join(makeTemporaryDirectory(t), 'sessions')
  mkdirSync(directory)
  chmodSync(directory, 0o755)
  const site = await openWebsite(t, PAGES, { directory })
  await site.sessions.ready()
  t.is(statSync(directory).mode & 0o777, 0o700)
})

test('a directory that is a symbolic link or a file is refused, with the hint how to mend it', async (t) => {
  if (process.platform === 'win32') {
    t.log('skipped: links need a privilege on Windows')
    t.pass()
    return
  }
  const place = makeTemporaryDirectory(t)
  mkdirSync(join(place, 'real'))
  symlinkSync(join(place, 'real'), join(place, 'link'))
  writeFileSync(join(place, 'file'), '')
  for (const name of ['link', 'file']) {
    const site = await openWebsite(t, PAGES, { directory: join(place, name), keys: KEYS })
    const error = await t.throwsAsync(site.sessions.ready(), { code: 'ERR_SESSION_DIRECTORY' })
    t.false(error?.message.includes(place), error?.message)
    t.is((await site.visit().get('/count')).status, 503)
  }
})

test('a directory that goes away while the server runs is made again', async (t) => {
  const directory = join(makeTemporaryDirectory(t), 'sessions')
  await openNeighbour(t, directory)
  const site = await openWebsite(t, PAGES, { directory, keys: KEYS })
  const browser = site.visit()
  await browser.get('/count')
  deleteDirectory(directory)
  t.deepEqual(await dataOf(browser), {})
  t.is((await browser.get('/count')).text, '1')
  t.deepEqual(await dataOf(browser), { views: 1 })
  if (process.platform !== 'win32') t.is(statSync(directory).mode & 0o777, 0o700)
})

test('two websites may keep their sessions side by side in one directory', async (t) => {
  const directory = makeTemporaryDirectory(t)
  const one = await openWebsite(t, PAGES, { directory, cookie: { name: 'one' } })
  const two = await openWebsite(t, PAGES, { directory, cookie: { name: 'two' } })
  const browser = one.visit()
  await browser.get('/count')
  await two.visit().get('/count')
  t.is(await one.sessions.count(), 1)
  t.is(await two.sessions.destroyAll(), 1)
  t.deepEqual(await dataOf(browser), { views: 1 })
})

test('durable: saves are on the disk before the response; without it only ends and changes of id are', async (t) => {
  for (const durable of [true, false]) {
    const store = new StageStore()
    const site = await openWebsite(t, PAGES, { store, durable })
    const browser = site.visit()
    await browser.get('/count')
    await browser.get('/count')
    t.deepEqual(
      store.writes.map((write) => write.durable),
      [durable, durable],
    )
    store.forget()
    await browser.get('/sign-in')
    await browser.get('/sign-out')
    t.deepEqual(
      store.writes.map((write) => write.durable),
      [true, true, true],
    )
  }
})

test('sweep: false never removes by itself, an interval does, with some jitter', async (t) => {
  const scheduled: { run: () => void; delay: number }[] = []
  const schedule = (run: () => void, delay: number): (() => void) => {
    scheduled.push({ run, delay })
    return () => undefined
  }
  await openWebsite(t, PAGES, { sweep: false }, { schedule })
  t.is(scheduled.length, 0)
  const site = await openWebsite(t, PAGES, { sweep: '10m' }, { schedule, jitter: () => 0.999 })
  const [first] = scheduled
  t.true(Number(first?.delay) > 600_000 && Number(first?.delay) <= 660_000)
  await site.visit().get('/count')
  site.clock.advance(3 * 86_400_000)
  first?.run()
  while (scheduled.length < 2) await new Promise(setImmediate)
  t.is((await site.sessions.clearExpired()).scanned, 0)
})

test('regenerateOn and cookie may be given in part: the other defaults stay', async (t) => {
  const site = await openWebsite(t, PAGES, { cookie: { sameSite: 'strict' } })
  t.regex(
    (await site.visit().get('/count')).setCookies[0] ?? '',
    /^sid=[\w-]{64}; Path=\/; HttpOnly; SameSite=Strict$/,
  )
})

test('idle longer than absolute: absolute goes', async (t) => {
  const site = await openWebsite(t, PAGES, { idle: '10d', absolute: '1h' })
  const browser = site.visit()
  await browser.get('/count')
  site.clock.advance(3_599_999)
  t.deepEqual(await dataOf(browser), { views: 1 })
  site.clock.advance(1)
  t.deepEqual(await dataOf(browser), {})
})
