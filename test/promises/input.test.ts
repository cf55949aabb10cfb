import test from 'ava'
import type { Context } from 'koa'
import { dataOf, PAGES } from '../support/pages.ts'
import { StageStore } from '../support/stores.ts'
import { ask } from '../support/telephone.ts'
import { makeTemporaryDirectory } from '../support/temporary-directory.ts'
import { codesOf, eventsOf, openWebsite } from '../support/website.ts'

const BAD_COOKIES: Readonly<Record<string, string>> = {
  'an empty one': '',
  'a guessed one': '1',
  'a short one': 'A'.repeat(63),
  'a long one': 'A'.repeat(65),
  'one of 10 kB': 'A'.repeat(10_000),
  'a path': '../../../etc/passwd',
  'a path with backslashes': '..\\..\\windows',
  'one in quotes': `"${'A'.repeat(64)}"`,
  'one in percent escapes': '%41'.repeat(64),
  'one with a dot': `${'A'.repeat(63)}.`,
  'one in base64, not base64url': `${'A'.repeat(63)}+`,
  'one of bytes beyond ASCII': '\xff'.repeat(64),
  'a member’s name': '__proto__',
  'one of JSON': '{"user":"admin"}',
}

for (const [what, value] of Object.entries(BAD_COOKIES)) {
  test(`a cookie that is ${what}: an anonymous visitor, no I/O, and the next good request works`, async (t) => {
    const store = new StageStore()
    const site = await openWebsite(t, PAGES, { store })
    const browser = site.visit()
    await browser.get('/count')
    store.forget()
    const reply = await ask(site.origin, '/show', { Cookie: `sid=${value}` })
    t.is(reply.status, 200)
    t.is(reply.body, '{}')
    t.deepEqual(reply.setCookies, [])
    t.deepEqual(store.calls, [])
    t.deepEqual(eventsOf(site), ['create', 'forged'])
    t.deepEqual(await dataOf(browser), { views: 1 })
  })
}

test('every single flipped bit of a cookie makes another, anonymous visitor', async (t) => {
  const site = await openWebsite(t, PAGES)
  const browser = site.visit()
  await browser.get('/count')
  const good = Buffer.from(browser.cookies.get('sid') ?? '', 'base64url')
  t.is(good.length, 48)
  for (let bit = 0; bit < 384; bit += 7) {
    const bad = Buffer.from(good)
    bad.writeUInt8(bad.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
    const page = await site.visit().get('/show', { cookie: `sid=${bad.toString('base64url')}` })
    t.is(page.text, '{}', `bit ${bit}`)
  }
  t.deepEqual(await dataOf(browser), { views: 1 })
})

test('junk beside a valid cookie is ignored, before and after it, valid twice too', async (t) => {
  const site = await openWebsite(t, PAGES)
  const browser = site.visit()
  await browser.get('/count')
  const good = `sid=${browser.cookies.get('sid')}`
  const junk = ['sid=junk', `sid=${'B'.repeat(64)}`, 'sid', '=', 'other=1; ;', 'Sid=x', 'xsid=y']
  for (const piece of [...junk, good]) {
    for (const cookie of [`${piece}; ${good}`, `${good}; ${piece}`, `${good};${piece}`]) {
      t.is((await site.visit().get('/show', { cookie })).text, '{"views":1}', cookie.slice(0, 20))
    }
  }
  t.deepEqual(eventsOf(site), ['create'])
})

test.serial('as much junk as fits into a header costs next to nothing', async (t) => {
  const site = await openWebsite(t, PAGES)
  const browser = site.visit()
  await browser.get('/count')
  const junk = Array.from({ length: 180 }, (_, index) => `sid=${String(index).padStart(64, 'x')}`)
  const cookie = `${junk.join('; ')}; sid=${browser.cookies.get('sid')}`
  t.true(cookie.length > 12_000)
  const before = process.cpuUsage()
  for (let index = 0; index < 20; index += 1) {
    t.is((await browser.get('/show', { cookie })).text, '{"views":1}')
  }
  const { user, system } = process.cpuUsage(before)
  t.true((user + system) / 20 < 50_000, 'microseconds of CPU time a request')
})

test('two different valid sessions in one header are neither, and an event says so', async (t) => {
  const site = await openWebsite(t, PAGES)
  const [ann, bob] = [site.visit(), site.visit()]
  await ann.get('/count')
  await bob.get('/count')
  const cookie = `sid=${ann.cookies.get('sid')}; sid=${bob.cookies.get('sid')}`
  const page = await site.visit().get('/show', { cookie })
  t.is(page.text, '{}')
  t.deepEqual(page.setCookies, [])
  t.deepEqual(site.events.at(-1), { name: 'forged', reason: 'ambiguous' })
  t.deepEqual(await dataOf(ann), { views: 1 })
  t.deepEqual(await dataOf(bob), { views: 1 })
})

test('a valid cookie behind as much junk as fits is found by a process that has not seen it', async (t) => {
  const directory = makeTemporaryDirectory(t)
  const browser = (await openWebsite(t, PAGES, { directory })).visit()
  await browser.get('/count')
  const restarted = await openWebsite(t, PAGES, { directory })
  const junk = Array.from({ length: 180 }, (_, index) => `sid=${String(index).padStart(64, 'x')}`)
  const cookie = [...junk, `sid=${browser.cookies.get('sid')}`].join('; ')
  t.is((await restarted.visit().get('/show', { cookie })).text, '{"views":1}')
})

test('a session larger than maxBytes has become is read as ever, and refused when it is changed', async (t) => {
  const directory = makeTemporaryDirectory(t)
  const pages = {
    ...PAGES,
    '/fill': ({ session }: Context) => {
      session.text = 'x'.repeat(5000)
      return 'fine'
    },
    '/length': ({ session }: Context) => session.text.length,
    '/more': ({ session }: Context) => {
      session.more = true
      return 'fine'
    },
    '/empty': ({ session }: Context) => {
      delete session.text
      return 'fine'
    },
  }
  const browser = (await openWebsite(t, pages, { directory })).visit()
  await browser.get('/fill')
  const narrow = await openWebsite(t, pages, { directory, maxBytes: 4096 })
  const same = narrow.visit()
  same.cookies.set('sid', browser.cookies.get('sid') ?? '')
  t.is((await same.get('/length')).text, '5000')
  t.is((await same.get('/more')).status, 500)
  t.deepEqual(codesOf(narrow), ['ERR_SESSION_TOO_LARGE'])
  t.is((await same.get('/empty')).status, 200)
  t.is((await same.get('/show')).text, '{}')
})
