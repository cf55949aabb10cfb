import { Readable } from 'node:stream'
import test from 'ava'
import type { Context } from 'koa'
import { KOA_VERSIONS, openArranged, openOn } from '../support/neighbours.ts'
import { SlowStore } from '../support/slow-store.ts'

/** A way to answer, and what arrives of it. */
interface Answer {
  readonly kind: string
  readonly method?: string
  readonly give: (ctx: Context) => void
  readonly status: number
  readonly text: string
}

const ANSWERS: readonly Answer[] = [
  { kind: 'a text', give: (ctx) => setBody(ctx, 'text'), status: 200, text: 'text' },
  { kind: 'JSON', give: (ctx) => setBody(ctx, { a: 1 }), status: 200, text: '{"a":1}' },
  { kind: 'a Buffer', give: (ctx) => setBody(ctx, Buffer.from('raw')), status: 200, text: 'raw' },
  {
    kind: 'a stream',
    give: (ctx) => setBody(ctx, Readable.from(['one', 'two'])),
    status: 200,
    text: 'onetwo',
  },
  {
    kind: 'a HEAD request',
    method: 'HEAD',
    give: (ctx) => setBody(ctx, 'text'),
    status: 200,
    text: '',
  },
  { kind: 'an empty 204', give: (ctx) => setStatus(ctx, 204), status: 204, text: '' },
  { kind: 'a 304', give: (ctx) => setStatus(ctx, 304), status: 304, text: '' },
  { kind: 'a 404 without a body', give: () => undefined, status: 404, text: 'Not Found' },
  {
    kind: 'a redirect',
    give: (ctx) => ctx.redirect('/read'),
    status: 302,
    text: 'Redirecting to /read.',
  },
]

function setBody(ctx: Context, body: unknown): void {
  ctx.body = body
}

function setStatus(ctx: Context, status: number): void {
  ctx.status = status
}

for (const { name, Application } of KOA_VERSIONS) {
  for (const { kind, method = 'GET', give, status, text } of ANSWERS) {
    test(`${name}: the session is stored before ${kind} is sent`, async (t) => {
      const store = new SlowStore()
      const site = await openOn(
        t,
        Application,
        {
          '/': (ctx) => {
            ctx.session.views = (ctx.session.views ?? 0) + 1
            give(ctx)
          },
          '/read': (ctx) => `${ctx.session.views}`,
        },
        { store },
      )
      const browser = site.visit()
      for (const views of [1, 2]) {
        const page = await browser.send('/', { method })
        t.is(store.writesDone, views)
        t.is(page.status, status)
        t.is(page.text.replace(/<[^>]*>/g, ''), text)
        t.is(page.headers.get('vary')?.includes('Cookie'), true)
        t.is(page.setCookies.length, views === 1 ? 1 : 0)
        t.is((await browser.get('/read')).text, `${views}`)
      }
      t.deepEqual(site.errors, [])
    })
  }

  test(`${name}: a page's own Vary and Cache-Control stay`, async (t) => {
    const site = await openOn(t, Application, {
      '/': (ctx) => {
        ctx.vary('Accept-Encoding')
        ctx.set('Cache-Control', 'private, max-age=60')
        return `${ctx.session.views}`
      },
      '/all': (ctx) => {
        ctx.set('Vary', '*')
        return `${ctx.session.views}`
      },
      '/cookie': (ctx) => {
        ctx.vary('cookie')
        return `${ctx.session.views}`
      },
    })
    const browser = site.visit()
    const page = await browser.get('/')
    t.is(page.headers.get('vary'), 'Accept-Encoding, Cookie')
    t.is(page.headers.get('cache-control'), 'private, max-age=60')
    t.is((await browser.get('/all')).headers.get('vary'), '*')
    t.is((await browser.get('/cookie')).headers.get('vary'), 'cookie')
  })

  test(`${name}: cookies of ctx.cookies, signed ones too, stand beside the session's`, async (t) => {
    const site = await openArranged(
      t,
      Application,
      (app, sessions) => {
        app.keys = ['a key of the application']
        app.use(sessions)
      },
      {
        '/': (ctx) => {
          ctx.cookies.set('theme', 'dark', { signed: true })
          ctx.session.user = 'ada'
          ctx.cookies.set('plain', 'yes', { signed: false })
          return 'set'
        },
        '/read': (ctx) => ({
          theme: ctx.cookies.get('theme', { signed: true }),
          plain: ctx.cookies.get('plain', { signed: false }),
          user: ctx.session.user,
        }),
        '/logout': (ctx) => {
          ctx.session = null
          ctx.cookies.set('theme', 'light', { signed: true })
          return 'out'
        },
      },
    )
    const browser = site.visit()
    const page = await browser.get('/')
    t.deepEqual(
      page.setCookies.map((line) => line.split('=')[0]),
      ['theme', 'theme.sig', 'plain', 'sid'],
    )
    const read = JSON.stringify({ theme: 'dark', plain: 'yes', user: 'ada' })
    t.is((await browser.get('/read')).text, read)
    await browser.get('/logout')
    t.deepEqual([...browser.cookies.keys()], ['theme', 'theme.sig', 'plain'])
    t.is((await browser.get('/read')).text, JSON.stringify({ theme: 'light', plain: 'yes' }))
  })
}
