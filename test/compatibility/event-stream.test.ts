import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { PassThrough } from 'node:stream'
import test, { type ExecutionContext } from 'ava'
import type Koa from 'koa'
import type { Context } from 'koa'
import type { Browser } from '../support/browser.ts'
import { KOA_VERSIONS, openOn } from '../support/neighbours.ts'
import { until } from '../support/waiting.ts'
import type { Website } from '../support/website.ts'

/** Plays a news site. What a stream does, once it is open, comes from the test. */
interface NewsSite extends Website {
  readonly streams: { readonly ctx: Context; readonly body: PassThrough }[]
  /** Opens the stream as this browser, and gives what has come once its head is here. */
  listen(browser: Browser, path?: string): Promise<IncomingMessage>
}

async function openNews(t: ExecutionContext, Application: typeof Koa): Promise<NewsSite> {
  const streams: { ctx: Context; body: PassThrough }[] = []
  const stream = (ctx: Context): void => {
    const body = new PassThrough()
    ctx.type = 'text/event-stream'
    ctx.body = body
    ctx.session.listening = true
    ctx.flushHeaders()
    body.write('data: hello\n\n')
    streams.push({ ctx, body })
  }
  const site = await openOn(t, Application, {
    '/': (ctx) => {
      ctx.session.count = 0
      return 'stored'
    },
    '/stream': stream,
    '/own-stream': async (ctx) => {
      ctx.respond = false
      ctx.session.listening = true
      ctx.res.writeHead(200, { 'Content-Type': 'text/event-stream' })
      ctx.res.write('data: hello\n\n')
      await once(ctx.res, 'close')
      ctx.session.left = true
    },
    '/logout': (ctx) => {
      ctx.session = null
      return 'out'
    },
    '/read': (ctx) => ({ ...ctx.session }),
  })
  const listen = async (browser: Browser, path = '/stream'): Promise<IncomingMessage> => {
    const cookie = [...browser.cookies].map((pair) => pair.join('=')).join('; ')
    const request = get(`${site.origin}${path}`, { headers: { cookie }, agent: false })
    const [response] = await once(request, 'response')
    return response
  }
  return { ...site, streams, listen }
}

for (const { name, Application } of KOA_VERSIONS) {
  test(`${name}: an existing session is saved although the stream has begun`, async (t) => {
    const site = await openNews(t, Application)
    const browser = site.visit()
    await browser.get('/')
    const stream = await site.listen(browser)
    t.is(stream.headers['set-cookie'], undefined)
    t.is(stream.headers.vary, 'Cookie')
    await until(() => site.events.some((event) => event.name === 'save'))
    t.is((await browser.get('/read')).text, '{"count":0,"listening":true}')
    site.streams[0]?.body.end('data: bye\n\n')
    t.is(Buffer.concat(await stream.toArray()).toString(), 'data: hello\n\ndata: bye\n\n')
    t.deepEqual(site.errors, [])
  })

  test(`${name}: a stream does not begin a session, and an event says so`, async (t) => {
    const site = await openNews(t, Application)
    const stream = await site.listen(site.visit())
    t.is(stream.headers['set-cookie'], undefined)
    await until(() => site.errors.length > 0)
    t.like(site.errors[0], { code: 'ERR_SESSION_HEADERS_SENT' })
    t.is(await site.sessions.count(), 0)
    site.streams[0]?.body.end()
    t.is(Buffer.concat(await stream.toArray()).toString(), 'data: hello\n\n')
  })

  test(`${name}: update() works as long as the stream is open, and knows when the visitor has logged out`, async (t) => {
    const site = await openNews(t, Application)
    const browser = site.visit()
    await browser.get('/')
    const stream = await site.listen(browser)
    const { ctx, body } = site.streams[0] ?? t.fail('no stream')
    const increment = (): Promise<void> =>
      ctx.session.update((data) => {
        data.count += 1
      })
    await Promise.all([increment(), increment(), increment()])
    t.is((await browser.get('/read')).text, '{"count":3,"listening":true}')
    await t.throwsAsync(ctx.session.regenerate(), { code: 'ERR_SESSION_HEADERS_SENT' })
    await browser.get('/logout')
    await t.throwsAsync(increment(), { code: 'ERR_SESSION_GONE' })
    t.is(await site.sessions.count(), 0)
    body.end()
    await stream.toArray()
  })

  test(`${name}: what happens when the client aborts a stream is saved`, async (t) => {
    const site = await openNews(t, Application)
    const browser = site.visit()
    await browser.get('/')
    const stream = await site.listen(browser, '/own-stream')
    stream.destroy()
    await until(() => site.events.some((event) => event.name === 'save'))
    t.is((await browser.get('/read')).text, '{"count":0,"listening":true,"left":true}')
    t.deepEqual(site.errors, [])
  })

  test(`${name}: a client that aborts before the response harms nobody, and its changes are saved`, async (t) => {
    const controller = new AbortController()
    const site = await openOn(t, Application, {
      '/': (ctx) => {
        ctx.session.count = 0
        return 'stored'
      },
      '/slow': async (ctx) => {
        controller.abort()
        await once(ctx.req.socket, 'close')
        ctx.session.count += 1
        return 'too late'
      },
      '/read': (ctx) => ctx.session.count,
    })
    const browser = site.visit()
    await browser.get('/')
    const slow = browser.send('/slow', { signal: controller.signal })
    t.is(await slow.catch(({ name }) => name), 'AbortError')
    await until(() => site.events.some((event) => event.name === 'save'))
    t.is((await browser.get('/read')).text, '1')
  })
}
