import { createContext, runInContext } from 'node:vm'
import test from 'ava'
import fc from 'fast-check'
import { parseData } from '../lib/record.ts'
import { MAX_BYTES, RESERVED, textOf } from './support/serializer.ts'

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
