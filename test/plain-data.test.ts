import test from 'ava'
import fc from 'fast-check'
import { writePlainData } from '../lib/plain-data.ts'
import { joinData, serializeData } from '../lib/record.ts'

const NONE = new Set<string>()
const plain = (data: object): string | undefined => writePlainData(data, 1e6)
const deep = (levels: number): object => (levels === 0 ? {} : { a: deep(levels - 1) })

test('what it writes of any data is what the serializer writes', (t) => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.anything({ withNullPrototype: true })), (data) => {
      const text = plain(data)
      if (text !== undefined) t.is(text, joinData(serializeData(data, NONE, 1e6)))
    }),
  )
})

test('all JSON is plain, in the order of its keys', (t) => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (data) => {
      const hasProto = JSON.stringify(data).includes('__proto__')
      if (!hasProto) t.is(plain(data), JSON.stringify(data))
    }),
  )
})

test('what JSON.stringify would lose or change is not plain', (t) => {
  const holes = Object.assign(new Array(1), { x: 1 })
  const proto = JSON.parse('{"__proto__":1}')
  const values = [
    ...[undefined, Number.NaN, Number.POSITIVE_INFINITY, 1n, () => 1, Symbol('s'), new Map()],
    ...[new Date(0), /x/, Object.create({ a: 1 }), [undefined], new Array(1), holes, proto],
    ...[
      { toJSON: () => 1 },
      Object.assign([], { toJSON: () => 1 }),
      new (class extends Array {})(),
    ],
  ]
  for (const value of values) {
    t.is(plain({ value }), undefined)
    t.is(plain({ inner: [{ value }] }), undefined)
  }
  const cycle: { self?: object } = {}
  cycle.self = cycle
  t.is(plain(cycle), undefined)
})

test('a getter does not run', (t) => {
  let runs = 0
  const getter = { enumerable: true, get: () => ++runs }
  t.is(plain({ inner: Object.defineProperty({}, 'a', getter) }), undefined)
  t.is(plain([Object.defineProperty([1], 0, getter)]), undefined)
  t.is(runs, 0)
})

test('it goes 100 levels deep, as the serializer does', (t) => {
  t.is(plain(deep(100)), joinData(serializeData(deep(100), NONE, 1e6)))
  t.throws(() => serializeData(deep(101), NONE, 1e6), { code: 'ERR_SESSION_VALUE' })
  t.is(plain(deep(101)), undefined)
})

test('it gives up on what is too long, before it is written', (t) => {
  t.is(writePlainData({ a: 'x'.repeat(100) }, 90), undefined)
  let shared: object = []
  for (let level = 0; level < 60; level += 1) shared = [shared, shared]
  t.is(plain({ shared }), undefined)
})
