import { once } from 'node:events'
import { connect, createServer } from 'node:http2'
import type { AddressInfo } from 'node:net'
import test from 'ava'
import { SessionError } from '../../lib/errors.ts'
import { shop } from '../support/attacked-shop.ts'
import { Attacker } from '../support/attacker.ts'
import { openShop } from '../support/forger.ts'
import { openWebsite } from '../support/website.ts'

test('over HTTP/2 sessions work, with cookies in several fields', async (t) => {
  const site = await openWebsite(t, shop)
  const server = createServer(site.app.callback() as never)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  t.teardown(() => {
    client.close()
    server.close()
  })
  const get = async (
    path: string,
    cookie: string[] = [],
  ): Promise<{ text: string; cookies: readonly string[] }> => {
    const stream = client.request({
      ':path': path,
      ...(cookie.length > 0 ? { cookie } : {}),
    } as never)
    const [headers] = await once(stream, 'response')
    let text = ''
    for await (const chunk of stream.setEncoding('utf8')) text += chunk
    return { text, cookies: headers['set-cookie'] ?? [] }
  }
  const { cookies } = await get('/login')
  t.regex(cookies[0] ?? '', /^sid=[\w-]{64}; Path=\/; HttpOnly; SameSite=Lax$/)
  const pair = cookies[0]?.split(';')[0] as string
  t.is((await get('/', ['a=1', pair, 'b=2'])).text, 'hello ann')
  t.is((await get('/', ['a=1', `__Host-${pair}`])).text, 'hello stranger')
})

test('no shape of request brings the site down or makes somebody of a stranger', async (t) => {
  const { site, attacker, ann } = await openShop(t)
  const cookie = `Cookie: sid=${ann}\r\n`
  const begin = 'GET / HTTP/1.1\r\nConnection: close\r\n'
  const shapes = [
    `${begin}Host: localhost\r\nHost: evil.example\r\n${cookie}\r\n`,
    `${begin}${cookie}\r\n`,
    `GET / HTTP/1.0\r\nHost: localhost\r\n${cookie}\r\n`,
    `${begin.replace('/', 'http://evil.example/')}Host: evil.example\r\n${cookie}\r\n`,
    `${begin}Host: localhost\r\nCookie: \r\n sid=${ann}\r\n\r\n`,
    `${begin}Host: localhost\r\nCookie : sid=${ann}\r\n\r\n`,
    `${begin.replace('GET /', 'OPTIONS *')}Host: localhost\r\n${cookie}\r\n`,
    `${begin}Host: localhost\r\n${cookie.repeat(100)}\r\n`,
    `${begin}Host: localhost\r\n${cookie}Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n`,
    `${begin.replace('GET', '\x16\x03GET')}Host: localhost\r\n${cookie}\r\n`,
  ]
  for (const shape of shapes) {
    const [answer] = await attacker.converse(shape)
    t.true([200, 400, 404, 431].includes(answer?.status ?? 0), `${answer?.status} ${shape}`)
    t.deepEqual(answer?.setCookies, [])
  }
  t.is((await new Attacker(site.origin).get('/')).body, 'hello stranger')
  t.false(site.errors.some((error) => error instanceof SessionError))
})

test('a visitor who leaves in the middle of a request leaves a session that works', async (t) => {
  const site = await openWebsite(t, {
    ...shop,
    '/slow': async (ctx) => {
      ctx.session.slow = (ctx.session.slow ?? 0) + 1
      await new Promise((resolve) => setTimeout(resolve, 20))
      return 'slow'
    },
  })
  const ann = site.visit()
  await ann.get('/login')
  const left = Array.from({ length: 10 }, () =>
    ann.send('/slow', { signal: AbortSignal.timeout(5) }).catch(() => 'left'),
  )
  await Promise.all(left)
  t.is((await ann.get('/slow')).status, 200)
  t.is((await ann.get('/')).text, 'hello ann')
})
