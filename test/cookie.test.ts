import test from 'ava'
import { SessionCookie } from '../lib/cookie.ts'
import type { CookieOptions } from '../lib/cookie-options.ts'
import { resolveOptions } from '../lib/options.ts'
import { type RequestTraits, requestOf } from './support/request.ts'

const DEVELOPMENT = requestOf()
const PUBLIC = requestOf({ headers: { host: 'example.org' }, peer: '203.0.113.7' })
const HTTPS = requestOf({ headers: { host: 'example.org' }, encrypted: true })

function cookieOf(options: CookieOptions = {}, { production = false } = {}): SessionCookie {
  return new SessionCookie(resolveOptions({ cookie: options }).cookie, production, () => undefined)
}

const isSecure = (traits: RequestTraits, options: CookieOptions = {}): boolean =>
  cookieOf(options).isSecure(requestOf(traits))

test('a Secure cookie has the strictest prefix that its attributes allow', (t) => {
  t.is(cookieOf().nameOf(true), '__Host-sid')
  t.is(cookieOf({ name: 'app' }).nameOf(true), '__Host-app')
  t.is(cookieOf({ path: '/app' }).nameOf(true), '__Secure-sid')
  t.is(cookieOf({ domain: 'example.org' }).nameOf(true), '__Secure-sid')
})

test('a cookie that is not Secure has its plain name', (t) => {
  t.is(cookieOf().nameOf(false), 'sid')
  t.is(cookieOf({ path: '/app', name: 'app' }).nameOf(false), 'app')
})

test('true and false decide alone', (t) => {
  t.true(isSecure({}, { secure: true }))
  t.false(isSecure({ headers: { host: 'example.org', via: '1.1 a' } }, { secure: false }))
  t.false(cookieOf({ secure: false }, { production: true }).isSecure(HTTPS))
})

test('in development on plain http the cookie is not Secure', (t) => {
  t.false(isSecure({}))
})

test('in production, over https and across sites it is Secure even there', (t) => {
  t.true(cookieOf({}, { production: true }).isSecure(DEVELOPMENT))
  t.true(isSecure({ encrypted: true }))
  t.true(isSecure({}, { sameSite: 'none' }))
  t.true(isSecure({}, { partitioned: true, sameSite: 'lax' }))
})

test('development is a loopback Host', (t) => {
  for (const host of ['localhost', 'LOCALHOST:80', '127.0.0.1', '127.0.0.1:3000', '[::1]:3000']) {
    t.false(isSecure({ headers: { host } }), host)
  }
  const others = ['example.org', 'localhost.example.org', 'notlocalhost', 'localhost:', '', '::1']
  for (const host of [...others, 'localhost:80:80', '127.0.0.1.example.org', '192.168.0.2:3000']) {
    t.true(isSecure({ headers: { host } }), host)
  }
  t.true(isSecure({ headers: { host: undefined } }))
})

test('development is a loopback or private peer', (t) => {
  const near = ['127.0.0.1', '127.8.9.1', '10.0.0.1', '10.255.255.255', '192.168.1.1', '::1']
  const containers = ['172.16.0.1', '172.17.0.1', '172.31.255.255', 'fd00::1', 'fc12:3::4']
  for (const peer of [...near, ...containers, '::ffff:127.0.0.1', '::FFFF:172.20.0.1']) {
    t.false(isSecure({ peer }), peer)
  }
  const far = ['203.0.113.7', '172.15.0.1', '172.32.0.1', '172.1.0.1', '11.0.0.1', '192.169.0.1']
  for (const peer of [
    ...far,
    '110.0.0.1',
    '::ffff:203.0.113.7',
    '2001:db8::1',
    'fe80::1',
    'fd::',
  ]) {
    t.true(isSecure({ peer }), peer)
  }
  t.true(isSecure({ peer: undefined }), 'a Unix socket: somebody stands before us')
})

test('each sign of a proxy makes the cookie Secure', (t) => {
  const signs: RequestTraits[] = [
    { headers: { via: '1.1 proxy' } },
    { headers: { via: '' } },
    { headers: { forwarded: 'for=192.0.2.1' } },
    { headers: { 'x-forwarded-for': '192.0.2.1' } },
    { headers: { 'x-forwarded-proto': 'http' } },
    { headers: { 'x-forwarded-whatever': '' } },
    { headers: { origin: 'https://localhost:3000' } },
    { headers: { referer: 'https://example.org/' } },
    { httpVersion: '1.0' },
  ]
  for (const sign of signs) t.true(isSecure(sign), JSON.stringify(sign))
  t.false(isSecure({ headers: { origin: 'http://localhost:3000', referer: 'http://localhost/' } }))
})

test('a proxy that was seen once is not forgotten', (t) => {
  const cookie = cookieOf()
  t.false(cookie.isSecure(DEVELOPMENT))
  t.true(cookie.isSecure(requestOf({ headers: { via: '1.1 proxy' } })))
  t.true(cookie.isSecure(DEVELOPMENT))
  t.false(cookieOf().isSecure(DEVELOPMENT), 'another cookie has seen nothing')
})

test('a proxy is seen in a request that carries no cookie too', (t) => {
  const cookie = cookieOf()
  const request = requestOf({ headers: { 'x-forwarded-for': '192.0.2.1' } })
  t.deepEqual(cookie.values(request), [])
  t.true(cookie.isSecure(DEVELOPMENT))
})

test('the name that is sent and the name that is read are of one request', (t) => {
  const header = { cookie: 'sid=plain; __Host-sid=secure' }
  const cookie = cookieOf()
  t.deepEqual(cookie.values(requestOf({ headers: header })), ['plain'])
  t.deepEqual(cookie.values(requestOf({ headers: header, encrypted: true })), ['secure'])
})

test('a Set-Cookie has its attributes in one order, and no more than it needs', (t) => {
  t.is(cookieOf().set(DEVELOPMENT, 'v', undefined), 'sid=v; Path=/; HttpOnly; SameSite=Lax')
  t.is(
    cookieOf().set(HTTPS, 'v', undefined),
    '__Host-sid=v; Path=/; HttpOnly; Secure; SameSite=Lax',
  )
  t.is(
    cookieOf({
      name: 'app',
      path: '/app',
      domain: 'example.org',
      sameSite: 'none',
      partitioned: true,
      priority: 'high',
    }).set(HTTPS, 'v', 90_000),
    '__Secure-app=v; Path=/app; Domain=example.org; Max-Age=90; HttpOnly; Secure; SameSite=None; Partitioned; Priority=High',
  )
  t.is(
    cookieOf({ secure: false, sameSite: 'strict', priority: 'low' }).set(PUBLIC, 'v', undefined),
    'sid=v; Path=/; HttpOnly; SameSite=Strict; Priority=Low',
  )
})

test('Max-Age is whole seconds, from 0 to 400 days', (t) => {
  const maxAge = (lifetime: number): string | undefined =>
    /Max-Age=([^;]*)/.exec(cookieOf().set(DEVELOPMENT, 'v', lifetime))?.[1]
  const day = 86_400_000
  t.is(maxAge(1000), '1')
  t.is(maxAge(1999), '1')
  t.is(maxAge(999), '0')
  t.is(maxAge(0), '0')
  t.is(maxAge(-5000), '0')
  t.is(maxAge(400 * day), '34560000')
  t.is(maxAge(401 * day), '34560000')
  t.is(maxAge(1000 * 365 * day), '34560000')
})

test('a clearing cookie has the attributes the cookie was set with', (t) => {
  t.is(
    cookieOf().clear(DEVELOPMENT),
    'sid=; Path=/; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; SameSite=Lax',
  )
  t.is(
    cookieOf({ domain: 'example.org', partitioned: true, priority: 'medium' }).clear(HTTPS),
    '__Secure-sid=; Path=/; Domain=example.org; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; Secure; SameSite=None; Partitioned; Priority=Medium',
  )
})

/** What is warned of when a cookie is set for each of these requests in turn. */
function warningsOf(requests: readonly RequestTraits[], options: CookieOptions = {}): string[] {
  const warnings: string[] = []
  const cookie = new SessionCookie(resolveOptions({ cookie: options }).cookie, true, (message) =>
    warnings.push(message),
  )
  for (const traits of requests) cookie.set(requestOf(traits), 'v', undefined)
  return warnings
}

test('a cookie that a browser will refuse is warned of once, with the cure', (t) => {
  const plain = { headers: { host: 'example.org' }, peer: '203.0.113.7' }
  t.deepEqual(warningsOf([plain, plain, plain]), [
    'The session cookie is Secure, but this request came over plain http: a browser will refuse the cookie. ' +
      'Behind a proxy that ends https, have it send X-Forwarded-Proto and set app.proxy = true; ' +
      'without https, use session({ cookie: { secure: false } })',
  ])
  t.is(warningsOf([plain], { secure: true }).length, 1)
  const proto = (value: string): RequestTraits => ({
    headers: { host: 'example.org', 'x-forwarded-proto': value },
  })
  t.is(warningsOf([proto('http')]).length, 1)
})

test('a cookie that a browser will take is not warned of', (t) => {
  const host = 'example.org'
  const taken: RequestTraits[] = [
    { headers: { host }, encrypted: true },
    { headers: { host: 'localhost:3000' } },
    { headers: { host, 'x-forwarded-proto': 'https' } },
    { headers: { host, 'x-forwarded-proto': 'HTTPS, http' } },
    { headers: { host, forwarded: 'for=192.0.2.1;proto=https' } },
    { headers: { host, via: '1.1 proxy' } },
    { headers: { host, origin: 'https://example.org' } },
  ]
  t.deepEqual(warningsOf(taken), [])
  t.deepEqual(warningsOf([{ headers: { host } }], { secure: false }), [])
})
