import test from 'ava'
import type { Context } from 'koa'
import { dataOf, PAGES, slow } from '../support/pages.ts'
import { Pause } from '../support/pause.ts'
import { eventsOf, type Handler, openWebsite } from '../support/website.ts'

interface Case {
  readonly what: string
  readonly before?: object
  readonly act: (session: Context['session']) => unknown
  readonly changes: boolean
  readonly regenerateOn?: readonly (string | readonly string[])[]
}

const CASES: readonly Case[] = [
  ...['user', 'userId', 'uid', 'passport', 'role', 'roles', 'isAdmin'].map(
    (key): Case => ({
      what: `'${key}' appears`,
      act: (session) => Object.assign(session, { [key]: 'ann' }),
      changes: true,
    }),
  ),
  {
    what: 'another primitive takes the place of the former',
    before: { user: 'ann' },
    act: (session) => Object.assign(session, { user: 'bob' }),
    changes: true,
  },
  {
    what: 'the number 7 becomes the text "7"',
    before: { userId: 7 },
    act: (session) => Object.assign(session, { userId: '7' }),
    changes: true,
  },
  {
    what: 'null becomes a user',
    before: { user: null },
    act: (session) => Object.assign(session, { user: 'ann' }),
    changes: true,
  },
  {
    what: 'a primitive becomes an object',
    before: { user: 'ann' },
    act: (session) => Object.assign(session, { user: { id: 1 } }),
    changes: true,
  },
  ...['id', '_id', 'uid', 'sub', 'name', 'role', 'roles', 'isAdmin'].map(
    (key): Case => ({
      what: `'user.${key}' changes`,
      before: { user: { [key]: 'one', lastSeen: 1 } },
      act: (session) => {
        session.user[key] = 'two'
      },
      changes: true,
    }),
  ),
  {
    what: 'a role is added to a list of them',
    before: { roles: ['reader'] },
    act: (session) => session.roles.push('admin'),
    changes: true,
  },
  {
    what: 'Passport’s empty object gets a user',
    before: { passport: {} },
    act: (session) => {
      session.passport.user = 5
    },
    changes: true,
  },
  {
    what: 'a user was seen again',
    before: { user: { id: 1, lastSeen: 1 } },
    act: (session) => {
      session.user.lastSeen = 2
    },
    changes: false,
  },
  {
    what: 'a user is replaced by an equal one with another detail',
    before: { user: { id: 1, theme: 'dark' } },
    act: (session) => {
      session.user = { theme: 'light', id: 1 }
    },
    changes: false,
  },
  {
    what: 'the user goes away',
    before: { user: 'ann', views: 1 },
    act: (session) => {
      delete session.user
    },
    changes: false,
  },
  {
    what: 'another key appears',
    before: { views: 1 },
    act: (session) => Object.assign(session, { account: 'ann' }),
    changes: false,
  },
  {
    what: 'regenerateOn is empty',
    regenerateOn: [],
    act: (session) => Object.assign(session, { user: 'ann' }),
    changes: false,
  },
  {
    what: 'a key named by regenerateOn appears',
    regenerateOn: ['account'],
    act: (session) => Object.assign(session, { account: 'ann' }),
    changes: true,
  },
  {
    what: 'a nested key named by an array appears, with a dot in it',
    regenerateOn: [['auth', 'example.org']],
    before: { auth: { 'other.org': 1 } },
    act: (session) => {
      session.auth['example.org'] = 5
    },
    changes: true,
  },
  {
    what: 'a neighbour of the nested key named by an array appears',
    regenerateOn: [['auth', 'example.org']],
    before: { auth: { 'example.org': 5 } },
    act: (session) => {
      session.auth['other.org'] = 5
    },
    changes: false,
  },
  {
    what: 'a nested key named by an array changes',
    regenerateOn: [['passport', 'user']],
    before: { passport: { user: 'ann' } },
    act: (session) => {
      session.passport.user = 'bob'
    },
    changes: true,
  },
]

for (const { what, before, act, changes, regenerateOn } of CASES) {
  test(`${what}: the id ${changes ? 'changes' : 'stays'}`, async (t) => {
    const site = await openWebsite(
      t,
      {
        ...PAGES,
        '/before': (ctx) => {
          ctx.session = before ?? { views: 1 }
          return 'fine'
        },
        '/act': ({ session }) => {
          act(session)
          return 'fine'
        },
      },
      regenerateOn === undefined ? {} : { regenerateOn },
    )
    const browser = site.visit()
    await browser.get('/before')
    const stolen = browser.clone()
    const page = await browser.get('/act')
    t.is(page.setCookies.length, changes ? 1 : 0)
    t.deepEqual(eventsOf(site), ['create', changes ? 'regenerate' : 'save'])
    t.is(await site.sessions.count(), 1)
    if (changes) t.deepEqual(await dataOf(stolen), {})
    t.not(Object.keys((await dataOf(browser)) as object).length, 0)
  })
}

for (const how of ['save', 'update'] as const) {
  test(`the id changes at ${how}() too, and at most once a request`, async (t) => {
    const site = await openWebsite(t, {
      ...PAGES,
      '/in': async ({ session }) => {
        const { ref } = session
        if (how === 'save') {
          session.user = 'ann'
          await session.save()
        } else {
          await session.update((data) => {
            data.user = 'ann'
          })
        }
        t.not(session.ref, ref)
        t.is(session.user, 'ann')
        const next = session.ref
        session.user = 'bob'
        await session.save()
        session.user = 'eve'
        await session.update(() => undefined)
        t.is(session.ref, next)
        session.user = 'zoe'
        return 'fine'
      },
    })
    const browser = site.visit()
    await browser.get('/count')
    const stolen = browser.clone()
    t.is((await browser.get('/in')).setCookies.length, 1)
    t.deepEqual(await dataOf(browser), { views: 1, user: 'zoe' })
    t.deepEqual(await dataOf(stolen), {})
    t.is(eventsOf(site).filter((name) => name === 'regenerate').length, 1)
  })
}

test('the id of a new session needs no change', async (t) => {
  const site = await openWebsite(t, {
    '/': async ({ session }) => {
      session.views = 1
      await session.save()
      session.user = 'ann'
      return 'fine'
    },
  })
  t.is((await site.visit().get('/')).setCookies.length, 1)
  t.deepEqual(eventsOf(site), ['create', 'save'])
})

test('the id of a session that was regenerated in this request does not change again', async (t) => {
  for (const keep of [true, false]) {
    const site = await openWebsite(t, {
      ...PAGES,
      '/in': async (ctx) => {
        await ctx.session.regenerate({ keep })
        ctx.session.user = 'ann'
        return 'fine'
      },
    })
    const browser = site.visit()
    await browser.get('/count')
    t.is((await browser.get('/in')).setCookies.length, 1)
    t.is(eventsOf(site).filter((name) => name === 'regenerate').length, 1)
    t.is(await site.sessions.count(), 1)
  }
})

test('a double click on sign-in signs in: both answers have a cookie that is signed in', async (t) => {
  const pause = new Pause()
  const site = await openWebsite(t, {
    ...PAGES,
    '/slow': slow(pause, (ctx) => {
      ctx.session.user = 'ann'
    }),
  })
  const browser = site.visit()
  await browser.get('/count')
  const other = browser.clone()
  const pending = other.get('/slow')
  await pause.arrived
  await browser.get('/sign-in')
  pause.letGo()
  const page = await pending
  t.is(page.status, 200)
  t.is(page.setCookies.length, 1)
  t.deepEqual(await dataOf(browser), { views: 1, user: 'ann' })
  t.deepEqual(await dataOf(other), { user: 'ann' })
})

test('a double click on a sign-in that regenerates, as Passport’s does, signs in too', async (t) => {
  const pause = new Pause()
  const signIn: Handler = async (ctx) => {
    await ctx.session.regenerate()
    ctx.session.user = 'ann'
    await ctx.session.save()
    return 'fine'
  }
  const site = await openWebsite(t, {
    ...PAGES,
    '/in': signIn,
    '/slow': async (ctx, next) => {
      ctx.session.views
      await pause.wait()
      return signIn(ctx, next)
    },
  })
  const browser = site.visit()
  await browser.get('/count')
  const other = browser.clone()
  const pending = other.get('/slow')
  await pause.arrived
  t.is((await browser.get('/in')).status, 200)
  pause.letGo()
  t.is((await pending).status, 200)
  t.deepEqual(await dataOf(browser), { user: 'ann' })
  t.deepEqual(await dataOf(other), { user: 'ann' })
  t.false(eventsOf(site).includes('gone'))
})
