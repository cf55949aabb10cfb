import test from 'ava'
import { dataOf, PAGES, slow } from '../support/pages.ts'
import { Pause } from '../support/pause.ts'
import { codesOf, eventsOf, openWebsite } from '../support/website.ts'

test('a slow request that changes data after a logout changes nothing, and sends no cookie', async (t) => {
  const pause = new Pause()
  const site = await openWebsite(t, {
    ...PAGES,
    '/slow': slow(pause, (ctx) => {
      ctx.session.cart = 'full'
    }),
  })
  const browser = site.visit()
  await browser.get('/sign-in')
  const tab = browser.clone()
  const pending = tab.get('/slow')
  await pause.arrived
  await browser.get('/sign-out')
  pause.letGo()
  const page = await pending
  t.is(page.status, 200)
  t.deepEqual(page.setCookies, [])
  t.is(await site.sessions.count(), 0)
  t.deepEqual(await dataOf(tab), {})
  t.deepEqual(eventsOf(site).slice(-2), ['destroy', 'gone'])
})

test('save() and update() of a session that is gone reject, and the end of the request is silent', async (t) => {
  const pause = new Pause()
  const codes: unknown[] = []
  const note = (error: { code: string; message: string }): void => {
    codes.push(error.code)
    t.regex(error.message, /destroyed, regenerated or has expired/)
  }
  const site = await openWebsite(t, {
    ...PAGES,
    '/slow': slow(pause, async ({ session }) => {
      session.cart = 'full'
      await session.save().catch(note)
      await session.update(() => undefined).catch(note)
      await session.reload().catch(note)
      await session.regenerate({ keep: true }).catch(note)
    }),
  })
  const browser = site.visit()
  await browser.get('/sign-in')
  const pending = browser.clone().get('/slow')
  await pause.arrived
  await browser.get('/sign-out')
  pause.letGo()
  const page = await pending
  t.deepEqual(codes, Array(4).fill('ERR_SESSION_GONE'))
  t.is(page.status, 200)
  t.deepEqual(page.setCookies, [])
  t.is(await site.sessions.count(), 0)
  t.deepEqual(site.errors, [])
})

test('save() of an unchanged session that is gone rejects too', async (t) => {
  const pause = new Pause()
  const site = await openWebsite(t, {
    ...PAGES,
    '/slow': slow(pause, ({ session }) =>
      t.throwsAsync(session.save(), { code: 'ERR_SESSION_GONE' }),
    ),
  })
  const browser = site.visit()
  await browser.get('/sign-in')
  const pending = browser.clone().get('/slow')
  await pause.arrived
  await browser.get('/sign-out')
  pause.letGo()
  t.is((await pending).status, 200)
})

test('a new session that was saved on the way and ended by another is not made again', async (t) => {
  const pause = new Pause()
  const site = await openWebsite(t, {
    '/slow': async (ctx) => {
      ctx.session.views = 1
      await ctx.session.save()
      await pause.wait()
      ctx.session.views = 2
      return 'fine'
    },
  })
  const pending = site.visit().get('/slow')
  await pause.arrived
  await site.sessions.destroyAll()
  pause.letGo()
  t.is((await pending).status, 200)
  t.is(await site.sessions.count(), 0)
})

test('a session that ends twice at once is ended, and neither fails', async (t) => {
  const pause = new Pause()
  const site = await openWebsite(t, {
    ...PAGES,
    '/slow': slow(pause, (ctx) => ctx.session.destroy()),
  })
  const browser = site.visit()
  await browser.get('/sign-in')
  const pending = browser.clone().get('/slow')
  await pause.arrived
  t.is((await browser.get('/sign-out')).status, 200)
  pause.letGo()
  const page = await pending
  t.is(page.status, 200)
  t.regex(page.setCookies[0] ?? '', /Max-Age=0/)
  t.deepEqual(eventsOf(site), ['create', 'destroy'])
})

test('a touch of a session that was ended meanwhile writes nothing', async (t) => {
  const pause = new Pause()
  const site = await openWebsite(t, { ...PAGES, '/slow': slow(pause, () => undefined) })
  const browser = site.visit()
  await browser.get('/sign-in')
  site.clock.advance(300_000)
  const pending = browser.clone().get('/slow')
  await pause.arrived
  await browser.get('/sign-out')
  pause.letGo()
  t.deepEqual((await pending).setCookies, [])
  t.is(await site.sessions.count(), 0)
  t.deepEqual(codesOf(site), [])
})
