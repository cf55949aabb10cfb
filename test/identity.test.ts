import test from 'ava'
import { hasSignedIn } from '../lib/identity.ts'
import { DEFAULTS, resolveOptions } from '../lib/options.ts'

const { regenerateOn } = resolveOptions(DEFAULTS)

/** What a session's data was, what it is now, and whether that means that somebody signed in. */
type Row = readonly [before: object, after: object, signedIn: boolean]

const ROWS: readonly Row[] = [
  [{}, {}, false],
  [{}, { cart: [1] }, false],
  [{}, { user: 'ada' }, true],
  [{}, { userId: 0 }, true],
  [{}, { isAdmin: false }, true],
  [{}, { user: null }, false],
  [{}, { user: undefined }, false],
  [{ user: null }, { user: 'ada' }, true],
  [{ user: null }, { user: { mail: 'ada' } }, true],
  [{ user: 'ada' }, { user: 'ada' }, false],
  [{ user: 'ada' }, { user: 'bob' }, true],
  [{ user: 'ada' }, {}, false],
  [{ user: 'ada' }, { user: null }, false],
  [{ uid: 1 }, { uid: '1' }, true],
  [{ isAdmin: false }, { isAdmin: true }, true],
  [{ user: 1 }, { user: 1, cart: [] }, false],
  [{ user: 1 }, { user: 1, role: 'admin' }, true],
  [{ user: 'ada' }, { user: { id: 'ada' } }, true],
  [{ user: { id: 'ada' } }, { user: 'ada' }, true],

  [{}, { user: {} }, true],
  [{ user: {} }, { user: { id: 1 } }, true],
  [{ user: { id: 1 } }, { user: { id: 2 } }, true],
  [{ user: { _id: 1 } }, { user: { _id: 2 } }, true],
  [{ user: { uid: 1 } }, { user: { uid: 2 } }, true],
  [{ user: { sub: 'a' } }, { user: { sub: 'b' } }, true],
  [{ user: { name: 'a' } }, { user: { name: 'b' } }, true],
  [{ user: { id: 1 } }, { user: { id: 1, role: 'admin' } }, true],
  [{ user: { id: 1, roles: [] } }, { user: { id: 1, roles: ['admin'] } }, true],
  [{ user: { id: 1, isAdmin: false } }, { user: { id: 1, isAdmin: true } }, true],
  [{ user: { id: 1 } }, { user: { id: 1, lastSeen: 5 } }, false],
  [{ user: { id: 1, seen: 5 } }, { user: { seen: 6, id: 1 } }, false],
  [{ user: { id: 1 } }, { user: {} }, false],
  [{ user: { id: { $oid: 'a', id: 1 } } }, { user: { id: { $oid: 'a', id: 2 } } }, true],

  [{ roles: ['a'] }, { roles: ['a'] }, false],
  [{ roles: ['a'] }, { roles: ['a', 'b'] }, true],
  [{ roles: ['a'] }, { roles: { 0: 'a' } }, true],

  [{}, { passport: { user: 1 } }, true],
  [{ passport: {} }, { passport: { user: 1 } }, true],
  [{ passport: { user: 1 } }, { passport: { user: 2 } }, true],
  [{ passport: { user: { id: 1 } } }, { passport: { user: { id: 2 } } }, true],
  [{ passport: { user: { id: 1 } } }, { passport: { user: { id: 1, seen: 1 } } }, false],
  [{ passport: { user: 1 } }, { passport: {} }, false],
]

test('who signed in is told by what appears, what is replaced, and the identity of objects', (t) => {
  for (const [before, after, signedIn] of ROWS) {
    const row = `${JSON.stringify(before)} → ${JSON.stringify(after)}`
    t.is(hasSignedIn(regenerateOn, before, after), signedIn, row)
  }
})

test('a path looks at what it leads to, and at nothing beside it', (t) => {
  const paths = [['passport', 'user']]
  t.true(hasSignedIn(paths, {}, { passport: { user: 1 } }))
  t.true(hasSignedIn(paths, { passport: 1 }, { passport: { user: 1 } }))
  t.false(hasSignedIn(paths, {}, { passport: { id: 1 } }))
  t.false(hasSignedIn(paths, { passport: { user: 1 } }, { passport: { user: 1, id: 2 } }))
  t.false(hasSignedIn(paths, { passport: { user: 1 } }, { passport: 'gone' }))
})

test('the key of a path may hold a dot', (t) => {
  t.true(hasSignedIn([['a.b']], {}, { 'a.b': 1 }))
  t.false(hasSignedIn([['a.b']], {}, { a: { b: 1 } }))
})

test('what every object inherits is nobody', (t) => {
  t.false(hasSignedIn([['constructor'], ['toString'], ['a', '__proto__']], {}, { a: {} }))
})

test('no path, no sign-in', (t) => {
  t.false(hasSignedIn([], {}, { user: 1 }))
})

test('an identity that is an object itself is compared whole', (t) => {
  const user = (number: number): object => ({ user: { id: { tenant: 'a', number } } })
  t.false(hasSignedIn(regenerateOn, user(1), user(1)))
  t.true(hasSignedIn(regenerateOn, user(1), user(2)))
})

test('of an object that says nowhere who it is everything counts', (t) => {
  const user = (members: object): object => ({ user: members })
  t.true(hasSignedIn(regenerateOn, user({ key: 'evil' }), user({ key: 'victim' })))
  t.true(hasSignedIn(regenerateOn, user({ email: 'a@x' }), user({ email: 'b@x' })))
  t.true(hasSignedIn(regenerateOn, user({ username: 'a' }), user({ username: 'a', admin: true })))
  t.false(hasSignedIn(regenerateOn, user({ email: 'a@x' }), user({ email: 'a@x', lastSeen: 1 })))
})
