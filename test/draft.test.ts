import test from 'ava'
import { type CommitConditions, mergeDraft } from '../lib/draft.ts'
import type { Limits } from '../lib/expiry.ts'
import { KnownData } from '../lib/known-data.ts'
import { type SerializedData, type SessionRecord, splitData } from '../lib/record.ts'

const DAY = 86_400_000
const NOW = Date.UTC(2026, 0, 2)
const BEGAN = NOW - DAY
const LIMITS: Limits = { deadline: BEGAN + 14 * DAY, idle: DAY }
const NO_LIMIT = Number.POSITIVE_INFINITY

function recordOf(data: object, changes: Partial<SessionRecord> = {}): SessionRecord {
  const known = new KnownData()
  return { created: BEGAN, active: BEGAN, ...LIMITS, data: JSON.stringify(data), known, ...changes }
}

const valuesOf = (data: object): SerializedData => splitData(JSON.stringify(data))

test('over the version it began with a draft is stored as it is, its keys in their order', (t) => {
  const base = recordOf({ a: 1, b: 2 })
  const merged = mergeDraft(base, { values: valuesOf({ c: 3, a: 1 }) }, base, NOW, NO_LIMIT, {})
  t.deepEqual(merged, {
    record: recordOf({ c: 3, a: 1 }, { active: NOW }),
    conflicts: [],
    signedIn: false,
  })
})

test('over a newer version only what the request changed is laid', (t) => {
  const base = recordOf({ a: 1, b: 1, c: 1 })
  const newest = recordOf({ a: 1, b: 2, c: 1, d: 2 })
  const draft = { values: valuesOf({ a: 3, b: 1, e: 3 }) }
  const { record, conflicts } = mergeDraft(base, draft, newest, NOW, NO_LIMIT, {})
  t.deepEqual(JSON.parse(record.data), { a: 3, b: 2, d: 2, e: 3 })
  t.deepEqual(conflicts, [])
})

test('the text of a draft that is known is stored only where the draft is stored as it is', (t) => {
  const base = recordOf({ a: 1 })
  const draft = { values: valuesOf({ a: 2 }), text: '{"a":2}' }
  const dataOver = (newest: SessionRecord, transform?: CommitConditions['transform']): string =>
    mergeDraft(base, draft, newest, NOW, NO_LIMIT, { transform }).record.data
  t.is(dataOver(base), '{"a":2}')
  t.is(dataOver(recordOf({ a: 1, theirs: 1 })), '{"a":2,"theirs":1}')
  t.is(
    dataOver(base, (values) => new Map([...values, ['b', '3']])),
    '{"a":2,"b":3}',
  )
})

test('where both changed a key the draft wins, and the key is named', (t) => {
  const base = recordOf({ a: 1, b: 1, c: 1 })
  const newest = recordOf({ a: 2, b: 2, c: 2 })
  const draft = { values: valuesOf({ a: 3, b: 2 }) }
  const { record, conflicts } = mergeDraft(base, draft, newest, NOW, NO_LIMIT, {})
  t.deepEqual(JSON.parse(record.data), { a: 3, b: 2 })
  t.deepEqual(conflicts, ['a', 'c'])
})

test('activity is the later one', (t) => {
  const base = recordOf({})
  const later = recordOf({}, { active: NOW + 5 })
  const draft = { values: valuesOf({}) }
  t.is(mergeDraft(base, draft, later, NOW, NO_LIMIT, {}).record.active, NOW + 5)
  t.is(mergeDraft(base, draft, later, NOW + 9, NO_LIMIT, {}).record.active, NOW + 9)
})

test('a draft moves no limit unless setExpiry() was called', (t) => {
  const base = recordOf({})
  const theirs = { deadline: NOW + 90 * DAY, idle: null, persistent: true }
  const newest = recordOf({ a: 1 }, theirs)
  const { record, conflicts } = mergeDraft(
    base,
    { values: valuesOf({}) },
    newest,
    NOW,
    NO_LIMIT,
    {},
  )
  t.like(record, theirs)
  t.deepEqual(conflicts, [])
})

test('limits are one value: what the draft sets replaces all three', (t) => {
  const base = recordOf({}, { persistent: true })
  const mine = { deadline: NOW + DAY, idle: 5000 }
  const draft = { values: valuesOf({}), limits: mine }
  const { record, conflicts } = mergeDraft(base, draft, base, NOW, NO_LIMIT, {})
  t.deepEqual(record, recordOf({}, { active: NOW, ...mine }))
  t.deepEqual(conflicts, [])
})

test('limits that both changed are a conflict of the name setExpiry, and the draft wins', (t) => {
  const base = recordOf({ a: 1 })
  const newest = recordOf({ a: 2 }, { idle: 7000 })
  const limits = { ...LIMITS, idle: 5000 }
  const draft = { values: valuesOf({ a: 3 }), limits }
  const { record, conflicts } = mergeDraft(base, draft, newest, NOW, NO_LIMIT, {})
  t.is(record.idle, 5000)
  t.deepEqual(conflicts, ['a', 'setExpiry'])
})

test('limits that both changed to the same are no conflict', (t) => {
  const limits = { ...LIMITS, persistent: true }
  const newest = recordOf({}, limits)
  const draft = { values: valuesOf({}), limits }
  t.deepEqual(mergeDraft(recordOf({}), draft, newest, NOW, NO_LIMIT, {}).conflicts, [])
})

test('a transform is given what the merge made, and its outcome is stored', (t) => {
  const base = recordOf({ count: 1 })
  const newest = recordOf({ count: 5 })
  const seen: object[] = []
  const transform = (values: SerializedData): SerializedData => {
    seen.push(Object.fromEntries(values))
    return new Map([...values, ['count', '6']])
  }
  const draft = { values: valuesOf({ count: 1, mine: true }) }
  const { record } = mergeDraft(base, draft, newest, NOW, NO_LIMIT, { transform })
  t.deepEqual(seen, [{ count: '5', mine: 'true' }])
  t.deepEqual(JSON.parse(record.data), { count: 6, mine: true })
})

test('what a transform throws comes out as it is', (t) => {
  const error = new Error('mine')
  const transform = (): never => {
    throw error
  }
  const base = recordOf({})
  const draft = { values: valuesOf({}) }
  t.is(
    t.throws(() => mergeDraft(base, draft, base, NOW, NO_LIMIT, { transform })),
    error,
  )
})

test('a sign-in is looked for in what would be stored', (t) => {
  const base = recordOf({})
  const newest = recordOf({ theirs: 1 })
  const seen: object[] = []
  const merged = mergeDraft(base, { values: valuesOf({ mine: 1 }) }, newest, NOW, NO_LIMIT, {
    transform: (values) => new Map([...values, ['user', '1']]),
    isSignIn: (values) => seen.push(Object.fromEntries(values)) > 0,
  })
  t.true(merged.signedIn)
  t.deepEqual(seen, [{ theirs: '1', mine: '1', user: '1' }])
})

test('the size that counts is that of the outcome, in bytes of UTF-8', (t) => {
  const base = recordOf({})
  const newest = recordOf({ a: 'ä'.repeat(10) })
  const draft = { values: valuesOf({ b: 'ö'.repeat(10) }) }
  const size = Buffer.byteLength(JSON.stringify({ a: 'ä'.repeat(10), b: 'ö'.repeat(10) }))
  t.notThrows(() => mergeDraft(base, draft, newest, NOW, size, {}))
  t.throws(() => mergeDraft(base, draft, newest, NOW, size - 1, {}), {
    code: 'ERR_SESSION_TOO_LARGE',
    message: `session.a makes the session too large: it takes at least ${size} bytes as JSON and may take ${size - 1}. Keep less in it, or raise maxBytes`,
  })
})

test('nothing that is given is changed', (t) => {
  const base = Object.freeze(recordOf({ a: 1 }))
  const newest = Object.freeze(recordOf({ a: 2, b: 2 }))
  const values = valuesOf({ a: 3 })
  mergeDraft(base, { values, limits: Object.freeze({ ...LIMITS }) }, newest, NOW, NO_LIMIT, {})
  t.deepEqual([...values], [['a', '3']])
})
