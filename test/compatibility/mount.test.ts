import test, { type ExecutionContext } from 'ava'
import type Koa from 'koa'
import type { Context, Middleware } from 'koa'
import { session } from '../../lib/index.ts'
import type { Sessions } from '../../lib/middleware.ts'
import { MemoryStore } from '../../stores/memory.ts'
import { KOA_VERSIONS, loadNeighbour, openArranged } from '../support/neighbours.ts'

const mount = loadNeighbour<(path: string, app: Koa | Middleware) => Middleware>('koa-mount')

/** Counts the views of whatever session is current there. */
function countViews(ctx: Context): void {
  if ('end' in ctx.query) ctx.session = null
  else ctx.session.views = (ctx.session.views ?? 0) + 1
  ctx.body = JSON.stringify({ ...ctx.session })
}

/** The sessions of a part of a website, with a cookie of their own. */
function openAdminSessions(t: ExecutionContext): Sessions {
  const sessions = session({
    store: new MemoryStore(),
    sweep: false,
    cookie: { name: 'admin', path: '/admin' },
  })
  t.teardown(() => sessions.close())
  return sessions
}

function assemble(Application: typeof Koa, ...stack: Middleware[]): Koa {
  const app = new Application()
  for (const middleware of stack) app.use(middleware)
  return app
}

for (const { name, Application } of KOA_VERSIONS) {
  test(`${name}: a mounted application has the session of the outer one`, async (t) => {
    const site = await openArranged(t, Application, (app, sessions) => {
      app.use(sessions)
      app.use(mount('/shop', assemble(Application, countViews)))
      app.use(countViews)
    })
    const browser = site.visit()
    t.is((await browser.get('/')).text, '{"views":1}')
    const inner = await browser.get('/shop/')
    t.is(inner.text, '{"views":2}')
    t.deepEqual(inner.setCookies, [])
    t.is((await browser.get('/')).text, '{"views":3}')
    t.is((await browser.get('/shop/?end')).setCookies.length, 1)
    t.is(await site.sessions.count(), 0)
  })

  test(`${name}: sessions of a mounted application alone stay in there`, async (t) => {
    const site = await openArranged(t, Application, (app, sessions) => {
      app.use(mount('/shop', assemble(Application, sessions, countViews)))
      app.use((ctx) => {
        ctx.body = `${ctx.session}`
      })
    })
    const browser = site.visit()
    t.is((await browser.get('/shop')).text, '{"views":1}')
    const outside = await browser.get('/')
    t.is(outside.text, 'undefined')
    t.is(outside.headers.get('vary'), null)
    t.is((await browser.get('/shop')).text, '{"views":2}')
  })

  test(`${name}: assigning to ctx.session where there are none is an error that says so`, async (t) => {
    const site = await openArranged(t, Application, (app, sessions) => {
      app.use(mount('/shop', assemble(Application, sessions, countViews)))
      app.use((ctx) => {
        ctx.session = {}
      })
    })
    const browser = site.visit()
    await browser.get('/shop')
    t.is((await browser.get('/')).status, 500)
    t.like(site.errors[0], { code: 'ERR_SESSION_NOT_READY' })
  })

  test(`${name}: two sessions, one inside the other, keep their own data and cookies`, async (t) => {
    const admin = openAdminSessions(t)
    const site = await openArranged(t, Application, (app, sessions) => {
      app.use(sessions)
      app.use(async (ctx, next) => {
        ctx.session.requests = (ctx.session.requests ?? 0) + 1
        await next()
        ctx.session.answers = (ctx.session.answers ?? 0) + 1
      })
      app.use(mount('/admin', assemble(Application, admin, countViews)))
      app.use(countViews)
    })
    const browser = site.visit()
    const first = await browser.get('/admin')
    t.is(first.text, '{"views":1}')
    t.is(first.headers.get('vary'), 'Cookie')
    t.deepEqual(
      first.setCookies.map((line) => /^(\w+)=.*; Path=([^;]+)/.exec(line)?.slice(1)).sort(),
      [
        ['admin', '/admin'],
        ['sid', '/'],
      ],
    )
    const outer = await browser.get('/')
    t.is(outer.text, '{"requests":2,"answers":1,"views":1}')
    t.deepEqual(outer.setCookies, [])
    const end = await browser.get('/admin?end')
    t.is(end.setCookies.length, 1)
    t.regex(end.setCookies[0] ?? '', /^admin=; Path=\/admin; Max-Age=0/)
    t.is(await admin.count(), 0)
    t.is((await browser.get('/?outer')).text, '{"requests":4,"answers":3,"views":2}')
    t.is((await browser.get('/admin')).text, '{"views":1}')
  })

  test(`${name}: a sign-in inside changes the inner id alone, and an error inside keeps both cookies`, async (t) => {
    const admin = openAdminSessions(t)
    const site = await openArranged(t, Application, (app, sessions) => {
      app.use(sessions)
      app.use((ctx, next) => {
        ctx.session.seen = true
        return next()
      })
      const signIn = async (ctx: Context): Promise<void> => {
        if ('start' in ctx.query) ctx.session.draft = 'text'
        else ctx.session.user = 'ada'
        ctx.throw(418)
      }
      app.use(mount('/admin', assemble(Application, admin, signIn)))
    })
    const browser = site.visit()
    const start = await browser.get('/admin?start')
    t.is(start.status, 418)
    t.is(start.setCookies.length, 2)
    const signIn = await browser.get('/admin')
    t.is(signIn.setCookies.length, 1)
    t.regex(signIn.setCookies[0] ?? '', /^admin=/)
  })

  test(`${name}: the same sessions used twice are one`, async (t) => {
    const site = await openArranged(t, Application, (app, sessions) => {
      app.use(sessions)
      app.use((ctx, next) => {
        ctx.session.outer = true
        return next()
      })
      app.use(mount('/shop', assemble(Application, sessions, countViews)))
    })
    const browser = site.visit()
    const first = await browser.get('/shop')
    t.is(first.text, '{"outer":true,"views":1}')
    t.is(first.setCookies.length, 1)
    t.is((await browser.get('/shop')).text, '{"outer":true,"views":2}')
    t.is(await site.sessions.count(), 1)
  })

  test(`${name}: the same sessions used twice are one, with others between`, async (t) => {
    const admin = openAdminSessions(t)
    const site = await openArranged(t, Application, (app, sessions) => {
      app.use(sessions)
      app.use((ctx, next) => {
        ctx.session.outer = true
        return next()
      })
      app.use(mount('/admin', assemble(Application, admin, sessions, countViews)))
    })
    const browser = site.visit()
    const first = await browser.get('/admin')
    t.is(first.setCookies.length, 1)
    t.is(first.text, '{"outer":true,"views":1}')
    t.is(await site.sessions.count(), 1)
  })
}
