import test from 'ava'
import type { Context } from 'koa'
import { KOA_VERSIONS, openArranged, openOn } from '../support/neighbours.ts'
import { createMeeting } from '../support/waiting.ts'

const SHARED = Object.assign(new Error('the same for everybody'), { status: 409, expose: true })

/** What handlers throw, and the status that Koa makes of it. */
const THROWN: readonly {
  readonly kind: string
  readonly status: number
  readonly fail: (ctx: Context) => never
  /** What Koa 3 makes of it, where that is something else. */
  readonly statusOfKoa3?: number
  /** Dropped whatever the status: Koa 2 takes it for a missing page, but it says that a file is. */
  readonly isFailure?: true
}[] = [
  { kind: 'a string', status: 500, fail: () => raise('text') },
  { kind: 'a number', status: 500, fail: () => raise(404) },
  { kind: 'an object without a prototype', status: 500, fail: () => raise(Object.create(null)) },
  {
    kind: 'an object without a prototype that has a status',
    status: 500,
    fail: () => raise(Object.assign(Object.create(null), { status: 404 })),
  },
  { kind: 'an error', status: 500, fail: () => raise(new Error('broken')) },
  {
    kind: 'an error of a missing file',
    status: 404,
    statusOfKoa3: 500,
    isFailure: true,
    fail: () => raise(Object.assign(new Error('no file'), { code: 'ENOENT' })),
  },
  {
    kind: 'an error with a made-up status',
    status: 500,
    fail: () => raise(Object.assign(new Error('odd'), { status: 299 })),
  },
  {
    kind: 'an error with statusCode',
    status: 402,
    fail: () => raise(Object.assign(new Error('pay'), { statusCode: 402 })),
  },
  { kind: 'ctx.throw(404)', status: 404, fail: (ctx) => ctx.throw(404) },
  { kind: 'ctx.throw(503)', status: 503, fail: (ctx) => ctx.throw(503) },
  { kind: 'an error that is shared', status: 409, fail: () => raise(SHARED) },
]

function raise(thrown: unknown): never {
  throw thrown
}

for (const { name, Application } of KOA_VERSIONS) {
  for (const { kind, status: usual, statusOfKoa3 = usual, fail, isFailure } of THROWN) {
    const status = name === 'Koa 3' ? statusOfKoa3 : usual
    const isStored = status < 500 && !isFailure
    test(`${name}: after ${kind} is thrown, what the request changed is ${isStored ? 'stored' : 'dropped'}`, async (t) => {
      const site = await openOn(t, Application, {
        '/': (ctx) => {
          ctx.session.views = (ctx.session.views ?? 0) + 1
          return ctx.session.views
        },
        '/fail': (ctx) => {
          ctx.session.failed = true
          fail(ctx)
        },
        '/read': (ctx) => ({ ...ctx.session }),
      })
      const [newcomer, browser] = [site.visit(), site.visit()]
      await browser.get('/')
      const page = await newcomer.get('/fail')
      t.is(page.status, status)
      t.is(page.headers.get('vary'), 'Cookie')
      t.is(page.setCookies.length, isStored ? 1 : 0)
      t.is((await newcomer.get('/read')).text, isStored ? '{"failed":true}' : '{}')
      t.deepEqual((await browser.get('/fail')).setCookies, [])
      const text = isStored ? '{"views":1,"failed":true}' : '{"views":1}'
      t.is((await browser.get('/read')).text, text)
    })

    test(`${name}: ${kind}, thrown after regenerate() and save(), still delivers the cookie`, async (t) => {
      const site = await openOn(t, Application, {
        '/': (ctx) => {
          ctx.session.views = 1
          return 'stored'
        },
        '/fail': async (ctx) => {
          await ctx.session.regenerate({ keep: true })
          ctx.session.saved = true
          await ctx.session.save()
          fail(ctx)
        },
        '/read': (ctx) => ({ ...ctx.session }),
      })
      const browser = site.visit()
      await browser.get('/')
      const before = browser.clone()
      const page = await browser.get('/fail')
      t.is(page.status, status)
      t.is(page.setCookies.length, 1)
      t.is(page.headers.get('cache-control'), 'no-store')
      t.is((await browser.get('/read')).text, '{"views":1,"saved":true}')
      t.is((await before.get('/read')).text, '{}')
    })
  }

  test(`${name}: an error thrown for two visitors at once carries the cookie of neither to the other`, async (t) => {
    const meet = createMeeting(2)
    const site = await openOn(t, Application, {
      '/fail': async (ctx) => {
        ctx.session.visitor = ctx.query.visitor
        await meet()
        throw SHARED
      },
      '/read': (ctx) => `${ctx.session.visitor}`,
    })
    const [ada, bob] = [site.visit(), site.visit()]
    const pages = await Promise.all([ada.get('/fail?visitor=ada'), bob.get('/fail?visitor=bob')])
    t.deepEqual(
      pages.map(({ setCookies }) => setCookies.length),
      [1, 1],
    )
    t.is((await ada.get('/read')).text, 'ada')
    t.is((await bob.get('/read')).text, 'bob')
    t.false('headers' in SHARED)
  })

  test(`${name}: the headers an error brings along stay, its Set-Cookie and Vary too`, async (t) => {
    const headers = { 'Set-Cookie': ['a=1', 'b=2'], Vary: 'Accept', Allow: 'GET' }
    const error = Object.assign(new Error('no'), { status: 405, headers })
    const site = await openOn(t, Application, {
      '/': (ctx) => {
        ctx.session.views = 1
        throw error
      },
    })
    const page = await site.visit().get('/')
    t.is(page.status, 405)
    t.is(page.headers.get('allow'), 'GET')
    t.is(page.headers.get('vary'), 'Accept, Cookie')
    t.deepEqual(
      page.setCookies.map((line) => line.split('=')[0]),
      ['a', 'b', 'sid'],
    )
    t.deepEqual(headers, { 'Set-Cookie': ['a=1', 'b=2'], Vary: 'Accept', Allow: 'GET' })
  })

  for (const { kind, error } of [
    { kind: 'a frozen error', error: Object.freeze(Object.assign(new Error(), { status: 404 })) },
    { kind: 'a string', error: 'text' },
    { kind: 'an error', error: new Error('broken') },
  ]) {
    test(`${name}: an outer handler that makes a page of ${kind} gets it as it was thrown`, async (t) => {
      const caught: unknown[] = []
      const isStored = typeof error === 'object' && 'status' in error
      const site = await openArranged(
        t,
        Application,
        (app, sessions) => {
          app.use(async (ctx, next) => {
            try {
              await next()
            } catch (thrown) {
              caught.push(thrown)
              ctx.body = 'an error page'
            }
          })
          app.use(sessions)
        },
        {
          '/fail': (ctx) => {
            ctx.session.failed = true
            raise(error)
          },
          '/read': (ctx) => ({ ...ctx.session }),
        },
      )
      const browser = site.visit()
      const page = await browser.get('/fail')
      t.is(page.text, 'an error page')
      t.is(caught[0], error)
      t.is(page.setCookies.length, isStored ? 1 : 0)
      t.is(page.headers.get('vary'), 'Cookie')
      t.is((await browser.get('/read')).text, isStored ? '{"failed":true}' : '{}')
    })
  }

  test(`${name}: an inner handler that makes a page of an error decides by its status`, async (t) => {
    const site = await openArranged(
      t,
      Application,
      (app, sessions) => {
        app.use(sessions)
        app.use(async (ctx, next) => {
          try {
            await next()
          } catch {
            ctx.status = Number(ctx.query.status)
            ctx.body = 'an error page'
          }
        })
      },
      {
        '/fail': (ctx) => {
          ctx.session.failed = true
          throw new Error('broken')
        },
      },
    )
    t.is((await site.visit().get('/fail?status=422')).setCookies.length, 1)
    t.is((await site.visit().get('/fail?status=500')).setCookies.length, 0)
    t.is(await site.sessions.count(), 1)
  })

  test(`${name}: a logout stands whatever the request throws`, async (t) => {
    const site = await openOn(t, Application, {
      '/': (ctx) => {
        ctx.session.user = 'ada'
        return 'stored'
      },
      '/logout': (ctx) => {
        ctx.session = null
        raise('text')
      },
    })
    const browser = site.visit()
    await browser.get('/')
    const page = await browser.get('/logout')
    t.is(page.status, 500)
    t.regex(page.setCookies.join(), /^sid=; Path=\/; Max-Age=0/)
    t.is(await site.sessions.count(), 0)
  })

  test(`${name}: what cannot be stored becomes a 500 without a cookie, and the handler's own error goes before it`, async (t) => {
    const site = await openOn(t, Application, {
      '/': (ctx) => {
        ctx.session.amount = 10n
        if ('teapot' in ctx.query) ctx.throw(418)
        return 'a page'
      },
    })
    const page = await site.visit().get('/')
    t.is(page.status, 500)
    t.is(page.text, 'Internal Server Error')
    t.deepEqual(page.setCookies, [])
    t.like(site.errors[0], { code: 'ERR_SESSION_VALUE' })
    const teapot = await site.visit().get('/?teapot')
    t.is(teapot.status, 418)
    t.deepEqual(teapot.setCookies, [])
    t.deepEqual(
      site.errors.slice(1).map((error) => (error as { code?: string; status: number }).code),
      ['ERR_SESSION_VALUE', undefined],
    )
  })
}
