import { createContext, runInContext } from 'node:vm'
import test from 'ava'
import { SessionError } from '../lib/errors.ts'
import { textOf } from './support/serializer.ts'

class Point {
  x = 1
}
const loop: Record<string, unknown> = { inner: { list: [] } }
;(loop.inner as { list: unknown[] }).list.push(loop.inner)
const self: Record<string, unknown> = {}
self.me = self

function nested(levels: number): object {
  let value: unknown = 1
  for (let level = 0; level < levels; level += 1) value = level % 2 === 0 ? [value] : { a: value }
  return { value }
}

const PLAIN = 'store plain objects, arrays and strings'
const REFUSED: readonly (readonly [string, object, string])[] = [
  [
    'a BigInt',
    { cart: { items: [0, { price: 5n }] } },
    'session.cart.items[1].price is a BigInt, which JSON cannot hold: store it as a string',
  ],
  [
    'a function',
    { run: () => 1 },
    'session.run is a function, which JSON cannot hold: store what it stands for',
  ],
  [
    'a symbol',
    { a: [Symbol('s')] },
    'session.a[0] is a symbol, which JSON cannot hold: store what it stands for',
  ],
  [
    'undefined in an array',
    { a: [1, undefined] },
    'session.a[1] is undefined, which JSON cannot hold: store null',
  ],
  [
    'a hole in an array',
    { a: new Array(1) },
    'session.a[0] is undefined, which JSON cannot hold: store null',
  ],
  ['NaN', { a: Number.NaN }, 'session.a is NaN, which JSON cannot hold: store null or a string'],
  [
    'Infinity',
    { a: Number.POSITIVE_INFINITY },
    'session.a is Infinity, which JSON cannot hold: store null or a string',
  ],
  [
    '-Infinity',
    { a: Number.NEGATIVE_INFINITY },
    'session.a is -Infinity, which JSON cannot hold: store null or a string',
  ],
  [
    'an invalid Date',
    { a: new Date(Number.NaN) },
    'session.a is an invalid Date, which JSON cannot hold: store null',
  ],
  ['a Map', { a: new Map() }, `session.a is a Map, which JSON cannot hold: ${PLAIN}`],
  ['a Set', { a: new Set() }, `session.a is a Set, which JSON cannot hold: ${PLAIN}`],
  ['a WeakMap', { a: new WeakMap() }, `session.a is a WeakMap, which JSON cannot hold: ${PLAIN}`],
  ['a RegExp', { a: /x/ }, `session.a is a RegExp, which JSON cannot hold: ${PLAIN}`],
  [
    'an Error',
    { a: new TypeError('secret') },
    `session.a is an Error, which JSON cannot hold: ${PLAIN}`,
  ],
  [
    'a Promise',
    { a: Promise.resolve(1) },
    `session.a is a Promise, which JSON cannot hold: ${PLAIN}`,
  ],
  [
    'a typed array',
    { a: new Uint8Array(2) },
    `session.a is a typed array, which JSON cannot hold: ${PLAIN}`,
  ],
  [
    'a boxed primitive',
    { a: Object('secret') },
    `session.a is a boxed primitive, which JSON cannot hold: ${PLAIN}`,
  ],
  [
    'an instance of a class',
    { a: new Point() },
    `session.a is an instance of a class without toJSON, which JSON cannot hold: ${PLAIN}`,
  ],
  [
    'a Map of another realm',
    { a: runInContext('new Map()', createContext()) },
    `session.a is a Map, which JSON cannot hold: ${PLAIN}`,
  ],
  [
    'what toJSON gives',
    { a: { toJSON: () => 1n } },
    'session.a is a BigInt, which JSON cannot hold: store it as a string',
  ],
  [
    'a cycle',
    loop,
    'session.inner.list[0] is session.inner again, a cycle, which JSON cannot hold: store its id',
  ],
  [
    'the session in itself',
    self,
    'session.me is session again, a cycle, which JSON cannot hold: store its id',
  ],
  [
    '101 levels',
    nested(101),
    `session.value${'[0].a'.repeat(50)} is more than 100 levels deep: store it flatter`,
  ],
  [
    '10,000 levels',
    nested(10_000),
    `session.value${'.a[0]'.repeat(50)} is more than 100 levels deep: store it flatter`,
  ],
  [
    'a key that must be quoted',
    { 'a b': { 'x"\n': 1n } },
    'session["a b"]["x\\"\\n"] is a BigInt, which JSON cannot hold: store it as a string',
  ],
  [
    'a long key',
    { ['k'.repeat(65)]: 1n },
    `session["${'k'.repeat(64)}…"] is a BigInt, which JSON cannot hold: store it as a string`,
  ],
]

for (const [what, data, message] of REFUSED) {
  test(`refused, with the key path and without the value: ${what}`, (t) => {
    t.throws(() => textOf(data), { code: 'ERR_SESSION_VALUE', message })
  })
}

test('100 levels are held', (t) => {
  t.is(textOf(nested(100)), JSON.stringify(nested(100)))
})

for (const [what, data, message] of [
  ['the name of a member', { save: 1 }, 'session.save has a reserved name: choose another key'],
  [
    'even when it is undefined',
    { maxAge: undefined },
    'session.maxAge has a reserved name: choose another key',
  ],
  [
    '__proto__',
    JSON.parse('{"__proto__":{"admin":true}}'),
    'session.__proto__ has a reserved name: choose another key',
  ],
  [
    '__proto__ below',
    JSON.parse('{"a":[{"__proto__":1}]}'),
    'session.a[0].__proto__ has a reserved name: choose another key',
  ],
] as const) {
  test(`a reserved key is refused: ${what}`, (t) => {
    t.throws(() => textOf(data), { code: 'ERR_SESSION_KEY_RESERVED', message })
  })
}

test('a reserved name is free below the top level', (t) => {
  t.is(textOf({ a: { save: 1 } }), '{"a":{"save":1}}')
})

test('what a getter or toJSON throws is the cause, with the key path', (t) => {
  const cause = new SessionError('ERR_SESSION_STORE', 'the database is down')
  const fail = (): never => {
    throw cause
  }
  const proxy = Proxy.revocable({}, {})
  proxy.revoke()
  for (const [data, path] of [
    [{ a: Object.defineProperty({}, 'b', { get: fail, enumerable: true }) }, 'session.a.b'],
    [{ a: [{ toJSON: fail }] }, 'session.a[0]'],
  ] as const) {
    const error = t.throws(() => textOf(data), {
      code: 'ERR_SESSION_VALUE',
      message: `${path} cannot be read: its getter or toJSON threw`,
    })
    t.is(error.cause, cause)
  }
  t.throws(() => textOf({ a: proxy.proxy }), {
    code: 'ERR_SESSION_VALUE',
    message: 'session.a cannot be read: its getter or toJSON threw',
  })
})
