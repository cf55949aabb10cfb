import { inspect } from 'node:util'
import test, { type ExecutionContext } from 'ava'
import type Koa from 'koa'
import type { Context } from 'koa'
import type { Session } from '../../lib/session.ts'
import { KOA_VERSIONS, openOn } from '../support/neighbours.ts'

const MEMBERS = [
  ...['isNew', 'ref', 'expiresIn', 'expiresAt', 'expiresWithBrowser', 'maxAge'],
  ...['save', 'reload', 'update', 'regenerate', 'destroy', 'setExpiry'],
]

/** What `look` sees of the session of a returning visitor that has `user` and `cart`. */
async function lookAtSession<Seen>(
  t: ExecutionContext,
  Application: typeof Koa,
  look: (session: Session, ctx: Context) => Seen,
): Promise<Seen> {
  const seen: Seen[] = []
  const site = await openOn(t, Application, {
    '/': (ctx) => {
      Object.assign(ctx.session, { user: 'ada', cart: ['book'] })
      return 'stored'
    },
    '/look': (ctx) => {
      seen.push(look(ctx.session, ctx))
      return 'seen'
    },
  })
  const browser = site.visit()
  await browser.get('/')
  await browser.get('/look')
  t.deepEqual(site.errors, [])
  return seen[0] as Seen
}

for (const { name, Application } of KOA_VERSIONS) {
  test(`${name}: ctx.session is seen by 'in', is an object and no function, and is always the same`, async (t) => {
    const seen = await lookAtSession(t, Application, (session, ctx) => [
      'session' in ctx,
      typeof session,
      ctx.session === session,
      Object.keys(ctx).includes('session'),
      'session' in ctx.request,
      'session' in ctx.req,
      'session' in ctx.state,
    ])
    t.deepEqual(seen, [true, 'object', true, false, false, false, false])
  })

  test(`${name}: the data is all that can be enumerated of a session`, async (t) => {
    const seen = await lookAtSession(t, Application, (session) => {
      const inLoop: string[] = []
      for (const key in session) inLoop.push(key)
      return {
        inLoop,
        keys: Object.keys(session),
        ownNames: Object.getOwnPropertyNames(session),
        symbols: Object.getOwnPropertySymbols(session),
        spread: { ...session },
        assigned: Object.assign({}, session),
      }
    })
    const data = { user: 'ada', cart: ['book'] }
    const keys = ['user', 'cart']
    t.deepEqual(seen, {
      inLoop: keys,
      keys,
      ownNames: keys,
      symbols: [],
      spread: data,
      assigned: data,
    })
  })

  test(`${name}: a session is shown, serialized and cloned as its data`, async (t) => {
    const seen = await lookAtSession(t, Application, (session) => ({
      json: JSON.stringify(session),
      nested: JSON.stringify({ session }),
      inspected: inspect(session),
      inspectedDeep: inspect({ session }, { depth: 5 }),
      hidden: inspect(session, { showHidden: true, getters: true, depth: 9 }),
      clone: structuredClone(session),
      copyClone: structuredClone({ ...session }),
    }))
    const data = { user: 'ada', cart: ['book'] }
    t.is(seen.json, JSON.stringify(data))
    t.is(seen.nested, JSON.stringify({ session: data }))
    t.is(seen.inspected, inspect(data))
    t.is(seen.inspectedDeep, inspect({ session: data }, { depth: 5 }))
    t.is(seen.hidden, inspect(data, { showHidden: true }))
    t.deepEqual(seen.clone, data as never)
    t.deepEqual(seen.copyClone, data)
  })

  test(`${name}: inspecting or printing the context shows no session and no id`, async (t) => {
    const seen = await lookAtSession(t, Application, (_, ctx) => [
      inspect(ctx, { depth: 3 }),
      JSON.stringify(ctx),
    ])
    for (const text of seen) t.notRegex(`${text}`.replaceAll(/sid=[\w-]+/g, ''), /ada|book|"sid/)
  })

  test(`${name}: what Object.assign() gives a session is stored, and null clears nothing but its key`, async (t) => {
    const site = await openOn(t, Application, {
      '/': (ctx) => {
        Object.assign(ctx.session, { cart: ['book'], coupon: null, 'oauth2:a.b': { state: 's' } })
        Object.assign(ctx.session, { cart: ['pen'] })
        return 'stored'
      },
      '/read': (ctx) => ({ ...ctx.session }),
    })
    const browser = site.visit()
    await browser.get('/')
    t.deepEqual(JSON.parse((await browser.get('/read')).text), {
      cart: ['pen'],
      coupon: null,
      'oauth2:a.b': { state: 's' },
    })
  })

  test(`${name}: names that other session libraries reserve are ordinary keys`, async (t) => {
    const data = { _csrf: 1, _csrfSecret: 2, length: 3, populated: 4, id: 5, cookie: 6, toJSON: 7 }
    const site = await openOn(t, Application, {
      '/': (ctx) => {
        Object.assign(ctx.session, data, { hasOwnProperty: 8, constructor: 9, toString: 10 })
        return 'stored'
      },
      '/read': (ctx) => ({ ...ctx.session }),
    })
    const browser = site.visit()
    t.is((await browser.get('/')).status, 200)
    t.deepEqual(JSON.parse((await browser.get('/read')).text), {
      ...data,
      hasOwnProperty: 8,
      constructor: 9,
      toString: 10,
    })
  })

  test(`${name}: reading, deleting and testing for keys that are not there makes no session`, async (t) => {
    const site = await openOn(t, Application, {
      '/': (ctx) => {
        delete ctx.session.flash
        return [ctx.session.flash === undefined, 'flash' in ctx.session, 'toString' in ctx.session]
      },
    })
    const page = await site.visit().get('/')
    t.is(page.text, '[true,false,false]')
    t.deepEqual(page.setCookies, [])
    t.is(await site.sessions.count(), 0)
  })

  for (const member of MEMBERS.filter((candidate) => candidate !== 'maxAge')) {
    test(`${name}: sloppy code that assigns to session.${member} is told so`, async (t) => {
      const assign = new Function('session', `session.${member} = 1`)
      const error = await lookAtSession(t, Application, (session) => {
        const thrown = t.throws(() => assign(session))
        t.throws(() => Object.assign(session, { [member]: 1 }), {
          code: 'ERR_SESSION_KEY_RESERVED',
        })
        return thrown
      })
      t.like(error, { code: 'ERR_SESSION_KEY_RESERVED' })
      t.is(
        error?.message,
        `session.${member} is a member of every session and cannot hold data: choose another key`,
      )
    })
  }

  test(`${name}: sloppy code that deletes a member has no effect, and __proto__ is no way out`, async (t) => {
    const seen = await lookAtSession(t, Application, (session) => {
      new Function('session', 'delete session.save; delete session.ref')(session)
      return [typeof session.save, typeof session.ref, Object.keys(session)]
    })
    t.deepEqual(seen, ['function', 'string', ['user', 'cart']])
  })

  test(`${name}: a data object with the name of a member is refused as a whole`, async (t) => {
    const seen = await lookAtSession(t, Application, (session, ctx) => {
      t.throws(
        () => {
          ctx.session = { ok: 1, save: 2 }
        },
        { code: 'ERR_SESSION_KEY_RESERVED' },
      )
      return { same: ctx.session === session, data: { ...session } }
    })
    t.deepEqual(seen, { same: true, data: { user: 'ada', cart: ['book'] } })
  })
}
