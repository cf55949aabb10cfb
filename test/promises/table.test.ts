import test from 'ava'
import { dataOf } from '../support/pages.ts'
import { BELOW_500, FROM_500, STREAM, tell } from '../support/story.ts'
import { eventsOf } from '../support/website.ts'

for (const [what, end] of Object.entries({ ...BELOW_500, ...FROM_500, 'a stream': STREAM })) {
  test(`new and without data: ${what} stores nothing and sends no cookie`, async (t) => {
    const { store, page, site } = await tell(t, { act: (ctx) => ctx.session.views, end })
    t.deepEqual(store.calls, [])
    t.deepEqual(page.setCookies, [])
    t.deepEqual(eventsOf(site), [])
  })
}

for (const [what, end] of Object.entries(BELOW_500)) {
  test(`new and with data: ${what} creates the session and sends its cookie`, async (t) => {
    const { page, browser, site } = await tell(t, {
      act: (ctx) => {
        ctx.session.views = 1
      },
      end,
    })
    t.is(page.setCookies.length, 1)
    t.is(page.headers.get('cache-control'), 'no-store')
    t.is(page.headers.get('vary'), 'Cookie')
    t.deepEqual(await dataOf(browser), { views: 1 })
    t.deepEqual(eventsOf(site), ['create'])
  })

  test(`changed: ${what} commits and sends no cookie`, async (t) => {
    const { page, browser, site } = await tell(t, {
      before: { views: 1, cart: { items: [1] } },
      act: (ctx) => {
        ctx.session.cart.items.push(2)
      },
      end,
    })
    t.deepEqual(page.setCookies, [])
    t.deepEqual(await dataOf(browser), { views: 1, cart: { items: [1, 2] } })
    t.deepEqual(eventsOf(site), ['create', 'save'])
  })

  test(`signed in: ${what} commits under a new id and sends its cookie`, async (t) => {
    const { page, browser, site } = await tell(t, {
      before: { cart: 'full' },
      act: (ctx) => {
        ctx.session.user = 'ann'
      },
      end,
    })
    t.is(page.setCookies.length, 1)
    t.deepEqual(await dataOf(browser), { cart: 'full', user: 'ann' })
    t.deepEqual(eventsOf(site), ['create', 'regenerate'])
    t.is(await site.sessions.count(), 1)
  })

  test(`gone meanwhile: ${what} writes nothing and sends no cookie`, async (t) => {
    const { page, site } = await tell(t, {
      before: { views: 1 },
      act: async (ctx, { sessions }) => {
        ctx.session.views = 2
        await sessions.destroyAll()
      },
      end,
    })
    t.deepEqual(page.setCookies, [])
    t.is(await site.sessions.count(), 0)
    t.deepEqual(eventsOf(site), ['create', 'destroy', 'gone'])
  })

  test(`gone, but signed in: ${what} begins a session of what was changed only`, async (t) => {
    const { page, browser, site } = await tell(t, {
      before: { old: 'secret of the former user' },
      act: async (ctx, { sessions }) => {
        ctx.session.user = 'ann'
        ctx.session.language = 'de'
        await sessions.destroyAll()
      },
      end,
    })
    t.is(page.setCookies.length, 1)
    t.deepEqual(await dataOf(browser), { user: 'ann', language: 'de' })
    t.deepEqual(eventsOf(site), ['create', 'destroy', 'gone', 'create'])
  })
}

for (const [what, end] of Object.entries({ ...BELOW_500, 'a stream': STREAM })) {
  test(`unchanged: ${what} writes nothing until a touch is due`, async (t) => {
    const early = await tell(t, { before: { views: 1 }, act: (ctx) => ctx.session.views, end })
    t.deepEqual(early.store.writes, [])
    const due = await tell(t, {
      before: { views: 1 },
      act: (ctx, { clock }) => {
        clock.advance(300_000)
        return ctx.session.views
      },
      end,
    })
    t.deepEqual(due.store.writes, [{ kind: 'replace', durable: false }])
    t.deepEqual(eventsOf(due.site), ['create', 'touch'])
    t.deepEqual(due.page.setCookies, [])
    t.deepEqual(await dataOf(due.browser), { views: 1 })
  })
}
