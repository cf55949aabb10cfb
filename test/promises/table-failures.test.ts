import test from 'ava'
import { dataOf } from '../support/pages.ts'
import { FROM_500, tell } from '../support/story.ts'
import { eventsOf } from '../support/website.ts'

for (const [what, end] of Object.entries(FROM_500)) {
  test(`new and with data: ${what} stores nothing and sends no cookie`, async (t) => {
    const { page, store, site } = await tell(t, {
      act: (ctx) => {
        ctx.session.views = 1
      },
      end,
    })
    t.deepEqual(page.setCookies, [])
    t.deepEqual(store.writes, [])
    t.deepEqual(eventsOf(site), [])
    t.is(page.headers.get('vary'), 'Cookie')
  })

  test(`unchanged, with a touch due: ${what} writes nothing`, async (t) => {
    const { store } = await tell(t, {
      before: { views: 1 },
      act: (ctx, { clock }) => {
        clock.advance(300_000)
        return ctx.session.views
      },
      end,
    })
    t.deepEqual(store.writes, [])
  })

  test(`changed or signed in: ${what} drops the change`, async (t) => {
    const { page, store, browser } = await tell(t, {
      before: { views: 1 },
      act: (ctx) => {
        ctx.session.views = 2
        ctx.session.user = 'ann'
      },
      end,
    })
    t.deepEqual(page.setCookies, [])
    t.deepEqual(store.writes, [])
    t.deepEqual(await dataOf(browser), { views: 1 })
  })

  test(`gone, even with a sign-in: ${what} writes nothing`, async (t) => {
    const { page, site } = await tell(t, {
      before: { views: 1 },
      act: async (ctx, { sessions }) => {
        ctx.session.user = 'ann'
        await sessions.destroyAll()
      },
      end,
    })
    t.deepEqual(page.setCookies, [])
    t.is(await site.sessions.count(), 0)
  })

  test(`saved or updated on the way: ${what} lets it stand, with its cookie`, async (t) => {
    const { page, browser } = await tell(t, {
      act: async (ctx) => {
        ctx.session.views = 1
        await ctx.session.save()
        await ctx.session.update((data) => {
          data.visits = 7
        })
        ctx.session.views = 2
      },
      end,
    })
    t.is(page.setCookies.length, 1)
    t.is(page.headers.get('cache-control'), 'no-store')
    t.deepEqual(await dataOf(browser), { views: 1, visits: 7 })
  })

  test(`moved to a new id on the way: ${what} lets it stand, with its cookie`, async (t) => {
    const { page, browser, site } = await tell(t, {
      before: { views: 1 },
      act: (ctx) => ctx.session.regenerate({ keep: true }),
      end,
    })
    t.is(page.setCookies.length, 1)
    t.deepEqual(await dataOf(browser), { views: 1 })
    t.is(await site.sessions.count(), 1)
  })

  test(`emptied by regenerate() on the way: ${what} leaves nothing and sends no cookie`, async (t) => {
    const { page, browser, site } = await tell(t, {
      before: { views: 1 },
      act: async (ctx) => {
        await ctx.session.regenerate()
        ctx.session.user = 'ann'
      },
      end,
    })
    t.deepEqual(page.setCookies, [])
    t.is(await site.sessions.count(), 0)
    t.deepEqual(await dataOf(browser), {})
  })
}
