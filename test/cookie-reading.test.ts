import test from 'ava'
import { type CookieKeys, SessionCookie } from '../lib/cookie.ts'
import { type SessionId, toSessionId } from '../lib/id.ts'
import type { VerifiedCookie } from '../lib/keyring.ts'
import { resolveOptions } from '../lib/options.ts'
import { requestOf } from './support/request.ts'

/** The cookie of an application that is never Secure, so that it is always called `sid`. */
const plain = new SessionCookie(
  resolveOptions({ cookie: { secure: false } }).cookie,
  false,
  () => undefined,
)

/** The values that a request with this Cookie header carries under the name `sid`. */
const valuesOf = (cookie: string): readonly string[] =>
  plain.values(requestOf({ headers: { cookie } }))

/** A value whose first character is the session and whose second is the key: `A` the first, `B` another. */
const signed = (session: string, key: string): string => `${session}${key}`.padEnd(64, 'x')

/** Plays a key ring that takes {@link signed} for a signature, and counts how often it was asked. */
class PlainKeys implements CookieKeys {
  recognizeCookie(): undefined {
    return undefined
  }

  asked = 0

  signId(id: SessionId): string {
    return signed(id.bytes.toString(), 'A')
  }

  verifyCookie(value: string): VerifiedCookie | undefined {
    this.asked += 1
    const [session = '', key] = value
    return key === 'A' || key === 'B'
      ? { id: toSessionId(Buffer.from(session)), primary: key === 'A' }
      : undefined
  }
}

const read = (cookie: string): ReturnType<SessionCookie['read']> =>
  plain.read(valuesOf(cookie), new PlainKeys())

test('a cookie is found by exactly the bytes of its name', (t) => {
  t.deepEqual(valuesOf('sid=a'), ['a'])
  t.deepEqual(valuesOf('x=1; sid=a; y=2'), ['a'])
  const names = ['Sid', 'SID', 'sid2', 'asid', 'xsid', '"sid"', '%73id', 'si\u0064\u0301', 's id']
  for (const name of names) {
    t.deepEqual(valuesOf(`${name}=a`), [], name)
    t.deepEqual(valuesOf(`${name}=a; sid=b`), ['b'], `${name}, beside ours`)
  }
})

test('space and tab around a name and a value are no part of them, all else is', (t) => {
  t.deepEqual(valuesOf(' \tsid\t =\t a \t;x=1'), ['a'])
  for (const blank of ['\u00a0', '\u2003', '\ufeff', '\v', '\f', '\r', '\n', '\0']) {
    t.deepEqual(valuesOf(`${blank}sid=a`), [], JSON.stringify(blank))
    t.deepEqual(valuesOf(`sid${blank}=a`), [], JSON.stringify(blank))
    t.deepEqual(valuesOf(`sid=${blank}a`), [`${blank}a`], JSON.stringify(blank))
  }
})

test('a value is taken as it stands', (t) => {
  t.deepEqual(valuesOf('sid="a"'), ['"a"'])
  t.deepEqual(valuesOf('sid=%41'), ['%41'])
  t.deepEqual(valuesOf('sid=a=b=='), ['a=b=='])
  t.deepEqual(valuesOf('sid='), [''])
  t.deepEqual(valuesOf('sid=a b'), ['a b'])
})

test('what is no pair is nothing', (t) => {
  for (const header of ['', ';', '=', 'sid', ';;sid;;', '=sid=a', 'x; sid ;y']) {
    t.deepEqual(valuesOf(header), [], header)
  }
})

test('the same value twice is one, different ones are all', (t) => {
  t.deepEqual(valuesOf('sid=a; sid=a;sid=b; sid=a'), ['a', 'b'])
})

test('no cookie of ours is none', (t) => {
  t.deepEqual(plain.read(plain.values(requestOf()), new PlainKeys()), { kind: 'none' })
  t.deepEqual(read('other=1'), { kind: 'none' })
})

test('one valid cookie is the session', (t) => {
  const session = { kind: 'valid', id: toSessionId(Buffer.from('1')), primary: true } as const
  t.deepEqual(read(`sid=${signed('1', 'A')}`), session)
  t.deepEqual(read(`sid=${signed('1', 'B')}`), { ...session, primary: false })
})

test('junk beside a valid cookie is ignored, on either side', (t) => {
  const valid = `sid=${signed('1', 'A')}`
  const forged = `sid=${signed('2', 'C')}`
  for (const header of [`${forged}; ${valid}`, `${valid}; ${forged}`, `sid=; sid=x; ${valid}`]) {
    t.like(read(header), { kind: 'valid', id: toSessionId(Buffer.from('1')) })
  }
})

test('junk costs no signature to be checked', (t) => {
  const keys = new PlainKeys()
  const junk = ['short', 'x'.repeat(63), 'x'.repeat(65), `${'x'.repeat(63)}=`, `${'x'.repeat(63)}+`]
  const header = junk.map((value) => `sid=${value}`).join('; ')
  t.deepEqual(plain.read(valuesOf(header), keys), {
    kind: 'forged',
    reason: 'malformed',
  })
  t.is(keys.asked, 0)
})

test('a cookie that is well formed and not ours is a wrong signature', (t) => {
  const signature = { kind: 'forged', reason: 'signature' } as const
  t.deepEqual(read(`sid=${signed('1', 'C')}`), signature)
  t.deepEqual(read(`sid=; sid=${signed('1', 'C')}`), signature)
  t.deepEqual(read('sid='), { kind: 'forged', reason: 'malformed' })
})

test('two valid cookies of different sessions are refused, in either order', (t) => {
  const ambiguous = { kind: 'forged', reason: 'ambiguous' } as const
  const [first, second] = [`sid=${signed('1', 'A')}`, `sid=${signed('2', 'B')}`]
  t.deepEqual(read(`${first}; ${second}`), ambiguous)
  t.deepEqual(read(`${second}; ${first}`), ambiguous)
})

test('one session signed under two keys is that session, under the first key', (t) => {
  const session = { kind: 'valid', id: toSessionId(Buffer.from('1')), primary: true } as const
  const [first, second] = [`sid=${signed('1', 'A')}`, `sid=${signed('1', 'B')}`]
  t.deepEqual(read(`${first}; ${second}`), session)
  t.deepEqual(read(`${second}; ${first}`), session)
})
