import test from 'ava'
import { splitData } from '../lib/record.ts'
import { createSession, type Session } from '../lib/session.ts'
import { showStored } from '../lib/show.ts'
import { NotingHost } from './support/host.ts'

const open = (data: object): Session => createSession(new NotingHost(), data)

/** Shows `stored` in a session whose data was `committed` when it was taken. */
function show(session: Session, committed: object, stored: object): void {
  showStored(session, splitData(JSON.stringify(committed)), JSON.stringify(stored))
}

test('what a parallel request added, changed and removed is shown', (t) => {
  const session = open({ a: 1, b: 1 })
  show(session, { a: 1, b: 1 }, { a: 2, c: 3 })
  t.deepEqual({ ...session }, { a: 2, c: 3 })
})

test('a value with the same JSON stays the same object', (t) => {
  const cart = { items: [1] }
  const date = new Date(0)
  const session = open({ cart, date, n: 1 })
  show(session, { cart, date, n: 1 }, { cart, date, n: 2 })
  t.is(session.cart, cart)
  t.is(session.date, date)
  t.is(session.n, 2)
})

test('a value with other JSON is a new object', (t) => {
  const cart = { items: [1] }
  const session = open({ cart })
  show(session, { cart }, { cart: { items: [1, 2] } })
  t.not(session.cart, cart)
  t.deepEqual(cart, { items: [1] })
  t.deepEqual(session.cart, { items: [1, 2] })
})

test('what was changed since it was taken keeps its change', (t) => {
  const session = open({ a: 1, b: { c: 1 }, d: 1 })
  session.a = 2
  session.b.c = 2
  delete session.d
  session.e = 2
  show(session, { a: 1, b: { c: 1 }, d: 1 }, { a: 9, b: { c: 9 }, d: 9, e: 9, f: 9 })
  t.deepEqual({ ...session }, { a: 2, b: { c: 2 }, e: 2, f: 9 })
})

test('a value that has no JSON form is a change of its own', (t) => {
  const session = open({ a: 1, b: 1 })
  session.a = 1n
  session.b = () => 1
  const { b } = session
  show(session, { a: 1, b: 1 }, { a: 2, b: 2 })
  t.is(session.a, 1n)
  t.is(session.b, b)
})

test('a key that holds undefined is as good as absent', (t) => {
  const session = open({ a: undefined, b: undefined })
  show(session, {}, { a: 1 })
  t.is(session.a, 1)
})

test('keys that other objects inherit are shown like any other', (t) => {
  const session = open({ constructor: 1 })
  show(session, { constructor: 1 }, { toString: 2 })
  t.deepEqual(Object.entries(session), [['toString', 2]])
})
