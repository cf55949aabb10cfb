import { inspect } from 'node:util'
import test from 'ava'
import { SessionError } from '../lib/errors.ts'
import {
  createSession,
  detachSession,
  RESERVED_KEYS,
  replaceData,
  type Session,
} from '../lib/session.ts'
import { NotingHost } from './support/host.ts'
import { CONSTANT_MEMBERS, MEMBERS } from './support/members.ts'

function open(data: object = {}): { session: Session; host: NotingHost } {
  const host = new NotingHost()
  return { session: createSession(host, data), host }
}

/** A function of sloppy code, as CommonJS without 'use strict' is; a module has no other way to it. */
const sloppily = (code: string): ((session: Session) => void) =>
  new Function('session', code) as (session: Session) => void

test('the members of a session are these, and their names are reserved', (t) => {
  t.deepEqual([...RESERVED_KEYS].sort(), [...MEMBERS].sort())
  const { session } = open()
  for (const name of MEMBERS) t.true(name in session, name)
})

test('what a session lists, copies and writes is its data and nothing else', (t) => {
  const { session } = open({ a: 1, b: { c: 2 } })
  t.deepEqual(Object.keys(session), ['a', 'b'])
  t.deepEqual({ ...session }, { a: 1, b: { c: 2 } })
  t.is(JSON.stringify(session), '{"a":1,"b":{"c":2}}')
  const seen: string[] = []
  for (const key in session) seen.push(key)
  t.deepEqual(seen, ['a', 'b'])
  t.deepEqual(Reflect.ownKeys(session), ['a', 'b'])
})

test('to inspect a session shows its data and nothing else', (t) => {
  t.is(inspect(open({ a: 1 }).session), '{ a: 1 }')
  t.is(inspect({ session: open({ a: 1 }).session }), '{ session: { a: 1 } }')
  t.is(inspect(open().session, { showHidden: true, depth: 9 }), '{}')
})

test('the prototypes of a session end in null after its own', (t) => {
  const prototype = Object.getPrototypeOf(open().session)
  t.is(Object.getPrototypeOf(prototype), null)
  t.deepEqual(Object.keys(prototype), [])
})

test('keys that every other object inherits are ordinary keys', (t) => {
  const { session } = open()
  for (const key of ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'toJSON']) {
    t.false(key in session, key)
    session[key] = { polluted: true }
    t.deepEqual(Object.getOwnPropertyDescriptor(session, key)?.value, { polluted: true })
  }
  t.is(({} as { polluted?: boolean }).polluted, undefined)
  t.is(typeof session.save, 'function')
})

test('a session has its own copy of the data, one level deep', (t) => {
  const data = { a: 1, b: {} }
  const { session } = open(data)
  session.a = 2
  t.is(data.a, 1)
  t.is(session.b, data.b)
})

test('assigning to a member is refused in strict and in sloppy code', (t) => {
  for (const name of CONSTANT_MEMBERS) {
    const expected = {
      instanceOf: SessionError,
      code: 'ERR_SESSION_KEY_RESERVED',
      message: `session.${name} is a member of every session and cannot hold data: choose another key`,
    }
    const { session } = open()
    t.throws(() => Object.assign(session, { [name]: 1 }), expected)
    t.throws(() => sloppily(`session.${name} = 1`)(session), expected)
    t.throws(() => sloppily(`session.${name} += 1`)(session), expected)
    t.deepEqual(Object.keys(session), [])
  }
})

test('a member can be neither deleted nor replaced for all sessions', (t) => {
  const { session } = open()
  const prototype = Object.getPrototypeOf(session)
  const { save } = session
  sloppily('delete session.save')(session)
  t.is(session.save, save)
  t.throws(() => {
    prototype.save = () => undefined
  })
  t.false(Reflect.deleteProperty(prototype, 'save'))
  t.false(Reflect.defineProperty(prototype, 'save', { value: 1 }))
})

test('the members say what the visit says', (t) => {
  const { session, host } = open()
  t.is(session.isNew, true)
  t.is(session.ref, '0123456789ab')
  t.is(session.expiresIn, 5000)
  t.deepEqual(session.expiresAt, new Date(1_005_000))
  t.is(session.expiresWithBrowser, false)
  t.is(session.maxAge, 7000)
  host.isNew = false
  t.is(session.isNew, false)
})

test('maxAge takes what setExpiry() takes, and the word of koa-session', (t) => {
  const { session, host } = open()
  const moment = new Date(5)
  const maxAge = session as { maxAge: unknown }
  for (const value of [3_600_000, '1h', moment, null, 0, 'browser', 'session']) {
    maxAge.maxAge = value
  }
  t.deepEqual(host.asked, [
    ['setExpiry', 3_600_000, 'maxAge'],
    ['setExpiry', '1h', 'maxAge'],
    ['setExpiry', moment, 'maxAge'],
    ['setExpiry', null, 'maxAge'],
    ['setExpiry', 0, 'maxAge'],
    ['setExpiry', 'browser', 'maxAge'],
    ['setExpiry', 'browser', 'maxAge'],
  ])
  t.deepEqual(Object.keys(session), [])
})

test('setExpiry() asks the visit under its own name', (t) => {
  const { session, host } = open()
  t.is(session.setExpiry('2h'), undefined)
  t.deepEqual(host.asked, [['setExpiry', '2h', 'setExpiry()']])
})

test('a session that was detached keeps its data and its handle, and nothing else', (t) => {
  const { session, host } = open({ a: 1 })
  host.isNew = true
  detachSession(session)
  t.deepEqual({ ...session }, { a: 1 })
  t.is(session.ref, '0123456789ab')
  t.is(session.isNew, false)
  t.is(session.expiresIn, 0)
  t.deepEqual(session.expiresAt, new Date(0))
  t.is(session.expiresWithBrowser, true)
  t.is(session.maxAge, 0)
  host.ref = 'ba9876543210'
  t.is(session.ref, '0123456789ab')
  detachSession(session)
  t.is(session.ref, '0123456789ab')
})

test('what a detached session is asked has no effect', async (t) => {
  const { session, host } = open()
  detachSession(session)
  const expected = {
    code: 'ERR_SESSION_GONE',
    message:
      'The session was destroyed, regenerated or has expired meanwhile: nothing was stored. Take ctx.session again',
  }
  await t.throwsAsync(session.save(), expected)
  await t.throwsAsync(session.reload(), expected)
  await t.throwsAsync(session.regenerate(), expected)
  await t.throwsAsync(
    session.update(() => 1),
    expected,
  )
  await t.notThrowsAsync(session.destroy(), 'what is gone is gone')
  session.setExpiry('1h')
  Object.assign(session, { maxAge: 5000 })
  const error = await new Promise((resolve) => session.save(resolve))
  t.like(error, expected)
  t.deepEqual(host.asked, [])
})

test('replaceData() makes the data the whole of it', (t) => {
  const { session } = open({ a: 1, b: 2 })
  replaceData(session, { b: 3, c: 4 })
  t.deepEqual({ ...session }, { b: 3, c: 4 })
})

test('replaceData() with a reserved key changes nothing', (t) => {
  const { session } = open({ a: 1 })
  for (const key of MEMBERS) {
    t.throws(() => replaceData(session, { b: 1, [key]: 2 }), { code: 'ERR_SESSION_KEY_RESERVED' })
    t.deepEqual({ ...session }, { a: 1 })
  }
})

test('replaceData() changes nothing when the data cannot be read', (t) => {
  const { session } = open({ a: 1 })
  const data = {
    b: 1,
    get c(): never {
      throw new Error('mine')
    },
  }
  t.throws(() => replaceData(session, data), { message: 'mine' })
  t.deepEqual({ ...session }, { a: 1 })
})

test('replaceData() with its own data keeps it', (t) => {
  const { session } = open({ a: 1 })
  replaceData(session, session)
  t.deepEqual({ ...session }, { a: 1 })
})
