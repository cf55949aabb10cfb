import test from 'ava'
import { dataOf, PAGES, slow } from '../support/pages.ts'
import { Pause } from '../support/pause.ts'
import { StageStore } from '../support/stores.ts'
import { eventsOf, openWebsite } from '../support/website.ts'

test('regenerate() without keep is never gone, not even after a logout elsewhere', async (t) => {
  const pause = new Pause()
  const site = await openWebsite(t, {
    ...PAGES,
    '/slow': slow(pause, async (ctx) => {
      await ctx.session.regenerate()
      ctx.session.fresh = true
    }),
  })
  const browser = site.visit()
  await browser.get('/sign-in')
  const other = browser.clone()
  const pending = other.get('/slow')
  await pause.arrived
  await browser.get('/sign-out')
  pause.letGo()
  t.is((await pending).setCookies.length, 1)
  t.deepEqual(await dataOf(other), { fresh: true })
  t.false(eventsOf(site).includes('gone'))
})

test('regenerate() gives a new empty object and leaves the old one as it was, without effect', async (t) => {
  const site = await openWebsite(t, {
    ...PAGES,
    '/': async (ctx) => {
      const old = ctx.session
      const { ref } = old
      await old.regenerate()
      t.not(ctx.session, old)
      t.deepEqual({ ...ctx.session }, {})
      t.deepEqual({ ...old }, { views: 1 })
      t.true(ctx.session.isNew)
      t.not(ctx.session.ref, ref)
      t.is(old.ref, ref)
      ctx.session.fresh = true
      old.views = 99
      await t.throwsAsync(old.save(), { code: 'ERR_SESSION_GONE', message: /ctx\.session/ })
      await t.throwsAsync(
        old.update(() => undefined),
        { code: 'ERR_SESSION_GONE' },
      )
      return 'fine'
    },
  })
  const browser = site.visit()
  await browser.get('/count')
  const stolen = browser.clone()
  t.is((await browser.get('/')).setCookies.length, 1)
  t.deepEqual(await dataOf(browser), { fresh: true })
  t.deepEqual(await dataOf(stolen), {})
  t.is(await site.sessions.count(), 1)
})

test('regenerate() and nothing after it leaves nothing, and clears no cookie', async (t) => {
  const site = await openWebsite(t, { ...PAGES, '/': ({ session }) => session.regenerate() })
  const browser = site.visit()
  await browser.get('/count')
  t.deepEqual((await browser.get('/')).setCookies, [])
  t.is(await site.sessions.count(), 0)
})

test('regenerate({ keep: true }) keeps object and data, and what was changed before it', async (t) => {
  const site = await openWebsite(t, {
    ...PAGES,
    '/': async (ctx) => {
      const { session } = ctx
      session.cart = { items: [1] }
      const { cart } = session
      await session.regenerate({ keep: true })
      t.is(ctx.session, session)
      t.is(session.cart, cart)
      cart.items.push(2)
      return 'fine'
    },
  })
  const browser = site.visit()
  await browser.get('/count')
  const stolen = browser.clone()
  t.is((await browser.get('/')).setCookies.length, 1)
  t.deepEqual(await dataOf(browser), { views: 1, cart: { items: [1, 2] } })
  const page = await stolen.get('/show')
  t.is(page.text, '{}')
  t.deepEqual(page.setCookies, [])
})

test('at every instant of a change of id the store holds at least one of the two, on the disk', async (t) => {
  const store = new StageStore()
  const site = await openWebsite(
    t,
    { ...PAGES, '/': ({ session }) => session.regenerate({ keep: true }) },
    { store },
  )
  const browser = site.visit()
  await browser.get('/count')
  store.forget()
  await browser.get('/')
  t.deepEqual(store.writes, [
    { kind: 'replace', durable: true },
    { kind: 'remove', durable: true },
  ])
})

test('what another request saves before the old id is removed is carried to the new one', async (t) => {
  const store = new StageStore()
  const site = await openWebsite(
    t,
    {
      ...PAGES,
      '/': async ({ session }) => {
        session.mine = 1
        // The first write makes the new id, the second would remove the old one.
        store.intrude('update', async () => {
          store.intrude('update', () => other.get('/set?theirs=1'))
        })
        await session.regenerate({ keep: true })
        return 'fine'
      },
    },
    { store },
  )
  const browser = site.visit()
  await browser.get('/count')
  const other = browser.clone()
  t.is((await browser.get('/')).status, 200)
  t.deepEqual(await dataOf(browser), { views: 1, mine: 1, theirs: '1' })
  t.deepEqual(await dataOf(other), {})
  t.is(await site.sessions.count(), 1)
})

test('what another request saves after the change of id is gone, and the new cookie stays', async (t) => {
  const pause = new Pause()
  const site = await openWebsite(t, {
    ...PAGES,
    '/slow': slow(pause, (ctx) => {
      ctx.session.slow = true
    }),
    '/keep': ({ session }) => session.regenerate({ keep: true }),
  })
  const browser = site.visit()
  await browser.get('/count')
  const pending = browser.get('/slow')
  await pause.arrived
  await browser.get('/keep')
  pause.letGo()
  t.deepEqual((await pending).setCookies, [])
  t.deepEqual(await dataOf(browser), { views: 1 })
  t.true(eventsOf(site).includes('gone'))
})

test('two changes of id at once: one wins, the other is gone and leaves nothing behind', async (t) => {
  const pause = new Pause()
  const codes: string[] = []
  const site = await openWebsite(t, {
    ...PAGES,
    '/slow': slow(pause, ({ session }) =>
      session.regenerate({ keep: true }).catch((error) => codes.push(error.code)),
    ),
    '/keep': ({ session }) => session.regenerate({ keep: true }),
  })
  const browser = site.visit()
  await browser.get('/count')
  const pending = browser.clone().get('/slow')
  await pause.arrived
  await browser.get('/keep')
  pause.letGo()
  t.deepEqual((await pending).setCookies, [])
  t.deepEqual(codes, ['ERR_SESSION_GONE'])
  t.is(await site.sessions.count(), 1)
  t.deepEqual(await dataOf(browser), { views: 1 })
})

test('a logout in the middle of a change of id wins: nothing is left', async (t) => {
  const store = new StageStore()
  const site = await openWebsite(
    t,
    {
      ...PAGES,
      '/': async ({ session }) => {
        store.intrude('update', async () => {
          store.intrude('update', () => other.get('/sign-out'))
        })
        await t.throwsAsync(session.regenerate({ keep: true }), { code: 'ERR_SESSION_GONE' })
        return 'fine'
      },
    },
    { store },
  )
  const browser = site.visit()
  await browser.get('/sign-in')
  const other = browser.clone()
  const page = await browser.get('/')
  t.is(page.text, 'fine')
  t.deepEqual(page.setCookies, [])
  t.is(await site.sessions.count(), 0)
})

test('a change of id that fails leaves the old session, and no cookie', async (t) => {
  const store = new StageStore()
  const site = await openWebsite(t, PAGES, { store })
  const browser = site.visit()
  await browser.get('/count')
  store.fail('update')
  const page = await browser.get('/sign-in')
  t.is(page.status, 500)
  t.deepEqual(page.setCookies, [])
  store.heal()
  t.deepEqual(await dataOf(browser), { views: 1 })
})

test('regenerate() of a session that was never stored is fine', async (t) => {
  const site = await openWebsite(t, {
    ...PAGES,
    '/': async (ctx) => {
      ctx.session.views = 1
      await ctx.session.regenerate({ keep: true })
      t.is(ctx.session.views, 1)
      await ctx.session.regenerate()
      t.deepEqual({ ...ctx.session }, {})
      ctx.session.user = 'ann'
      return 'fine'
    },
  })
  const browser = site.visit()
  t.is((await browser.get('/')).setCookies.length, 1)
  t.deepEqual(await dataOf(browser), { user: 'ann' })
})
