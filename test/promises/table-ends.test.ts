import test from 'ava'
import type { Context } from 'koa'
import { dataOf } from '../support/pages.ts'
import { BELOW_500, FROM_500, STREAM, tell } from '../support/story.ts'
import { eventsOf } from '../support/website.ts'

for (const [what, end] of Object.entries({ ...BELOW_500, ...FROM_500 })) {
  test(`ended: ${what} removes the session and clears the cookie`, async (t) => {
    const leaves = [
      (ctx: Context): Promise<void> => ctx.session.destroy(),
      (ctx: Context): null => {
        ctx.session = null
        return null
      },
    ]
    for (const act of leaves) {
      const { page, site, browser } = await tell(t, { before: { views: 1 }, act, end })
      t.is(page.setCookies.length, 1)
      t.regex(page.setCookies[0] ?? '', /^sid=; Path=\/; Max-Age=0; /)
      t.is(await site.sessions.count(), 0)
      t.deepEqual(eventsOf(site), ['create', 'destroy'])
      t.is(browser.cookies.size, 0)
    }
  })
}

test('headers already sent: a new session is not created, and an event says so', async (t) => {
  const { page, store, site } = await tell(t, {
    act: (ctx) => {
      ctx.session.views = 1
    },
    end: STREAM,
  })
  t.is(page.text, 'begun done')
  t.deepEqual(page.setCookies, [])
  t.deepEqual(store.calls, [])
  t.is((site.errors[0] as { code?: string } | undefined)?.code, 'ERR_SESSION_HEADERS_SENT')
  t.is(site.errors.length, 1)
})

test('headers already sent: a change is still saved', async (t) => {
  const { page, browser } = await tell(t, {
    before: { views: 1 },
    act: (ctx) => {
      ctx.session.views = 2
    },
    end: STREAM,
  })
  t.is(page.text, 'begun done')
  t.deepEqual(await dataOf(browser), { views: 2 })
})

test('headers already sent: a sign-in is saved without a change of id, and an event says so', async (t) => {
  const { browser, site } = await tell(t, {
    before: { views: 1 },
    act: (ctx) => {
      ctx.session.user = 'ann'
    },
    end: STREAM,
  })
  t.deepEqual(await dataOf(browser), { views: 1, user: 'ann' })
  t.deepEqual(eventsOf(site), ['create', 'save'])
  t.is((site.errors[0] as { code?: string } | undefined)?.code, 'ERR_SESSION_HEADERS_SENT')
})

test('headers already sent: an ended session is removed all the same', async (t) => {
  for (const leave of ['destroy', 'null']) {
    const { site, page } = await tell(t, {
      before: { views: 1 },
      act: async (ctx) => {
        if (leave === 'null') ctx.session = null
        else await ctx.session.destroy()
      },
      end: STREAM,
    })
    t.is(await site.sessions.count(), 0)
    t.is(page.text, 'begun done')
  }
})

test('headers already sent: what was saved on the way stands, what came later is saved too', async (t) => {
  const { browser } = await tell(t, {
    before: { views: 1 },
    act: async (ctx) => {
      ctx.session.views = 2
      await ctx.session.save()
      ctx.session.later = true
    },
    end: STREAM,
  })
  t.deepEqual(await dataOf(browser), { views: 2, later: true })
})

test('headers already sent: a session that is gone stays gone, sign-in or not', async (t) => {
  const { site } = await tell(t, {
    before: { views: 1 },
    act: async (ctx, { sessions }) => {
      ctx.session.user = 'ann'
      await sessions.destroyAll()
    },
    end: STREAM,
  })
  t.is(await site.sessions.count(), 0)
  t.true(eventsOf(site).includes('gone'))
})

test('what was regenerated on the way goes on by the table: its new data is stored under one cookie', async (t) => {
  const { page, browser, site } = await tell(t, {
    before: { views: 1 },
    act: async (ctx) => {
      await ctx.session.regenerate()
      ctx.session.user = 'ann'
    },
    end: () => 'fine',
  })
  t.is(page.setCookies.length, 1)
  t.deepEqual(await dataOf(browser), { user: 'ann' })
  t.is(await site.sessions.count(), 1)
})
