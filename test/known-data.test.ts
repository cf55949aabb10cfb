import test from 'ava'
import fc from 'fast-check'
import { KnownData } from '../lib/known-data.ts'

const DATA = {
  count: 1,
  user: { name: 'Ada', roles: ['reader', 'writer'] },
  cart: [{ sku: 'a-1' }],
  names: { 0: 'Ada' },
  none: null,
  on: true,
  note: 'As long as most of what is stored, so that it may be kept.',
}
const TEXT = JSON.stringify(DATA)

// biome-ignore lint/suspicious/noExplicitAny: what a handler sees of its session.
type Handled = any

const parse = (text: string): object => JSON.parse(text)
const openText = (known: KnownData, text: string): Handled => known.open(text, parse)

/** Data that were asked for twice, so that they are kept. */
function keep(text: string): KnownData {
  const known = new KnownData()
  openText(known, text)
  openText(known, text)
  return known
}

test('data are parsed for the first two requests, and copied for those after', (t) => {
  let parsed = 0
  const known = new KnownData()
  const open = (): object =>
    known.open(TEXT, (text) => {
      parsed += 1
      return parse(text)
    })
  for (let request = 0; request < 5; request += 1) t.deepEqual(open(), DATA)
  t.is(parsed, 2)
})

test('no request sees what another one does to its data, at any level', (t) => {
  const known = new KnownData()
  for (let request = 0; request < 4; request += 1) {
    const data = openText(known, TEXT)
    t.deepEqual(data, DATA)
    data.count = 2
    data.user.name = 'Eve'
    data.user.roles.push('admin')
    data.cart[0].sku = 'b-2'
    delete data.none
  }
})

test('any JSON comes out as parsing would give it', (t) => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (data) => {
      const text = JSON.stringify(data).replaceAll('__proto__', 'proto')
      const known = keep(text)
      const copy = openText(known, text)
      t.is(JSON.stringify(copy), text)
      t.true(!isKept(known, text) || known.isWrittenBy(copy))
    }),
  )
})

test('keys that every object inherits are data like others, though nobody may assign them', (t) => {
  const text =
    '{"a":{"fixed":"x","constructor":{"valueOf":1}},"hasOwnProperty":2,"longer":"xxxxxxxx"}'
  const known = keep(text)
  t.true(isKept(known, text))
  // As where Object.prototype is frozen.
  Object.defineProperty(Object.prototype, 'fixed', { value: 1, configurable: true })
  try {
    const copy = openText(known, text)
    t.is(JSON.stringify(copy), text)
    t.true(known.isWrittenBy(copy))
  } finally {
    Reflect.deleteProperty(Object.prototype, 'fixed')
  }
})

test('every change shows, and an order of keys is one', (t) => {
  const known = keep(TEXT)
  const changes: readonly ((data: Handled) => unknown)[] = [
    (data) => (data.count = 2),
    (data) => (data.count = '1'),
    (data) => (data.more = 1),
    (data) => delete data.note,
    (data) => (data.none = undefined),
    (data) => (data.none = {}),
    (data) => (data.user.name = 'Eve'),
    (data) => (data.user.roles[1] = 'admin'),
    (data) => data.user.roles.push('admin'),
    (data) => data.user.roles.pop(),
    (data) => delete data.user.roles[1],
    (data) => (data.user.roles.extra = 1),
    (data) => (data.user.roles = { 0: 'reader', 1: 'writer' }),
    (data) => (data.names = ['Ada']),
    (data) => (data.cart[0].sku = 'b-2'),
    (data) => (data.user.toJSON = () => 'Eve'),
    (data) => Object.setPrototypeOf(data.user, { toJSON: () => 'Eve' }),
    (data) => Object.setPrototypeOf(data.user.roles, { toJSON: () => 'Eve' }),
    (data) =>
      (data.user = new (class {
        name = 'Ada'
        roles = ['reader', 'writer']
      })()),
    (data) => {
      delete data.count
      data.count = 1
    },
  ]
  for (const change of changes) {
    const data = openText(known, TEXT)
    t.true(known.isWrittenBy(data))
    change(data)
    t.false(known.isWrittenBy(data), `${change}`)
  }
})

test('a getter that throws is no answer', (t) => {
  const known = keep(TEXT)
  const data = openText(known, TEXT)
  Object.defineProperty(data, 'count', {
    enumerable: true,
    get() {
      throw new Error('not now')
    },
  })
  t.false(known.isWrittenBy(data))
})

test('nothing is said of data that were asked for once', (t) => {
  const known = new KnownData()
  t.false(known.isWrittenBy(openText(known, TEXT)))
})

test('what takes far more memory than its text is not kept', (t) => {
  const text = JSON.stringify({ list: Array.from({ length: 100 }, () => ({})) })
  const known = keep(text)
  t.false(isKept(known, text))
  t.is(JSON.stringify(openText(known, text)), text)
})

/** Whether the data are there without being parsed. */
function isKept(known: KnownData, text: string): boolean {
  try {
    known.open(text, () => {
      throw new Error('parsed')
    })
    return true
  } catch {
    return false
  }
}
