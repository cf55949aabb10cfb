import test from 'ava'
import { PAGES } from '../support/pages.ts'
import { ask } from '../support/telephone.ts'
import { openWebsite } from '../support/website.ts'

const DEVELOPMENT = /^sid=[\w-]{64}; Path=\/; HttpOnly; SameSite=Lax$/
const PREFIXED = /^__Host-sid=[\w-]{64}; Path=\/; HttpOnly; Secure; SameSite=Lax$/

const PROXY_SIGNS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  Via: { Via: '1.1 proxy' },
  Forwarded: { Forwarded: 'for=192.0.2.60;proto=http' },
  'X-Forwarded-For': { 'X-Forwarded-For': '192.0.2.60' },
  'X-Forwarded-Proto: http': { 'X-Forwarded-Proto': 'http' },
  'X-Forwarded-Host': { 'X-Forwarded-Host': 'example.org' },
  'an https Origin': { Origin: 'https://example.org' },
  'an https Referer': { Referer: 'https://example.org/page' },
}

function cookieOf(line: string | undefined): string {
  return String(line).split(';')[0] ?? ''
}

test('in development on plain http the cookie is sid, without Secure', async (t) => {
  const site = await openWebsite(t, PAGES)
  const [line] = (await site.visit().get('/count')).setCookies
  t.regex(line ?? '', DEVELOPMENT)
  t.deepEqual(site.warnings, [])
})

for (const host of ['localhost', 'localhost:3000', '127.0.0.1:80', '[::1]:8080', 'LOCALHOST']) {
  test(`in development ${host} is a loopback host`, async (t) => {
    const site = await openWebsite(t, PAGES)
    const { setCookies } = await ask(site.origin, '/count', { Host: host })
    t.regex(setCookies[0] ?? '', DEVELOPMENT)
  })
}

for (const host of [
  'example.org',
  '192.168.1.10:3000',
  'localhost.example.org',
  '127.0.0.1.nip.io',
]) {
  test(`in development ${host} is no loopback host: the cookie is Secure`, async (t) => {
    const site = await openWebsite(t, PAGES)
    const { setCookies } = await ask(site.origin, '/count', { Host: host })
    t.regex(setCookies[0] ?? '', PREFIXED)
  })
}

test('in production the cookie is __Host-sid, on a loopback host too', async (t) => {
  const site = await openWebsite(t, PAGES, {}, { isProduction: () => true })
  const [line] = (await site.visit().get('/count')).setCookies
  t.regex(line ?? '', PREFIXED)
})

for (const [sign, headers] of Object.entries(PROXY_SIGNS)) {
  test(`${sign} is a sign of a proxy: the cookie is Secure from then on, without it too`, async (t) => {
    const site = await openWebsite(t, PAGES)
    t.regex((await ask(site.origin, '/count')).setCookies[0] ?? '', DEVELOPMENT)
    t.regex((await ask(site.origin, '/count', headers)).setCookies[0] ?? '', PREFIXED)
    t.regex((await ask(site.origin, '/count')).setCookies[0] ?? '', PREFIXED)
  })
}

test('HTTP/1.0 is a sign of a proxy, then it sticks', async (t) => {
  const site = await openWebsite(t, PAGES)
  t.regex((await ask(site.origin, '/count', {}, '1.0')).setCookies[0] ?? '', PREFIXED)
  t.regex((await ask(site.origin, '/count')).setCookies[0] ?? '', PREFIXED)
})

for (const headers of [{ Origin: 'http://localhost:3000' }, { Referer: 'http://localhost/' }]) {
  test(`a plain ${Object.keys(headers)[0]} is no sign of a proxy`, async (t) => {
    const site = await openWebsite(t, PAGES)
    t.regex((await ask(site.origin, '/count', headers)).setCookies[0] ?? '', DEVELOPMENT)
  })
}

// Fails: signs of a proxy are looked for only where a Cookie header came or a cookie is set.
test('a sign of a proxy on a request that never touches the session counts too', async (t) => {
  const site = await openWebsite(t, PAGES)
  await ask(site.origin, '/plain', { Via: '1.1 proxy' })
  t.regex((await ask(site.origin, '/count')).setCookies[0] ?? '', PREFIXED)
})

test('a cookie of development is accepted nowhere else', async (t) => {
  const site = await openWebsite(t, PAGES)
  const cookie = cookieOf((await ask(site.origin, '/count')).setCookies[0])
  t.is((await ask(site.origin, '/show', { Cookie: cookie })).body, '{"views":1}')
  t.is((await ask(site.origin, '/show', { Cookie: cookie, Host: 'example.org' })).body, '{}')
  await ask(site.origin, '/plain', { Cookie: cookie, Via: '1.1 proxy' })
  t.is((await ask(site.origin, '/show', { Cookie: cookie })).body, '{}')
})

test('a Secure cookie is accepted under its prefixed name only', async (t) => {
  const site = await openWebsite(t, PAGES, {}, { isProduction: () => true })
  const cookie = cookieOf((await ask(site.origin, '/count')).setCookies[0])
  t.is((await ask(site.origin, '/show', { Cookie: cookie })).body, '{"views":1}')
  const bare = cookie.replace('__Host-', '')
  t.is((await ask(site.origin, '/show', { Cookie: bare })).body, '{}')
  const upper = cookie.replace('__Host-', '__HOST-')
  t.is((await ask(site.origin, '/show', { Cookie: upper })).body, '{}')
})

test('with a domain or another path the prefix is __Secure-', async (t) => {
  const secure = true
  const subdomains = await openWebsite(t, PAGES, { cookie: { domain: 'example.org', secure } })
  const [line] = (await subdomains.visit().get('/count')).setCookies
  t.regex(
    line ?? '',
    /^__Secure-sid=[\w-]{64}; Path=\/; Domain=example.org; HttpOnly; Secure; SameSite=Lax$/,
  )
  const shop = await openWebsite(t, PAGES, { cookie: { path: '/shop', secure } })
  const [other] = (await shop.visit().get('/count')).setCookies
  t.regex(other ?? '', /^__Secure-sid=[\w-]{64}; Path=\/shop; HttpOnly; Secure; SameSite=Lax$/)
})

test('secure: false is sid without Secure, everywhere', async (t) => {
  const options = { cookie: { secure: false } }
  const site = await openWebsite(t, PAGES, options, { isProduction: () => true })
  const { setCookies } = await ask(site.origin, '/count', { Host: 'example.org', Via: '1.1 a' })
  t.regex(setCookies[0] ?? '', DEVELOPMENT)
  t.deepEqual(site.warnings, [])
})

test('secure: true is Secure in development too', async (t) => {
  const site = await openWebsite(t, PAGES, { cookie: { secure: true } })
  t.regex((await site.visit().get('/count')).setCookies[0] ?? '', PREFIXED)
})
