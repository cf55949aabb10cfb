import { createContext, runInContext } from 'node:vm'
import test from 'ava'
import fc from 'fast-check'
import { SessionError } from '../lib/errors.ts'
import { joinData, parseData, serializeData } from '../lib/record.ts'

const RESERVED: ReadonlySet<string> = new Set(['save', 'maxAge'])
const MAX_BYTES = 65_536

function textOf(data: object, maxBytes = MAX_BYTES): string {
  return joinData(serializeData(data, RESERVED, maxBytes))
}

function nested(levels: number): object {
  let value: unknown = 1
  for (let level = 0; level < levels; level += 1) value = level % 2 === 0 ? [value] : { a: value }
  return { value }
}

const plain = fc.dictionary(
  fc.string({ unit: 'binary' }).filter((key) => !RESERVED.has(key) && key !== '__proto__'),
  fc
    .letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 5 },
        fc.string({ unit: 'binary' }),
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        fc.integer(),
        fc.boolean(),
        fc.constant(null),
        fc.date({ noInvalidDate: true }),
        fc.array(tie('value')),
        fc.dictionary(
          fc.oneof(fc.string(), fc.nat(20).map(String)).filter((key) => key !== '__proto__'),
          fc.oneof(tie('value'), fc.constant(undefined)),
          { noNullPrototype: false },
        ),
      ),
    }))
    .value.map((value) => value),
)

test('plain data has the text that JSON.stringify gives it', (t) => {
  fc.assert(
    fc.property(plain, (data) => {
      t.is(textOf(data), JSON.stringify(data))
    }),
    { numRuns: 500 },
  )
})

test('the text of plain data comes back as the same data', (t) => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (data) => {
      const text = JSON.stringify(data)
      fc.pre(!text.includes('__proto__') && !RESERVED.has(Object.keys(data)[0] ?? ''))
      t.deepEqual({ ...parseData(textOf(data)) }, { ...JSON.parse(text) })
    }),
  )
})

test('halves of surrogate pairs come back exactly, in keys too', (t) => {
  const data = { '\ud800': '\udfff😀\ud83d', text: '\u2028\u0000"\\' }
  t.is(textOf(data), JSON.stringify(data))
  t.deepEqual({ ...parseData(textOf(data)) }, data as object)
  t.true(Buffer.from(textOf(data)).toString() === textOf(data), 'it survives UTF-8')
})

test('a Date is kept as its ISO string, and -0 as 0', (t) => {
  t.is(textOf({ at: new Date(0), n: -0 }), '{"at":"1970-01-01T00:00:00.000Z","n":0}')
})

test('properties that are undefined, symbols, hidden and inherited ones are left out', (t) => {
  const data = Object.create({ inherited: 1 }, { hidden: { value: 1, enumerable: false } })
  Object.assign(data, { a: undefined, b: { c: undefined }, [Symbol('d')]: 1 })
  t.is(textOf(data), '{"b":{}}')
})

test('toJSON is called once, with the key, and not again on what it gives', (t) => {
  const calls: unknown[] = []
  class Money {
    toJSON(key: string): object {
      calls.push(key)
      return { amount: 5, toJSON: undefined }
    }
  }
  t.is(
    textOf({ price: new Money(), list: [new Money()] }),
    '{"price":{"amount":5},"list":[{"amount":5}]}',
  )
  t.deepEqual(calls, ['price', '0'])
  t.is(
    textOf({ link: new URL('https://a.example/'), bytes: Buffer.from([1]) }),
    '{"link":"https://a.example/","bytes":{"type":"Buffer","data":[1]}}',
  )
  t.is(textOf({ gone: { toJSON: () => undefined } }), '{}')
})

test('a getter runs once', (t) => {
  let runs = 0
  const data = {
    get a(): object {
      return {
        get b(): number {
          runs += 1
          return runs
        },
      }
    },
  }
  t.is(textOf(data), '{"a":{"b":1}}')
  t.is(runs, 1)
})

test('objects and arrays of another realm are plain', (t) => {
  const data = runInContext('({ a: { b: [1, { c: 2 }] } })', createContext())
  t.is(textOf(data), '{"a":{"b":[1,{"c":2}]}}')
})

test('an object that is referred to twice is no cycle', (t) => {
  const address = { city: 'Hel' }
  t.is(
    textOf({ a: address, b: [address, address] }),
    JSON.stringify({ a: address, b: [address, address] }),
  )
})

class Point {
  x = 1
}
const loop: Record<string, unknown> = { inner: { list: [] } }
;(loop.inner as { list: unknown[] }).list.push(loop.inner)
const self: Record<string, unknown> = {}
self.me = self

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

test('exactly maxBytes of UTF-8 are held, one more is too large', (t) => {
  const data = { text: 'é'.repeat(100) }
  const size = Buffer.byteLength(JSON.stringify(data))
  t.is(textOf(data, size), JSON.stringify(data))
  t.throws(() => textOf(data, size - 1), {
    code: 'ERR_SESSION_TOO_LARGE',
    message: `session.text makes the session too large: it takes at least ${size} bytes as JSON and may take ${size - 1}. Keep less in it, or raise maxBytes`,
  })
  fc.assert(
    fc.property(plain, (data) => {
      const size = Buffer.byteLength(JSON.stringify(data))
      t.is(textOf(data, size), JSON.stringify(data))
      t.throws(() => textOf(data, size - 1), { code: 'ERR_SESSION_TOO_LARGE' })
    }),
  )
})

test('a session that just fits is held, of whatever it consists', (t) => {
  for (const value of [1, '', [], {}, [[]], null, { a: 1 }]) {
    const data = { a: new Array(1000).fill(value) }
    t.is(textOf(data, JSON.stringify(data).length), JSON.stringify(data))
  }
})

test('65 KB and a byte are too large, and the sizes are named', (t) => {
  t.throws(() => textOf({ text: 'x'.repeat(MAX_BYTES - 10) }), {
    code: 'ERR_SESSION_TOO_LARGE',
    message:
      /^session\.text makes the session too large: it takes at least 65537 bytes as JSON and may take 65536\. /,
  })
})

test('what would grow without end by referring to the same objects is refused soon', (t) => {
  let wide: unknown = []
  for (let level = 0; level < 60; level += 1) wide = [wide, wide]
  t.throws(() => textOf({ wide }), { code: 'ERR_SESSION_TOO_LARGE' })
})
