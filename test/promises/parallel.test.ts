import test, { type ExecutionContext } from 'ava'
import type { Context } from 'koa'
import type { Browser, Page } from '../support/browser.ts'
import { dataOf, PAGES, slow } from '../support/pages.ts'
import { Pause } from '../support/pause.ts'
import { eventsOf, type Handler, openWebsite, type Website } from '../support/website.ts'

/** A request that is under way while others of the same browser come and go. */
interface Overlap {
  /** The page the browser had before. */
  readonly before: string
  /** What the request changes at its end. */
  readonly change: (ctx: Context) => unknown
  /** The pages the browser gets while it is under way. */
  readonly meanwhile: readonly string[]
  /** Further pages of the website. */
  readonly pages?: Readonly<Record<string, Handler>>
}

async function overlap(
  t: ExecutionContext,
  { before, change, meanwhile, pages = {} }: Overlap,
): Promise<{ site: Website; browser: Browser; page: Page }> {
  const pause = new Pause()
  const site = await openWebsite(t, { ...PAGES, ...pages, '/slow': slow(pause, change) })
  const browser = site.visit()
  await browser.get(before)
  const pending = browser.get('/slow')
  await pause.arrived
  for (const path of meanwhile) await browser.get(path)
  pause.letGo()
  return { site, browser, page: await pending }
}

test('two requests that set different keys at once keep both', async (t) => {
  const { browser, site, page } = await overlap(t, {
    before: '/count',
    change: (ctx) => {
      ctx.session.slow = 1
    },
    meanwhile: ['/set?quick=1'],
  })
  t.is(page.status, 200)
  t.deepEqual(await dataOf(browser), { views: 1, quick: '1', slow: 1 })
  t.false(eventsOf(site).includes('conflict'))
})

test('twenty requests that each set a key at once keep all of them', async (t) => {
  const site = await openWebsite(t, PAGES)
  const browser = site.visit()
  await browser.get('/count')
  const keys = Array.from({ length: 20 }, (_, index) => `key${index}`)
  await Promise.all(keys.map((key) => browser.get(`/set?${key}=1`)))
  t.deepEqual(Object.keys((await dataOf(browser)) as object).sort(), ['views', ...keys].sort())
})

test('a key that one request deletes and another leaves alone is deleted', async (t) => {
  const { browser } = await overlap(t, {
    before: '/count',
    change: (ctx) => {
      delete ctx.session.views
    },
    meanwhile: ['/set?other=1'],
  })
  t.deepEqual(await dataOf(browser), { other: '1' })
})

test('of two changes of one key the later commit wins, and a conflict names the key', async (t) => {
  const { browser, site } = await overlap(t, {
    before: '/set?colour=white',
    change: (ctx) => {
      ctx.session.colour = 'red'
      ctx.session.size = 'small'
    },
    meanwhile: ['/set?colour=blue'],
  })
  t.deepEqual(await dataOf(browser), { colour: 'red', size: 'small' })
  const conflicts = site.events.filter(({ name }) => name === 'conflict')
  t.is(conflicts.length, 1)
  t.deepEqual(Object.keys(conflicts[0] ?? {}).sort(), ['key', 'name', 'ref'])
  t.is(conflicts[0]?.key, 'colour')
})

test('a deletion and a change of one key are a conflict, the later commit wins', async (t) => {
  const { browser, site } = await overlap(t, {
    before: '/set?colour=white',
    change: (ctx) => {
      delete ctx.session.colour
    },
    meanwhile: ['/set?colour=blue'],
  })
  t.deepEqual(await dataOf(browser), {})
  t.true(eventsOf(site).includes('conflict'))
})

test('two requests that change a key to the same are no conflict', async (t) => {
  const { site } = await overlap(t, {
    before: '/set?colour=white',
    change: (ctx) => {
      ctx.session.colour = 'blue'
    },
    meanwhile: ['/set?colour=blue'],
  })
  t.false(eventsOf(site).includes('conflict'))
})

test('a request that only read writes nothing over what another wrote', async (t) => {
  const { browser, site, page } = await overlap(t, {
    before: '/set?colour=white',
    change: () => undefined,
    meanwhile: ['/set?colour=blue'],
  })
  t.deepEqual(page.setCookies, [])
  t.deepEqual(await dataOf(browser), { colour: 'blue' })
  t.deepEqual(eventsOf(site), ['create', 'save'])
})

test('a touch applies to the newest version: it brings nothing old back', async (t) => {
  const pause = new Pause()
  const site = await openWebsite(t, { ...PAGES, '/slow': slow(pause, () => undefined) })
  const browser = site.visit()
  await browser.get('/set?colour=white')
  site.clock.advance(300_000)
  const pending = browser.get('/slow')
  await pause.arrived
  await browser.get('/set?colour=blue')
  site.clock.advance(300_000)
  pause.letGo()
  await pending
  t.deepEqual(await dataOf(browser), { colour: 'blue' })
})

test('a merge lays what the request changed over the third version it never saw', async (t) => {
  const { browser } = await overlap(t, {
    before: '/set?a=1',
    change: (ctx) => {
      ctx.session.slow = true
    },
    meanwhile: ['/set?b=2', '/set?a=3'],
  })
  t.deepEqual(await dataOf(browser), { a: '3', b: '2', slow: true })
})

test('assigning ctx.session replaces what the request saw, and what others add survives', async (t) => {
  const { browser } = await overlap(t, {
    before: '/set?old=1',
    change: (ctx) => {
      ctx.session = { fresh: true }
    },
    meanwhile: ['/set?added=1'],
  })
  t.deepEqual(await dataOf(browser), { fresh: true, added: '1' })
})

test('what setExpiry() sets merges as one key with data another request changed', async (t) => {
  const { browser } = await overlap(t, {
    before: '/count',
    change: (ctx) => ctx.session.setExpiry('2h'),
    meanwhile: ['/set?other=1'],
    pages: { '/expiry': ({ session }) => `${session.expiresIn} ${session.expiresWithBrowser}` },
  })
  t.deepEqual(await dataOf(browser), { views: 1, other: '1' })
  t.is((await browser.get('/expiry')).text, '7200000 false')
})

test('setExpiry() survives a parallel change and regenerate({ keep: true })', async (t) => {
  const { browser } = await overlap(t, {
    before: '/count',
    change: (ctx) => {
      ctx.session.slow = true
    },
    meanwhile: ['/remember'],
    pages: {
      '/remember': ({ session }) => session.setExpiry('2h'),
      '/keep': ({ session }) => session.regenerate({ keep: true }),
      '/expiry': ({ session }) => `${session.expiresIn} ${session.expiresWithBrowser}`,
    },
  })
  t.is((await browser.get('/expiry')).text, '7200000 false')
  const kept = await browser.get('/keep')
  t.regex(kept.setCookies[0] ?? '', /Max-Age=1209600/)
  t.is((await browser.get('/expiry')).text, '7200000 false')
})

test('two new visitors’ requests at once without a cookie make two sessions', async (t) => {
  const site = await openWebsite(t, PAGES)
  const browser = site.visit()
  await Promise.all([browser.get('/count'), browser.get('/count')])
  t.is(await site.sessions.count(), 2)
  t.deepEqual(await dataOf(browser), { views: 1 })
})
