import { once } from 'node:events'
import {
  connect,
  createServer,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
} from 'node:http2'
import type { AddressInfo } from 'node:net'
import test, { type ExecutionContext } from 'ava'
import type Koa from 'koa'
import type { Context } from 'koa'
import { session } from '../../lib/index.ts'
import { MemoryStore } from '../../stores/memory.ts'
import { KOA_VERSIONS } from '../support/neighbours.ts'

interface Answer {
  readonly headers: IncomingHttpHeaders & { readonly ':status'?: number }
  readonly text: string
}

/** Sends a GET over one HTTP/2 connection. */
type Get = (path: string, headers?: Readonly<Record<string, string>>) => Promise<Answer>

/** Plays a server that speaks HTTP/2 without TLS, and a client connected to it. */
async function openConnection(
  t: ExecutionContext,
  Application: typeof Koa,
  handle: (ctx: Context) => unknown,
  secure: boolean | 'auto' = false,
): Promise<Get> {
  const sessions = session({ store: new MemoryStore(), sweep: false, cookie: { secure } })
  const app = new Application()
  app.silent = true
  app.use(sessions).use(handle as never)
  const server = createServer(app.callback() as never)
  const connections = new Set<ServerHttp2Session>()
  server.on('session', (connection) => connections.add(connection))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  t.teardown(async () => {
    client.destroy()
    for (const connection of connections) connection.destroy()
    server.close()
    await sessions.close()
  })
  return async (path, headers = {}) => {
    const request = client.request({ ':path': path, ...headers })
    const response = once(request, 'response')
    const body = await request.setEncoding('utf8').toArray()
    const [received] = await response
    return { headers: received, text: body.join('') }
  }
}

function cookieOf({ headers }: Answer): string {
  return headers['set-cookie']?.map((line) => line.split(';')[0]).join('; ') ?? ''
}

for (const { name, Application } of KOA_VERSIONS) {
  test(`${name}: over HTTP/2 the cookie and Vary go out, and the session is there again`, async (t) => {
    const get = await openConnection(t, Application, (ctx) => {
      ctx.cookies.set('theme', 'dark', { signed: false })
      ctx.session.views = (ctx.session.views ?? 0) + 1
      ctx.body = `${ctx.session.views}`
    })
    const first = await get('/')
    t.is(first.text, '1')
    t.is(first.headers.vary, 'Cookie')
    t.is(first.headers['set-cookie']?.length, 2)
    const second = await get('/', { cookie: cookieOf(first) })
    t.is(second.text, '2')
    t.is(second.headers['set-cookie']?.length, 1)
  })

  test(`${name}: over HTTP/2 an error page carries the cookie too`, async (t) => {
    const get = await openConnection(t, Application, (ctx) => {
      if (ctx.path === '/read') ctx.body = `${ctx.session.views}`
      else {
        ctx.session.views = 1
        ctx.throw(418)
      }
    })
    const page = await get('/')
    t.is(page.headers[':status'], 418)
    t.is(page.headers['set-cookie']?.length, 1)
    t.is((await get('/read', { cookie: cookieOf(page) })).text, '1')
  })

  test(`${name}: over HTTP/2 a response by hand carries the cookie, and its own headers stay`, async (t) => {
    const get = await openConnection(t, Application, async (ctx) => {
      ctx.session.views = (ctx.session.views ?? 0) + 1
      await ctx.session.save()
      ctx.respond = false
      ctx.res.writeHead(201, { 'set-cookie': ['a=1'], vary: 'Accept', 'x-own': 'yes' })
      ctx.res.end(`${ctx.session.views}`)
    })
    const first = await get('/')
    t.is(first.headers[':status'], 201)
    t.is(first.headers.vary, 'Accept, Cookie')
    t.is(first.headers['x-own'], 'yes')
    t.is(first.headers['set-cookie']?.length, 2)
    t.is((await get('/', { cookie: cookieOf(first) })).text, '2')
  })

  test(`${name}: over HTTP/2 a stream that has begun saves an existing session`, async (t) => {
    const get = await openConnection(t, Application, (ctx) => {
      ctx.session.views = (ctx.session.views ?? 0) + 1
      ctx.body = `${ctx.session.views}`
      if (ctx.path === '/stream') ctx.flushHeaders()
    })
    const cookie = cookieOf(await get('/'))
    t.is((await get('/stream', { cookie })).text, '2')
    t.is((await get('/', { cookie })).text, '3')
  })

  test(`${name}: over HTTP/2 on the loopback host the cookie is the one of development`, async (t) => {
    const handle = (ctx: Context): void => {
      ctx.session.views = 1
    }
    const get = await openConnection(t, Application, handle, 'auto')
    t.regex(cookieOf(await get('/')), /^sid=/)
  })
}
