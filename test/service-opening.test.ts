import test from 'ava'
import { refOf } from '../lib/id.ts'
import { ChangingKeys, keyOf } from './support/changing-keys.ts'
import { ScriptedStore } from './support/scripted-store.ts'
import { type OpenedService, openService } from './support/service.ts'
import { DAY, ID } from './support/stored.ts'
import { TellingStore } from './support/telling-store.ts'
import { begin, openVault } from './support/vault.ts'

/** A service over `store`, in which there is a session that the cookie is of. */
async function openWithSession(
  store: ScriptedStore = new TellingStore(),
  keys: ChangingKeys = new ChangingKeys(1),
): Promise<OpenedService & { readonly store: ScriptedStore; readonly cookie: string }> {
  await begin(openVault(store).vault)
  const opened = openService(store, keys)
  await opened.service.ready()
  store.reads.length = 0
  return { ...opened, store, cookie: opened.service.signId(ID) }
}

test('without a cookie there is nothing to wait for', (t) => {
  const opened = openService(new TellingStore()).open()
  t.false(opened instanceof Promise)
  t.like(opened, { isCookieStale: false, visit: { isNew: true } })
})

test('a session that is known is there at once, and asks for no read', async (t) => {
  const { store, open, cookie } = await openWithSession()
  const first = open(cookie)
  t.true(first instanceof Promise, 'the first visit waits for the store')
  t.is((await first).visit.session.a, 1)
  const next = open(cookie)
  if (next instanceof Promise) return t.fail('there was nothing to wait for')
  t.is(next.visit.session.a, 1)
  t.is(next.visit.ref, refOf(ID.name))
  t.false(next.isCookieStale)
  t.is(store.reads.length, 1)
})

test('a session that others have changed or removed is waited for', async (t) => {
  const { store, open, cookie } = await openWithSession()
  await open(cookie)
  const { vault } = openVault(store)
  const stored = await vault.load(ID)
  if (stored === undefined) return t.fail()
  await vault.commit(stored, { values: new Map([['a', '2']]) })
  const changed = open(cookie)
  t.true(changed instanceof Promise)
  t.is((await changed).visit.session.a, 2)
  await vault.destroy(ID)
  const removed = open(cookie)
  t.true(removed instanceof Promise)
  t.true((await removed).visit.isNew)
})

test('a store that does not tell what is current is waited for each time', async (t) => {
  const { store, open, cookie } = await openWithSession(new ScriptedStore())
  for (let visit = 1; visit <= 2; visit += 1) {
    const opened = open(cookie)
    t.true(opened instanceof Promise)
    t.is((await opened).visit.session.a, 1)
    t.is(store.reads.length, visit)
  }
})

test('a session that is over is waited for, and is none', async (t) => {
  const { service, open, clock, cookie } = await openWithSession()
  let told = 0
  service.events.on('expire', () => {
    told += 1
  })
  await open(cookie)
  clock.advance(DAY + 299_999)
  t.false(open(cookie) instanceof Promise)
  clock.advance(1)
  const opened = open(cookie)
  t.true(opened instanceof Promise)
  t.true((await opened).visit.isNew)
  t.is(told, 1)
})

test('two cookies, and one that is not ours, are waited for', async (t) => {
  const { open, cookie } = await openWithSession()
  await open(cookie)
  const both = open(cookie, { headers: { cookie: `sid=${cookie}; sid=other` } })
  t.true(both instanceof Promise)
  t.is((await both).visit.session.a, 1)
  const forged = open(`${cookie.slice(0, -1)}${cookie.endsWith('A') ? 'B' : 'A'}`)
  t.true(forged instanceof Promise)
  t.true((await forged).visit.isNew)
})

test('the cookie of a session that is known is stale as long as an old key has signed it', async (t) => {
  const keys = new ChangingKeys(1)
  keys.keys = [keyOf(2), keyOf(1)]
  const { open } = await openWithSession(new TellingStore(), keys)
  const older = openService(new ScriptedStore(), new ChangingKeys(1)).service
  await older.ready()
  const cookie = older.signId(ID)
  await open(cookie)
  const opened = open(cookie)
  t.false(opened instanceof Promise)
  t.like(opened, { isCookieStale: true })
})
