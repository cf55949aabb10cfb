import test from 'ava'
import type { StoredSession } from '../lib/vault.ts'
import { WorkingCopy, type WorkingCopyOptions } from '../lib/working-copy.ts'
import { Clock } from './support/clock.ts'
import { NotingHost } from './support/host.ts'
import { BEGAN, DAY, storedOf } from './support/stored.ts'

function open(
  stored?: StoredSession,
  changes: Partial<WorkingCopyOptions> = {},
): { copy: WorkingCopy; clock: Clock } {
  const clock = new Clock(BEGAN)
  const copy = new WorkingCopy(new NotingHost(), stored, {
    now: clock.now,
    random: (length) => Buffer.alloc(length, 9),
    limits: { idle: DAY, absolute: 14 * DAY },
    maxBytes: 1000,
    regenerateOn: [['user']],
    ...changes,
  })
  return { copy, clock }
}

const entries = (values: ReadonlyMap<string, string>): object => Object.fromEntries(values)

test('a request that asks for nothing has touched nothing, and its draft is what is stored', (t) => {
  const { copy } = open(storedOf({ a: 1 }))
  t.false(copy.isTouched)
  const draft = copy.draft()
  t.deepEqual(entries(draft.values), { a: '1' })
  t.is(draft.limits, undefined)
  t.false(copy.isChanged(draft))
  t.false(copy.isTouched)
})

test('to ask for the session, or to set its expiry, is to touch it', (t) => {
  const asked = open().copy
  t.is(asked.session, asked.session)
  t.true(asked.isTouched)
  const set = open().copy
  set.setExpiry('1h', 'setExpiry()')
  t.true(set.isTouched)
})

test('the session shows what is stored, in objects of its own', (t) => {
  const stored = storedOf({ a: { b: 1 } })
  const { copy } = open(stored)
  copy.session.a.b = 2
  t.deepEqual(entries(copy.draft().values), { a: '{"b":2}' })
  t.is(stored.record.data, '{"a":{"b":1}}')
})

test('a new session is changed once it has data', (t) => {
  const { copy } = open()
  t.false(copy.isChanged(copy.draft()))
  copy.setExpiry('1h', 'setExpiry()')
  t.false(copy.isChanged(copy.draft()))
  copy.session.a = 1
  t.true(copy.isChanged(copy.draft()))
})

test('a stored session is changed by a value, a key more, a key less, and by no order of keys', (t) => {
  const changed = (data: object): boolean => {
    const { copy } = open(storedOf({ a: 1, b: { c: 1, d: 2 } }))
    copy.replace(data)
    return copy.isChanged(copy.draft())
  }
  t.false(changed({ a: 1, b: { c: 1, d: 2 } }))
  t.false(changed({ b: { c: 1, d: 2 }, a: 1 }))
  t.false(changed({ a: 1, b: { c: 1, d: 2 }, e: undefined }))
  t.true(changed({ a: 2, b: { c: 1, d: 2 } }))
  t.true(changed({ a: 1, b: { c: 1, d: 3 } }))
  t.true(changed({ a: 1 }))
  t.true(changed({ a: 1, b: { c: 1, d: 2 }, e: 1 }))
  t.true(changed({ a: 1, e: { c: 1, d: 2 } }))
  t.true(changed({ a: '1', b: { c: 1, d: 2 } }))
})

test('a stored session is changed by other limits, however often it was asked for, not by the same', (t) => {
  const stored = storedOf({ user: { name: 'Ada', address: 'ada@example.org' } })
  for (const { copy } of [open(stored), open(stored), open(stored)]) {
    t.truthy(copy.session)
    copy.setExpiry(null, 'setExpiry()')
    t.is(copy.conclude().kind, 'unchanged')
    copy.setExpiry('2d', 'setExpiry()')
    t.is(copy.conclude().kind, 'changed')
  }
})

test('changes() are the values that are not stored as they are', (t) => {
  const { copy } = open(storedOf({ a: 1, b: 1, c: 1 }))
  copy.replace({ a: 1, b: 2, d: 3 })
  t.deepEqual(entries(copy.changes(copy.draft().values)), { b: '2', d: '3' })
})

test('the limits are those that were set, else those stored, else those of the options', (t) => {
  const { copy, clock } = open()
  clock.advance(5000)
  t.deepEqual(copy.limits, { idle: DAY, deadline: BEGAN + 14 * DAY })
  copy.setExpiry('30d', 'setExpiry()')
  t.like(copy.limits, { idle: 30 * DAY, deadline: BEGAN + 5000 + 30 * DAY })
  t.like(open(storedOf({}, { idle: null, deadline: 7 })).copy.limits, { idle: null, deadline: 7 })
})

test('the expiry of a stored session counts from when that began, not from the request', (t) => {
  const { copy, clock } = open(storedOf({}, { created: BEGAN - 3 * DAY }))
  clock.advance(5000)
  copy.setExpiry(null, 'setExpiry()')
  t.is(copy.draft().limits?.deadline, BEGAN + 11 * DAY)
})

test('a wrong expiry is refused under the name it was given by, and sets nothing', (t) => {
  const { copy } = open()
  t.throws(() => copy.setExpiry('soon' as never, 'maxAge'), { message: /^Expected maxAge to be / })
  t.is(copy.draft().limits, undefined)
})

test('the id of a new session is drawn once, until it is let go of', (t) => {
  let drawn = 0
  const { copy } = open(undefined, {
    random: (length) => {
      drawn += 1
      return Buffer.alloc(length, drawn)
    },
  })
  t.is(drawn, 0)
  t.deepEqual(copy.nextId.bytes, Buffer.alloc(32, 1))
  t.is(copy.nextId, copy.nextId)
  copy.forget()
  t.deepEqual(copy.nextId.bytes, Buffer.alloc(32, 2))
  copy.leave()
  t.deepEqual(copy.nextId.bytes, Buffer.alloc(32, 3))
})

test('an object in place of the session replaces its data, in the same session', (t) => {
  const { copy } = open(storedOf({ a: 1 }))
  const { session } = copy
  copy.replace({ b: 2 })
  t.is(copy.session, session)
  t.deepEqual({ ...session }, { b: 2 })
  copy.replace(session)
  t.deepEqual({ ...session }, { b: 2 })
})

test('what is no object cannot take the place of the session', (t) => {
  const { copy } = open(storedOf({ a: 1 }))
  for (const [value, got] of [
    [5, '5'],
    [true, 'true'],
    [[], 'an array'],
    [() => ({}), 'a function'],
    [null, 'null'],
  ]) {
    t.throws(() => copy.replace(value), {
      code: 'ERR_SESSION_OPTION',
      message: `Expected ctx.session to be set to a plain object or null, got ${got}`,
    })
  }
  t.throws(() => copy.replace({ save: 1 }), { code: 'ERR_SESSION_KEY_RESERVED' })
  t.deepEqual({ ...copy.session }, { a: 1 })
})

test('undefined cannot take the place of a session that was asked for', (t) => {
  const { copy } = open(storedOf({ a: 1 }))
  t.deepEqual({ ...copy.session }, { a: 1 })
  t.throws(() => copy.replace(undefined), { message: /, got undefined$/ })
})

test('undefined cannot take the place of a session that nobody asked for yet', (t) => {
  t.throws(() => open().copy.replace(undefined), { message: /, got undefined$/ })
})

test('a message on what took the place of the session does not show it', (t) => {
  const error = t.throws(() => open().copy.replace('token-of-somebody'))
  t.notRegex(error?.message ?? '', /token-of-somebody/)
})

test('a Map in place of the session is refused, and loses nothing', (t) => {
  const { copy } = open(storedOf({ a: 1 }))
  t.throws(() => copy.replace(new Map([['b', 2]])))
  t.deepEqual({ ...copy.session }, { a: 1 })
})

test('a draft that cannot be stored is refused by its key', (t) => {
  const { copy } = open()
  copy.session.cart = { total: 1n }
  t.throws(() => copy.draft(), { code: 'ERR_SESSION_VALUE', message: /^session\.cart\.total is / })
  t.throws(() => copy.serialize({ save: 1 }), { code: 'ERR_SESSION_KEY_RESERVED' })
  t.throws(() => copy.serialize({ a: 'x'.repeat(1000) }), { code: 'ERR_SESSION_TOO_LARGE' })
})

test('a sign-in is measured against the data the request began with', (t) => {
  const { copy } = open(storedOf({ a: 1 }))
  const signedIn = (data: object): boolean => copy.isSignIn(copy.serialize(data))
  t.false(signedIn({ a: 2 }))
  t.true(signedIn({ a: 1, user: 5 }))
  copy.show(storedOf({ user: 5 }), copy.draft())
  t.true(signedIn({ user: 5 }))
})

test('who is signed in already does not sign in again', (t) => {
  const { copy } = open(storedOf({ user: 5 }))
  t.false(copy.isSignIn(copy.serialize({ user: 5, a: 1 })))
  t.true(copy.isSignIn(copy.serialize({ user: 6 })))
})

test('under an id of this request nobody signs in, and without paths nobody ever does', (t) => {
  const { copy } = open(storedOf({}))
  const values = copy.serialize({ user: 5 })
  copy.hasOwnId = true
  t.false(copy.isSignIn(values))
  t.false(open(storedOf({}), { regenerateOn: [] }).copy.isSignIn(values))
})

test('show() takes over what was stored, and keeps what changed since the draft', (t) => {
  const { copy } = open(storedOf({ a: 1 }))
  copy.session.a = 2
  const draft = copy.draft()
  copy.session.b = 3
  const stored = storedOf({ a: 2, theirs: 1 })
  copy.show(stored, draft)
  t.is(copy.stored, stored)
  t.deepEqual({ ...copy.session }, { a: 2, b: 3, theirs: 1 })
  const next = copy.draft()
  t.true(copy.isChanged(next))
  t.deepEqual(entries(copy.changes(next.values)), { b: '3' })
})

test('show() makes no session of one that nobody asked for', (t) => {
  const { copy } = open(storedOf({ a: 1 }))
  copy.show(storedOf({ a: 2 }), copy.draft())
  t.false(copy.isTouched)
  t.is(copy.session.a, 2)
})

test('limits that were stored are not to be stored again, ones set since are', (t) => {
  const { copy } = open(storedOf({}))
  copy.setExpiry('2d', 'setExpiry()')
  copy.show(storedOf({}), copy.draft())
  t.is(copy.draft().limits, undefined)
  copy.setExpiry('2d', 'setExpiry()')
  const draft = copy.draft()
  copy.setExpiry('3d', 'setExpiry()')
  copy.show(storedOf({}), draft)
  t.is(copy.draft().limits?.idle, 3 * DAY)
})

test('limits of a session that is not stored yet are kept', (t) => {
  const { copy } = open()
  copy.setExpiry('2d', 'setExpiry()')
  copy.show(undefined, copy.draft())
  t.is(copy.draft().limits?.idle, 2 * DAY)
})

test('reset() shows what is stored and forgets every change', (t) => {
  const { copy } = open(storedOf({ a: 1 }))
  const { session } = copy
  session.a = 5
  session.b = 5
  copy.setExpiry('2d', 'setExpiry()')
  copy.reset(storedOf({ a: 2 }))
  t.is(copy.session, session)
  t.deepEqual({ ...session }, { a: 2 })
  t.false(copy.isChanged(copy.draft()))
  copy.reset(undefined)
  t.deepEqual({ ...session }, {})
  t.is(copy.stored, undefined)
})

test('forget() lets go of what is stored and keeps data and limits', (t) => {
  const { copy } = open(storedOf({ a: 1 }))
  const { session } = copy
  copy.setExpiry('2d', 'setExpiry()')
  copy.isGone = true
  copy.forget()
  t.is(copy.stored, undefined)
  t.false(copy.isGone)
  t.is(copy.session, session)
  t.deepEqual({ ...session }, { a: 1 })
  t.is(copy.draft().limits?.idle, 2 * DAY)
})

test('leave() lets go of it all: the next session is another, new and empty one', (t) => {
  const { copy } = open(storedOf({ a: 1 }))
  const { session } = copy
  copy.setExpiry('2d', 'setExpiry()')
  copy.leave()
  t.false(copy.isTouched)
  t.is(copy.stored, undefined)
  t.not(copy.session, session)
  t.deepEqual({ ...copy.session }, {})
  t.deepEqual({ ...session }, { a: 1 })
  t.is(session.maxAge, 0, 'the old one is detached')
  t.notThrows(() => open(storedOf({ a: 1 })).copy.leave(), 'nobody asked for this one')
  t.deepEqual(copy.limits, { idle: DAY, deadline: BEGAN + 14 * DAY })
})
