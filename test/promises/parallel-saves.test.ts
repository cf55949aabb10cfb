import test from 'ava'
import { dataOf, PAGES, slow } from '../support/pages.ts'
import { Pause } from '../support/pause.ts'
import { StageStore } from '../support/stores.ts'
import { eventsOf, openWebsite } from '../support/website.ts'

test('fifty increments by update() at once count fifty', async (t) => {
  const site = await openWebsite(t, {
    ...PAGES,
    '/add': (ctx) =>
      ctx.session.update((data) => {
        data.sum = (data.sum ?? 0) + 1
        return `${data.sum}`
      }),
  })
  const browser = site.visit()
  await browser.get('/count')
  const pages = await Promise.all(Array.from({ length: 50 }, () => browser.get('/add')))
  const counts = pages.map(({ text }) => Number(text)).sort((a, b) => a - b)
  t.deepEqual(
    counts,
    Array.from({ length: 50 }, (_, index) => index + 1),
  )
  t.deepEqual(await dataOf(browser), { views: 1, sum: 50 })
})

test('two update() at once in one request count both', async (t) => {
  const add = (data: Record<string, number>): number => {
    data.sum = (data.sum ?? 0) + 1
    return data.sum
  }
  const site = await openWebsite(t, {
    ...PAGES,
    '/twice': async ({ session }) => Promise.all([session.update(add), session.update(add)]),
  })
  const browser = site.visit()
  await browser.get('/count')
  t.is((await browser.get('/twice')).text, '[1,2]')
  t.deepEqual(await dataOf(browser), { views: 1, sum: 2 })
  const stranger = site.visit()
  t.is((await stranger.get('/twice')).text, '[1,2]')
  t.deepEqual(await dataOf(stranger), { sum: 2 })
  t.is(await site.sessions.count(), 2)
})

test('a save() nobody awaits is finished before the response, with its cookie', async (t) => {
  const site = await openWebsite(t, {
    ...PAGES,
    '/': (ctx) => {
      ctx.session.views = 1
      void ctx.session.save()
      ctx.session.later = true
      return 'fine'
    },
  })
  const browser = site.visit()
  t.is((await browser.get('/')).setCookies.length, 1)
  t.deepEqual(await dataOf(browser), { views: 1, later: true })
  t.is(await site.sessions.count(), 1)
})

test('an update() nobody awaits is finished before the response too', async (t) => {
  const site = await openWebsite(t, {
    ...PAGES,
    '/': (ctx) => {
      void ctx.session.update((data) => {
        data.sum = 1
      })
      ctx.session.views = 1
      return 'fine'
    },
  })
  const browser = site.visit()
  t.is((await browser.get('/')).setCookies.length, 1)
  t.deepEqual(await dataOf(browser), { sum: 1, views: 1 })
})

test('what is changed while a save() is under way is kept, and stored at the end', async (t) => {
  const store = new StageStore()
  const site = await openWebsite(
    t,
    {
      ...PAGES,
      '/': async (ctx) => {
        const { session } = ctx
        session.step = 1
        session.list = [1]
        const gate = store.hold('update')
        const saving = session.save()
        await gate.arrived
        session.step = 2
        session.list.push(2)
        session.added = true
        delete session.colour
        gate.letGo()
        await saving
        return { ...session }
      },
    },
    { store },
  )
  const browser = site.visit()
  await browser.get('/set?colour=red&size=xl')
  const wanted = { size: 'xl', step: 2, list: [1, 2], added: true }
  t.deepEqual(JSON.parse((await browser.get('/')).text), wanted)
  t.deepEqual(await dataOf(browser), wanted)
})

test('after save() the object shows what others stored, and a second save() does not apply it twice', async (t) => {
  const pause = new Pause()
  const site = await openWebsite(t, {
    ...PAGES,
    '/slow': slow(pause, async ({ session }) => {
      session.mine = 1
      await session.save()
      t.deepEqual({ ...session }, { views: 1, mine: 1, theirs: '1' })
      delete session.theirs
      await session.save()
      t.deepEqual({ ...session }, { views: 1, mine: 1 })
    }),
  })
  const browser = site.visit()
  await browser.get('/count')
  const pending = browser.get('/slow')
  await pause.arrived
  await browser.get('/set?theirs=1')
  pause.letGo()
  t.is((await pending).status, 200)
  t.deepEqual(await dataOf(browser), { views: 1, mine: 1 })
  t.false(eventsOf(site).includes('conflict'))
})

test('after save() a value with the same JSON is the same object still', async (t) => {
  const site = await openWebsite(t, {
    ...PAGES,
    '/': async ({ session }) => {
      session.cart ??= { items: [] }
      const { cart } = session
      cart.items.push(1)
      await session.save()
      t.is(session.cart, cart)
      cart.items.push(2)
      await session.update((data) => {
        data.other = true
      })
      t.is(session.cart, cart)
      cart.items.push(3)
      return 'fine'
    },
  })
  const browser = site.visit()
  t.is((await browser.get('/')).status, 200)
  t.deepEqual(await dataOf(browser), { cart: { items: [1, 2, 3] }, other: true })
  t.is((await browser.get('/')).status, 200)
  t.deepEqual(await dataOf(browser), { cart: { items: [1, 2, 3, 1, 2, 3] }, other: true })
})
