import test from 'ava'
import fc from 'fast-check'
import { KnownData } from '../lib/known-data.ts'
import {
  decodeRecord,
  encodeRecord,
  joinData,
  parseData,
  type SessionRecord,
  serializeData,
  splitData,
} from '../lib/record.ts'

const NONE: ReadonlySet<string> = new Set()
const record: SessionRecord = {
  data: '{"user":42,"cart":[1,2]}',
  known: new KnownData(),
  created: 1_900_000_000_000,
  deadline: 1_901_209_600_000,
  idle: 86_400_000,
  active: 1_900_000_060_000,
}
const TEXT =
  '{"created":1900000000000,"deadline":1901209600000,"idle":86400000,"active":1900000060000,"data":{"user":42,"cart":[1,2]}}'

const moment = fc.integer({ min: 0, max: 8.64e15 })
const jsonObject = fc.dictionary(fc.string(), fc.jsonValue()).filter((data) => !holdsProto(data))
const anyRecord = fc.record(
  {
    data: jsonObject.map((data) => JSON.stringify(data)),
    known: fc.constant(new KnownData()),
    created: moment,
    deadline: moment,
    idle: fc.option(fc.integer({ min: 1, max: 8.64e15 })),
    active: moment,
    persistent: fc.boolean(),
  },
  { requiredKeys: ['data', 'known', 'created', 'deadline', 'idle', 'active'] },
)

test('a record is a JSON text with its members in fixed order', (t) => {
  t.is(encodeRecord(record), TEXT)
  t.is(
    encodeRecord({ ...record, idle: null, persistent: true }),
    TEXT.replace('86400000', 'null').replace('"data"', '"persistent":true,"data"'),
  )
})

test('what was encoded is decoded to the same', (t) => {
  t.deepEqual(decodeRecord(TEXT), record)
  fc.assert(
    fc.property(anyRecord, (record) => {
      t.deepEqual(decodeRecord(encodeRecord(record)), record)
    }),
  )
})

test('spaces and the order of members do not matter, and the data becomes canonical', (t) => {
  const text =
    ' {"data": {"b": "\\u0061", "2": 1.0, "1": [ ]}, "active":4,"idle":null, "deadline":2,"created":1}   '
  t.deepEqual(decodeRecord(text), {
    created: 1,
    deadline: 2,
    idle: null,
    active: 4,
    data: '{"1":[],"2":1,"b":"a"}',
    known: new KnownData(),
  })
})

for (const [what, from, to] of [
  ['a member is missing', '"active":1900000060000,', ''],
  ['a member is unknown', '"data"', '"more":1,"data"'],
  ['a time is a fraction', '1900000060000', '1900000060000.5'],
  ['a time is negative', '1900000060000', '-1'],
  ['a time is after the last moment of a Date', '1900000060000', '8640000000000001'],
  ['a time is endless', '1900000060000', '1e999'],
  ['a time is a string', '1900000060000', '"1900000060000"'],
  ['a time is null', '1900000060000', 'null'],
  ['the idle time is 0', '"idle":86400000', '"idle":0'],
  ['the idle time is missing', '"idle":86400000,', ''],
  ['persistent is no boolean', '"data"', '"persistent":1,"data"'],
  ['persistent is null', '"data"', '"persistent":null,"data"'],
  ['the data is an array', '{"user":42,"cart":[1,2]}', '[]'],
  ['the data is null', '{"user":42,"cart":[1,2]}', 'null'],
  ['the data is a string', '{"user":42,"cart":[1,2]}', '"{}"'],
  ['it is cut off', '}}', '}'],
  ['it is an array', TEXT, `[${TEXT}]`],
  ['it is null', TEXT, 'null'],
  ['it is empty', TEXT, ''],
  ['it is a level too deep to be written again', '[1,2]', '['.repeat(101) + ']'.repeat(101)],
  ['it is far too deep to be written again', '[1,2]', '['.repeat(50_000) + ']'.repeat(50_000)],
] as const) {
  test(`it is no record when ${what}`, (t) => {
    const text = TEXT.replace(from, to)
    t.not(text, TEXT)
    t.is(decodeRecord(text), undefined)
  })
}

test('a record may be as deep as can be written', (t) => {
  const text = TEXT.replace('[1,2]', '['.repeat(100) + ']'.repeat(100))
  t.not(decodeRecord(text), undefined)
})

test('no text makes decoding throw', (t) => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      t.is(decodeRecord(text), undefined)
    }),
  )
})

test('decoding leaves out __proto__ at any level of the data', (t) => {
  const text = TEXT.replace('42', '{"__proto__":{"admin":true},"id":[{"\\u005f_proto__":1,"a":2}]}')
  t.is(decodeRecord(text)?.data, '{"user":{"id":[{"a":2}]},"cart":[1,2]}')
})

test('data is split by top-level key and joined to the same text', (t) => {
  const text = '{"1":[],"a":{"b":[1,{"c":"}"}]},"":"x","\\"":null}'
  t.deepEqual(
    [...splitData(text)],
    [
      ['1', '[]'],
      ['a', '{"b":[1,{"c":"}"}]}'],
      ['', '"x"'],
      ['"', 'null'],
    ],
  )
  t.is(joinData(splitData(text)), text)
  t.is(joinData(new Map()), '{}')
  fc.assert(
    fc.property(jsonObject, (data) => {
      const text = JSON.stringify(data)
      t.is(joinData(splitData(text)), text)
    }),
  )
})

test('keys that are whole numbers come first, however the values were put together', (t) => {
  const values = new Map([
    ['b', '1'],
    ['10', '2'],
    ['9', '3'],
    ['01', '4'],
    ['-1', '5'],
  ])
  t.is(joinData(values), '{"9":3,"10":2,"b":1,"01":4,"-1":5}')
  t.is(joinData(serializeData(parseData(joinData(values)), NONE, 100)), joinData(values))
})

test('parsed data is an object without prototype that holds the same', (t) => {
  const data = parseData('{"user":{"name":"Ada"},"constructor":{"prototype":{"admin":true}}}')
  t.is(Object.getPrototypeOf(data), null)
  t.deepEqual(Object.keys(data), ['user', 'constructor'])
  t.deepEqual(data.user, { name: 'Ada' })
  t.false('admin' in {})
})

for (const spelling of [
  '__proto__',
  '\\u005f_proto__',
  '\\u005F\\u005F\\u0070\\u0072\\u006F\\u0074o__',
]) {
  test(`a key ${spelling} is left out at any level, and changes no prototype`, (t) => {
    const key = `"${spelling}":{"admin":true}`
    const text = `{${key},"a":{${key},"b":[1,{${key},"c":2}]},"d":"${spelling}"}`
    const data = parseData(text)
    t.deepEqual({ ...data }, { a: { b: [1, { c: 2 }] }, d: '__proto__' } as object)
    t.false(Object.hasOwn(data.a as object, '__proto__'))
    const copied: { admin?: boolean } = Object.assign({}, data, data.a)
    t.is(copied.admin, undefined)
    t.is(({} as { admin?: boolean }).admin, undefined)
    t.deepEqual([...splitData(text).keys()], ['a', 'd'])
  })
}

test('a key that only looks like __proto__ stays', (t) => {
  const data = { __proto: 1, __proto___: 2, constructor: 3, prototype: 4, text: '\\u005f' }
  t.deepEqual({ ...parseData(JSON.stringify(data)) }, data as object)
})

function holdsProto(value: unknown): boolean {
  return JSON.stringify(value).includes('__proto__')
}
