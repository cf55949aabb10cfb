import test from 'ava'
import type { SessionError, SessionErrorCode } from '../../lib/errors.ts'
import { assertUntouched } from '../support/prototypes.ts'
import { openWebsite } from '../support/website.ts'

/** What a session may not be given, and the code and the beginning of the message that refuse it. */
type Refused = readonly [what: string, make: () => unknown, code: SessionErrorCode, message: RegExp]

const SECRET = 'hunter2hunter2'

const cycle = (): object => {
  const value: Record<string, unknown> = { secret: SECRET }
  value.self = { again: value }
  return value
}

const nested = (depth: number, wrap: (inner: unknown) => unknown): unknown => {
  let value: unknown = SECRET
  for (let level = 0; level < depth; level += 1) value = wrap(value)
  return value
}

const throwing = (): never => {
  throw new Error('not today')
}

const REFUSED: readonly Refused[] = [
  ['a BigInt', () => 10n, 'ERR_SESSION_VALUE', /^session\.value\.inner is a BigInt/],
  [
    'a cycle',
    cycle,
    'ERR_SESSION_VALUE',
    /^session\.value\.inner\.self\.again is session\.value\.inner again, a cycle/,
  ],
  ['a function', () => () => SECRET, 'ERR_SESSION_VALUE', /^session\.value\.inner is a function/],
  ['a symbol', () => Symbol(SECRET), 'ERR_SESSION_VALUE', /^session\.value\.inner is a symbol/],
  ['a Map', () => new Map([[SECRET, 1]]), 'ERR_SESSION_VALUE', /^session\.value\.inner is a Map/],
  ['a Set', () => new Set([SECRET]), 'ERR_SESSION_VALUE', /^session\.value\.inner is a Set/],
  [
    'bytes',
    () => new Uint8Array(4),
    'ERR_SESSION_VALUE',
    /^session\.value\.inner is a typed array/,
  ],
  ['NaN', () => Number.NaN, 'ERR_SESSION_VALUE', /^session\.value\.inner is NaN/],
  [
    'infinity',
    () => [Number.NEGATIVE_INFINITY],
    'ERR_SESSION_VALUE',
    /^session\.value\.inner\[0\] is -Infinity/,
  ],
  [
    'an invalid Date',
    () => new Date(Number.NaN),
    'ERR_SESSION_VALUE',
    /^session\.value\.inner is an invalid Date/,
  ],
  [
    'a promise',
    () => Promise.resolve(SECRET),
    'ERR_SESSION_VALUE',
    /^session\.value\.inner is a Promise/,
  ],
  ['a hole', () => new Array(2), 'ERR_SESSION_VALUE', /^session\.value\.inner\[0\] is undefined/],
  [
    'a sparse array',
    () => new Array(4_000_000_000),
    'ERR_SESSION_VALUE',
    /^session\.value\.inner\[0\] is undefined/,
  ],
  [
    'deep arrays',
    () => nested(10_000, (inner) => [inner]),
    'ERR_SESSION_VALUE',
    /is more than 100 levels deep/,
  ],
  [
    'deep objects',
    () => nested(10_000, (a) => ({ a })),
    'ERR_SESSION_VALUE',
    /is more than 100 levels deep/,
  ],
  [
    'a throwing getter',
    () => ({
      get x(): never {
        return throwing()
      },
    }),
    'ERR_SESSION_VALUE',
    /^session\.value\.inner\.x cannot be read/,
  ],
  [
    'a throwing toJSON',
    () => ({ toJSON: throwing }),
    'ERR_SESSION_VALUE',
    /^session\.value\.inner cannot be read/,
  ],
  [
    'a throwing proxy',
    () => new Proxy({}, { ownKeys: throwing }),
    'ERR_SESSION_VALUE',
    /^session\.value\.inner cannot be read/,
  ],
  [
    'a toJSON that grows',
    () => ({
      toJSON: () => ({
        get x() {
          return nested(200, (a) => ({ a }))
        },
      }),
    }),
    'ERR_SESSION_VALUE',
    /deep/,
  ],
  [
    'text beyond maxBytes',
    () => 'x'.repeat(65_537),
    'ERR_SESSION_TOO_LARGE',
    /^session\.value\S* makes the session too large: /,
  ],
  [
    'wide text beyond maxBytes',
    () => '€'.repeat(30_000),
    'ERR_SESSION_TOO_LARGE',
    /^session\.value\S* makes the session too large: /,
  ],
  [
    'twenty thousand keys',
    () => Object.fromEntries(Array.from({ length: 20_000 }, (_, key) => [`k${key}`, 1])),
    'ERR_SESSION_TOO_LARGE',
    /^session\.value\S* makes the session too large: /,
  ],
  [
    'one object a billion times',
    () => nested(30, (inner) => [inner, inner]),
    'ERR_SESSION_TOO_LARGE',
    /^session\.value\S* makes the session too large: /,
  ],
  [
    '__proto__',
    () => JSON.parse('{"__proto__":{"admin":true}}'),
    'ERR_SESSION_KEY_RESERVED',
    /^session\.value\.inner\.__proto__ has a reserved name/,
  ],
  [
    '__proto__ in an array',
    () => JSON.parse('[{"a":[{"__proto__":1}]}]'),
    'ERR_SESSION_KEY_RESERVED',
    /^session\.value\.inner\[0\]\.a\[0\]\.__proto__/,
  ],
]

test('a value that cannot be kept is refused with its path and without itself, and what was stored stays', async (t) => {
  let make: () => unknown = () => 'none'
  let message = ''
  const site = await openWebsite(t, {
    '/begin': (ctx) => {
      ctx.session.value = { inner: 'first' }
      return 'begun'
    },
    '/end': (ctx) => {
      ctx.session.other = 'lost'
      ctx.session.value = { inner: make() }
      return 'never seen'
    },
    '/save': (ctx) => {
      ctx.session.value = { inner: make() }
      return ctx.session.save().then(
        () => 'saved',
        (error: SessionError) => {
          message = error.message
          ctx.session = { value: { inner: 'first' } }
          return error.code
        },
      )
    },
    '/update': (ctx) =>
      ctx.session
        .update((data) => {
          data.value = { inner: make() }
        })
        .then(
          () => 'updated',
          (error: SessionError) => error.code,
        ),
    '/show': (ctx) => ({ ...ctx.session }),
  })
  const browser = site.visit()
  await browser.get('/begin')
  for (const [what, maker, code, wanted] of REFUSED) {
    make = maker
    const end = await browser.get('/end')
    t.is(end.status, 500, what)
    t.is(end.text, 'Internal Server Error', what)
    t.deepEqual(end.setCookies, [], what)
    t.is((site.errors.at(-1) as SessionError).code, code, what)
    t.regex((site.errors.at(-1) as SessionError).message, wanted, what)
    t.is((await browser.get('/save')).text, code, what)
    t.regex(message, wanted, what)
    t.false(message.includes(SECRET), what)
    t.is((await browser.get('/update')).text, code, what)
    t.is((await browser.get('/show')).text, '{"value":{"inner":"first"}}', what)
    const stranger = await site.visit().get('/end')
    t.is(stranger.status, 500, what)
    t.deepEqual(stranger.setCookies, [], what)
  }
  t.is(await site.sessions.count(), 1)
  assertUntouched(t)
})

const KEPT: Readonly<Record<string, unknown>> = {
  'lone surrogates': ['\ud800', 'a\udc00b', '\udfff\ud800'],
  NUL: 'a\0b',
  'line ends': 'a\r\nSet-Cookie: x=1\u2028\u2029',
  'a key that is a lone surrogate': { '\ud800': 1 },
  'an empty key': { '': 1 },
  'keys like numbers': { 10: 'a', 9: 'b', z: 'c', '-1': 'd', '01': 'e', 1: 'f' },
  'names of methods': {
    constructor: 1,
    prototype: 2,
    toString: 3,
    hasOwnProperty: 4,
    valueOf: 5,
    toJSON: 6,
    __defineGetter__: 8,
  },
  'numbers at the edge': [5e-324, 1.7976931348623157e308, -9007199254740991, 1e21, 0.1],
  '100 levels': nested(98, (inner) => [inner]),
  'text of JSON': '{"__proto__":{"admin":true}}',
  'a key that looks escaped': { '\\u005f_proto__': 1, __proto: 2, '__proto__ ': 3 },
}

test('strange values come back as they were', async (t) => {
  const site = await openWebsite(t, {
    '/put': (ctx) => {
      ctx.session.value = KEPT[String(ctx.query.what)]
      return 'put'
    },
    '/show': (ctx) => {
      ctx.session.seen = 1
      return JSON.stringify(ctx.session.value)
    },
  })
  for (const [what, value] of Object.entries(KEPT)) {
    const browser = site.visit()
    t.is((await browser.get(`/put?what=${what}`)).status, 200, what)
    for (let round = 0; round < 2; round += 1) {
      t.is((await browser.get('/show')).text, JSON.stringify(value), what)
    }
  }
  assertUntouched(t)
})
