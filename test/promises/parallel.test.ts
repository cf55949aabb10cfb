import test from 'ava'
import { dataOf, PAGES, Pause, slow } from '../support/pages.ts'
import { eventsOf, openWebsite } from '../support/website.ts'

test('two requests that set different keys at once keep both', async (t) => {
  const pause = new Pause()
  const site = await openWebsite(t, {
    ...PAGES,
    '/slow': slow(pause, (ctx) => {
      ctx.session.slow = 1
    }),
  })
  const browser = site.visit()
  await browser.get('/count')
  const pending = browser.get('/slow')
  await pause.arrived
  await browser.get('/set?quick=1')
  pause.letGo()
  t.is((await pending).status, 200)
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
  const pause = new Pause()
  const site = await openWebsite(t, {
    ...PAGES,
    '/slow': slow(pause, (ctx) => {
      delete ctx.session.views
    }),
  })
  const browser = site.visit()
  await browser.get('/count')
  const pending = browser.get('/slow')
  await pause.arrived
  await browser.get('/set?other=1')
  pause.letGo()
  await pending
  t.deepEqual(await dataOf(browser), { other: '1' })
})

test('of two changes of one key the later commit wins, and a conflict names the key', async (t) => {
  const pause = new Pause()
  const site = await openWebsite(t, {
    ...PAGES,
    '/slow': slow(pause, (ctx) => {
      ctx.session.colour = 'red'
      ctx.session.size = 'small'
    }),
  })
  const browser = site.visit()
  await browser.get('/set?colour=white')
  const pending = browser.get('/slow')
  await pause.arrived
  await browser.get('/set?colour=blue')
  pause.letGo()
  await pending
  t.deepEqual(await dataOf(browser), { colour: 'red', size: 'small' })
  const conflicts = site.events.filter(({ name }) => name === 'conflict')
  t.is(conflicts.length, 1)
  t.deepEqual(Object.keys(conflicts[0] ?? {}).sort(), ['key', 'name', 'ref'])
  t.is(conflicts[0]?.key, 'colour')
})

test('a deletion and a change of one key are a conflict, the later commit wins', async (t) => {
  const pause = new Pause()
  const site = await openWebsite(t, {
    ...PAGES,
    '/slow': slow(pause, (ctx) => {
      delete ctx.session.colour
    }),
  })
  const browser = site.visit()
  await browser.get('/set?colour=white')
  const pending = browser.get('/slow')
  await pause.arrived
  await browser.get('/set?colour=blue')
  pause.letGo()
  await pending
  t.deepEqual(await dataOf(browser), {})
  t.true(eventsOf(site).includes('conflict'))
})

test('two requests that change a key to the same are no conflict', async (t) => {
  const pause = new Pause()
  const site = await openWebsite(t, {
    ...PAGES,
    '/slow': slow(pause, (ctx) => {
      ctx.session.colour = 'blue'
    }),
  })
  const browser = site.visit()
  await browser.get('/set?colour=white')
  const pending = browser.get('/slow')
  await pause.arrived
  await browser.get('/set?colour=blue')
  pause.letGo()
  await pending
  t.false(eventsOf(site).includes('conflict'))
})

test('a request that only read writes nothing over what another wrote', async (t) => {
  const pause = new Pause()
  const site = await openWebsite(t, { ...PAGES, '/slow': slow(pause, () => undefined) })
  const browser = site.visit()
  await browser.get('/set?colour=white')
  const pending = browser.get('/slow')
  await pause.arrived
  await browser.get('/set?colour=blue')
  pause.letGo()
  t.deepEqual((await pending).setCookies, [])
  t.deepEqual(await dataOf(browser), { colour: 'blue' })
  t.deepEqual(eventsOf(site), ['create', 'save'])
})

test('a touch applies to the newest version: it brings nothing old back', async (t) => {
  const pause = new Pause()
  const site = await openWebsite(t, { ...PAGES, '/slow': slow(pause, () => undefined) })
  const browser = site.visit()
  await browser.get('/set?colour=white')
  site.clock.advance(300_000)
  const store = site.store
  t.truthy(store)
  const pending = browser.get('/slow')
  await pause.arrived
  await browser.get('/set?colour=blue')
  site.clock.advance(300_000)
  pause.letGo()
  await pending
  t.deepEqual(await dataOf(browser), { colour: 'blue' })
})

test('a merge lays what the request changed over the third version it never saw', async (t) => {
  const pause = new Pause()
  const site = await openWebsite(t, {
    ...PAGES,
    '/slow': slow(pause, (ctx) => {
      ctx.session.slow = true
    }),
  })
  const browser = site.visit()
  await browser.get('/set?a=1')
  const pending = browser.get('/slow')
  await pause.arrived
  await browser.get('/set?b=2')
  await browser.get('/set?a=3')
  pause.letGo()
  await pending
  t.deepEqual(await dataOf(browser), { a: '3', b: '2', slow: true })
})

test('assigning ctx.session replaces what the request saw, and what others add survives', async (t) => {
  const pause = new Pause()
  const site = await openWebsite(t, {
    ...PAGES,
    '/slow': slow(pause, (ctx) => {
      ctx.session = { fresh: true }
    }),
  })
  const browser = site.visit()
  await browser.get('/set?old=1')
  const pending = browser.get('/slow')
  await pause.arrived
  await browser.get('/set?added=1')
  pause.letGo()
  await pending
  t.deepEqual(await dataOf(browser), { fresh: true, added: '1' })
})

test('what setExpiry() sets merges as one key with data another request changed', async (t) => {
  const pause = new Pause()
  const site = await openWebsite(t, {
    ...PAGES,
    '/slow': slow(pause, (ctx) => ctx.session.setExpiry('2h')),
    '/expiry': ({ session }) => `${session.expiresIn} ${session.expiresWithBrowser}`,
  })
  const browser = site.visit()
  await browser.get('/count')
  const pending = browser.get('/slow')
  await pause.arrived
  await browser.get('/set?other=1')
  pause.letGo()
  await pending
  t.deepEqual(await dataOf(browser), { views: 1, other: '1' })
  t.is((await browser.get('/expiry')).text, '7200000 false')
})

test('setExpiry() survives a parallel change and regenerate({ keep: true })', async (t) => {
  const pause = new Pause()
  const site = await openWebsite(t, {
    ...PAGES,
    '/slow': slow(pause, (ctx) => {
      ctx.session.slow = true
    }),
    '/remember': ({ session }) => session.setExpiry('2h'),
    '/keep': ({ session }) => session.regenerate({ keep: true }),
    '/expiry': ({ session }) => `${session.expiresIn} ${session.expiresWithBrowser}`,
  })
  const browser = site.visit()
  await browser.get('/count')
  const pending = browser.get('/slow')
  await pause.arrived
  await browser.get('/remember')
  pause.letGo()
  await pending
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
