import test, { type ExecutionContext } from 'ava'
import { SessionError } from '../lib/errors.ts'
import { resolveOptions } from '../lib/options.ts'

/** Gives the cookie an attribute that is none of its own, as JavaScript lets people do. */
function refuseCookie(t: ExecutionContext, cookie: object, message: string): void {
  const error = t.throws(() => resolveOptions({ cookie }), {
    instanceOf: SessionError,
    code: 'ERR_SESSION_OPTION',
  })
  t.is(error?.message, message)
}

const NAME =
  "Expected the option 'cookie.name' to be a name of letters, digits, '-', '_' and '.', without the prefix __Host- or __Secure-, which is added where it belongs, got"

test("'cookie.name' is a plain name without a prefix", (t) => {
  for (const name of ['', 'a b', 'a=b', 'a;b', 'a/b', '.sid', '..', '__Host-sid']) {
    refuseCookie(t, { name }, `${NAME} '${name}'`)
  }
  refuseCookie(t, { name: 'ä' }, `${NAME} a string with unusual characters`)
  refuseCookie(t, { name: '__secure-sid' }, `${NAME} '__secure-sid'`)
  refuseCookie(t, { name: '__HOST-' }, `${NAME} '__HOST-'`)
  refuseCookie(t, { name: 'x'.repeat(65) }, `${NAME} a long string`)
  refuseCookie(t, { name: 5 }, `${NAME} 5`)
  for (const name of ['s', 'connect.sid', '_a-b.c', '__Hostess', 'x'.repeat(64)]) {
    t.is(resolveOptions({ cookie: { name } }).cookie.name, name)
  }
})

test("'cookie.path' begins with a slash and holds nothing that would end it", (t) => {
  const wanted = "Expected the option 'cookie.path' to be a path that begins with '/', got"
  for (const path of ['', 'app', '/a;b', '/a b']) {
    refuseCookie(t, { path }, `${wanted} '${path}'`)
  }
  for (const path of ['/ä', '/a\n', '/\x7f']) {
    refuseCookie(t, { path }, `${wanted} a string with unusual characters`)
  }
  refuseCookie(t, { path: 5 }, `${wanted} 5`)
  refuseCookie(t, { path: `/${'x'.repeat(1024)}` }, `${wanted} a long string`)
  const longest = `/${'x'.repeat(1023)}`
  t.is(resolveOptions({ cookie: { path: longest } }).cookie.path, longest)
})

test("'cookie.domain' is a host name", (t) => {
  const wanted = "Expected the option 'cookie.domain' to be a host name, got"
  for (const domain of ['', '.', 'a b', 'example.org;', 'https://a.b', 'a.b:80', 'a_b.c', '-a.b']) {
    refuseCookie(t, { domain }, `${wanted} '${domain}'`)
  }
  refuseCookie(t, { domain: true }, `${wanted} true`)
  refuseCookie(t, { domain: `${'x'.repeat(250)}.org` }, `${wanted} a long string`)
  for (const domain of ['example.org', '.example.org', 'localhost', 'xn--bcher-kva.example']) {
    t.is(resolveOptions({ cookie: { domain } }).cookie.domain, domain)
  }
})

test("'cookie.sameSite' is one of three words", (t) => {
  const wanted = "Expected the option 'cookie.sameSite' to be 'strict', 'lax' or 'none', got"
  refuseCookie(t, { sameSite: 'Lax' }, `${wanted} 'Lax'`)
  refuseCookie(t, { sameSite: true }, `${wanted} true`)
  refuseCookie(t, { sameSite: false }, `${wanted} false`)
})

test("'cookie.secure' is true, false or 'auto'", (t) => {
  const wanted = "Expected the option 'cookie.secure' to be true, false or 'auto', got"
  refuseCookie(t, { secure: 'always' }, `${wanted} 'always'`)
  refuseCookie(t, { secure: 1 }, `${wanted} 1`)
})

test("'cookie.persistent' and 'cookie.partitioned' are true or false", (t) => {
  for (const name of ['persistent', 'partitioned']) {
    const wanted = `Expected the option 'cookie.${name}' to be true or false, got`
    refuseCookie(t, { [name]: 'yes' }, `${wanted} 'yes'`)
    refuseCookie(t, { [name]: 0 }, `${wanted} 0`)
  }
})

test("'cookie.priority' is one of three words", (t) => {
  const wanted = "Expected the option 'cookie.priority' to be 'low', 'medium' or 'high', got"
  refuseCookie(t, { priority: 'High' }, `${wanted} 'High'`)
})

test('a partitioned cookie is sent from other sites unless its options say otherwise', (t) => {
  t.is(resolveOptions({ cookie: { partitioned: true } }).cookie.sameSite, 'none')
  t.is(resolveOptions({ cookie: { partitioned: true, sameSite: 'lax' } }).cookie.sameSite, 'lax')
  t.is(resolveOptions({ cookie: { partitioned: false } }).cookie.sameSite, 'lax')
})

test('a cookie that every browser would refuse is refused here', (t) => {
  const message =
    "Browsers refuse a cookie with sameSite: 'none' or partitioned: true that is not Secure: leave out the option 'cookie.secure'"
  refuseCookie(t, { secure: false, sameSite: 'none' }, message)
  refuseCookie(t, { secure: false, partitioned: true }, message)
  refuseCookie(t, { secure: false, partitioned: true, sameSite: 'lax' }, message)
  t.notThrows(() => resolveOptions({ cookie: { secure: true, sameSite: 'none' } }))
})
