import type { ServerResponse } from 'node:http'
import test from 'ava'
import { KOA_VERSIONS, openOn } from '../support/neighbours.ts'
import { until } from '../support/waiting.ts'

/** Ways to call writeHead(), all with the same three headers where there are any. */
const HEADS: readonly {
  readonly kind: string
  readonly hasHeaders: boolean
  readonly write: (response: ServerResponse) => void
  /** What the library still does wrong here. */
}[] = [
  { kind: 'nothing else', hasHeaders: false, write: (response) => response.writeHead(201) },
  { kind: 'a reason', hasHeaders: false, write: (response) => response.writeHead(201, 'Made') },
  {
    kind: 'headers as an object',
    hasHeaders: true,
    write: (response) =>
      response.writeHead(201, { 'set-cookie': ['a=1', 'b=2'], VARY: 'Accept', 'X-Own': 'yes' }),
  },
  {
    kind: 'a reason and headers as an object',
    hasHeaders: true,
    write: (response) =>
      response.writeHead(201, 'Made', {
        'Set-Cookie': ['a=1', 'b=2'],
        Vary: 'Accept',
        'X-Own': 'yes',
      }),
  },
  {
    kind: 'headers as a flat array',
    hasHeaders: true,
    write: (response) =>
      response.writeHead(201, [
        ...['Set-Cookie', 'a=1', 'Vary', 'Accept'],
        ...['Set-Cookie', 'b=2', 'X-Own', 'yes'],
      ]),
  },
  {
    kind: 'headers as an array of pairs',
    hasHeaders: true,
    write: (response) =>
      response.writeHead(201, [
        ['Set-Cookie', 'a=1'],
        ['Vary', 'Accept'],
        ['Set-Cookie', 'b=2'],
        ['X-Own', 'yes'],
      ] as never),
  },
  {
    kind: 'headers as an array of pairs with several values',
    hasHeaders: true,
    write: (response) =>
      response.writeHead(201, [
        ['Set-Cookie', ['a=1', 'b=2']],
        ['Vary', 'Accept'],
        ['X-Own', 'yes'],
      ] as never),
  },
]

for (const { name, Application } of KOA_VERSIONS) {
  for (const { kind, hasHeaders, write } of HEADS) {
    test(`${name}: with ctx.respond = false and writeHead() given ${kind}, all headers go out`, async (t) => {
      const site = await openOn(t, Application, {
        '/': async (ctx) => {
          ctx.session.views = (ctx.session.views ?? 0) + 1
          await ctx.session.save()
          ctx.respond = false
          write(ctx.res)
          ctx.res.end(`${ctx.session.views}`)
        },
      })
      const browser = site.visit()
      const page = await browser.get('/')
      t.is(page.status, 201)
      t.is(page.text, '1')
      t.deepEqual(
        page.setCookies.map((line) => line.split(';')[0]?.replace(/^(sid)=.*/, '$1')),
        [...(hasHeaders ? ['a=1', 'b=2'] : []), 'sid'],
      )
      t.is(page.headers.get('vary'), hasHeaders ? 'Accept, Cookie' : 'Cookie')
      t.is(page.headers.get('x-own'), hasHeaders ? 'yes' : null)
      const second = await browser.get('/')
      t.is(second.text, '2')
      t.is(second.setCookies.length, hasHeaders ? 2 : 0)
      t.deepEqual(site.errors, [])
    })
  }

  test(`${name}: with ctx.respond = false an existing session is saved after the response`, async (t) => {
    const site = await openOn(t, Application, {
      '/': (ctx) => {
        ctx.session.views = 0
        return 'stored'
      },
      '/own': (ctx) => {
        ctx.respond = false
        ctx.res.end('own')
        ctx.session.views += 1
      },
      '/read': (ctx) => ctx.session.views,
    })
    const browser = site.visit()
    await browser.get('/')
    const own = await browser.get('/own')
    t.is(own.text, 'own')
    await until(() => site.events.some(({ name }) => name === 'save'))
    t.is((await browser.get('/read')).text, '1')
    t.deepEqual(site.errors, [])
  })

  test(`${name}: with ctx.respond = false a new session is not stored after the response, and an event says so`, async (t) => {
    const site = await openOn(t, Application, {
      '/own': (ctx) => {
        ctx.session.views = 1
        ctx.respond = false
        ctx.res.end('own')
      },
    })
    const own = await site.visit().get('/own')
    t.is(own.text, 'own')
    t.is(own.headers.get('vary'), 'Cookie')
    t.deepEqual(own.setCookies, [])
    await until(() => site.errors.length > 0)
    t.like(site.errors[0], { code: 'ERR_SESSION_HEADERS_SENT' })
    t.is(site.errors.length, 1)
    t.is(await site.sessions.count(), 0)
  })

  test(`${name}: with ctx.respond = false and an answer given later, the cookie goes out with it`, async (t) => {
    const site = await openOn(t, Application, {
      '/own': (ctx) => {
        ctx.session.views = 1
        ctx.respond = false
        setTimeout(() => ctx.res.writeHead(200, { Vary: 'Accept' }).end('own'), 50)
      },
      '/read': (ctx) => ctx.session.views,
    })
    const browser = site.visit()
    const own = await browser.get('/own')
    t.is(own.setCookies.length, 1)
    t.is(own.headers.get('vary'), 'Accept, Cookie')
    t.is((await browser.get('/read')).text, '1')
  })

  test(`${name}: a sign-in after the response keeps its id, and an event says so`, async (t) => {
    const site = await openOn(t, Application, {
      '/': (ctx) => {
        ctx.session.views = 0
        return 'stored'
      },
      '/own': (ctx) => {
        ctx.respond = false
        ctx.res.end('own')
        ctx.session.user = 'ada'
      },
      '/read': (ctx) => ctx.session.user,
    })
    const browser = site.visit()
    await browser.get('/')
    await browser.get('/own')
    await until(() => site.errors.length > 0)
    t.like(site.errors[0], { code: 'ERR_SESSION_HEADERS_SENT' })
    t.is((await browser.get('/read')).text, 'ada')
  })

  test(`${name}: what is written by hand without writeHead() carries the cookie too`, async (t) => {
    const site = await openOn(t, Application, {
      '/': async (ctx) => {
        ctx.session.views = 1
        await ctx.session.save()
        ctx.respond = false
        ctx.res.statusCode = 202
        ctx.res.setHeader('Set-Cookie', 'own=1')
        ctx.res.write('first ')
        ctx.res.end('last')
      },
    })
    const page = await site.visit().get('/')
    t.is(page.status, 202)
    t.is(page.text, 'first last')
    t.deepEqual(
      page.setCookies.map((line) => line.split('=')[0]),
      ['own', 'sid'],
    )
    t.is(page.headers.get('vary'), 'Cookie')
  })
}
