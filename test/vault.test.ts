import test from 'ava'
import { SessionError } from '../lib/errors.ts'
import { refOf, type SessionId, toSessionId } from '../lib/id.ts'
import { ChangingKeys } from './support/changing-keys.ts'
import { ScriptedStore } from './support/scripted-store.ts'
import { BEGAN, DAY, ID, recordOf } from './support/stored.ts'
import { TellingStore } from './support/telling-store.ts'
import { begin, dataOf, draftOf, openVault, present } from './support/vault.ts'

const REF = refOf(ID.name)

test('a session that is not there is none, and nobody is told', async (t) => {
  const { vault, events } = openVault()
  t.is(await vault.load(ID), undefined)
  t.deepEqual(events, [])
})

test('a session that is there is loaded until it is over, and then somebody is told', async (t) => {
  const { vault, clock, events } = openVault()
  await begin(vault)
  clock.advance(DAY + 299_999)
  t.deepEqual(await vault.load(ID), { id: ID, record: recordOf({ a: 1 }), isStale: false })
  clock.advance(1)
  t.is(await vault.load(ID), undefined)
  t.deepEqual(events, [{ name: 'expire', ref: REF }])
})

test('a session that the store says is current is told at once until it is over', async (t) => {
  const { vault, clock, events } = openVault(new TellingStore())
  t.is(vault.recall(ID), undefined)
  await begin(vault)
  clock.advance(DAY + 299_999)
  t.deepEqual(vault.recall(ID), { id: ID, record: recordOf({ a: 1 }), isStale: false })
  clock.advance(1)
  t.is(vault.recall(ID), undefined)
  t.deepEqual(events, [], 'whoever loads it tells')
})

test('a store that cannot tell is an error, never "no session"', async (t) => {
  const { vault, store } = openVault()
  const error = new SessionError('ERR_SESSION_STORE', 'EIO')
  store.onRead = () => Promise.reject(error)
  t.is(await t.throwsAsync(vault.load(ID)), error)
})

test('what does not open is no session, is reported once, and is left alone', async (t) => {
  const { vault, store, events } = openVault()
  await store.put(ID.name, Buffer.from('not an envelope'))
  for (let visit = 0; visit < 3; visit += 1) t.is(await vault.load(ID), undefined)
  t.deepEqual(events, [{ name: 'corrupt', ref: REF, reason: 'unopened' }])
  t.deepEqual(await store.names(), [ID.name])
  store.onRead = async () => 'damaged'
  const other = toSessionId(Buffer.alloc(32, 2))
  t.is(await vault.load(other), undefined)
  t.deepEqual(events[1], { name: 'corrupt', ref: refOf(other.name), reason: 'damaged' })
})

test('a session under a key that is in no ring is reported as such', async (t) => {
  const { vault, store, events } = openVault()
  await begin(openVault(store, {}, new ChangingKeys(2)).vault)
  t.is(await vault.load(ID), undefined)
  t.deepEqual(events, [{ name: 'corrupt', ref: REF, reason: 'unknown-key' }])
})

test('a thousand reports are remembered, and no more', async (t) => {
  const { vault, store, events } = openVault()
  store.onRead = async () => 'damaged'
  const idOf = (number: number): SessionId => toSessionId(Buffer.alloc(32, `${number}.`))
  for (let number = 0; number < 1000; number += 1) await vault.load(idOf(number))
  await vault.load(idOf(0))
  t.is(events.length, 1000)
  await vault.load(idOf(1000))
  await vault.load(idOf(0))
  t.is(events.length, 1002)
})

test('a new session is stored under its id, as durable as it is asked to be', async (t) => {
  const { vault, store, events } = openVault()
  const record = recordOf({ a: 1 })
  t.deepEqual(await vault.create(record, ID, true), { id: ID, record, isStale: false })
  t.deepEqual(store.updates, [{ name: ID.name, durable: true, kind: 'replace' }])
  t.deepEqual(events, [])
})

test('a session that begins is told of, and durable when the option says so', async (t) => {
  for (const durable of [false, true]) {
    const { vault, store, events } = openVault(new ScriptedStore(), { durable })
    await vault.begin(recordOf({ a: 1 }), ID)
    t.deepEqual(events, [{ name: 'create', ref: REF }])
    t.is(store.updates[0]?.durable, durable)
  }
})

test('an id that is taken is not used, whatever has taken it', async (t) => {
  const other = toSessionId(Buffer.alloc(32, 2))
  const takers: ((store: ScriptedStore) => Promise<unknown>)[] = [
    (store) => begin(openVault(store).vault, { theirs: true }),
    (store) => openVault(store).vault.create(recordOf({}, { deadline: BEGAN - 1 }), ID, false),
    (store) => store.put(ID.name, Buffer.from('not an envelope')),
  ]
  for (const take of takers) {
    const { vault, store, events } = openVault(new ScriptedStore(), { random: () => other.bytes })
    await take(store)
    const before = await store.memory.read(ID.name)
    const created = await vault.begin(recordOf({ a: 1 }), ID)
    t.deepEqual(created.id, other)
    t.deepEqual(await store.memory.read(ID.name), before)
    t.deepEqual(await dataOf(store, other), { a: 1 })
    t.deepEqual(events, [{ name: 'create', ref: refOf(other.name) }])
  }
})

test('randomness that repeats itself is an error, and overwrites nothing', async (t) => {
  const { vault, store } = openVault(new ScriptedStore(), { random: () => ID.bytes })
  await begin(vault, { theirs: true })
  await t.throwsAsync(vault.create(recordOf({ a: 1 }), ID, false), {
    code: 'ERR_SESSION_STORE',
    message:
      'Every new session id was taken: the random number generator of this machine is broken',
  })
  t.deepEqual(await dataOf(store, ID), { theirs: true })
})

test('a commit over what was loaded stores the draft and the activity', async (t) => {
  const { vault, store, clock, events } = openVault()
  const base = await begin(vault)
  clock.advance(5000)
  const committed = await vault.commit(base, draftOf({ a: 2 }))
  t.deepEqual(committed, {
    id: ID,
    record: recordOf({ a: 2 }, { active: BEGAN + 5000 }),
    isStale: false,
  })
  t.deepEqual(await dataOf(store, ID), { a: 2 })
  t.deepEqual(events, [{ name: 'save', ref: REF }])
})

test('a commit is as durable as the option says', async (t) => {
  for (const durable of [false, true]) {
    const { vault, store } = openVault(new ScriptedStore(), { durable })
    await vault.commit(await begin(vault), draftOf({ a: 2 }))
    t.is(store.updates[1]?.durable, durable)
  }
})

test('commits of two requests keep the keys of both, and name the key where one was overruled', async (t) => {
  const { vault, store, events } = openVault()
  const base = await begin(vault, { both: 0 })
  await openVault(store).vault.commit(base, draftOf({ both: 1, theirs: 1 }))
  await vault.commit(base, draftOf({ both: 2, mine: 2 }))
  t.deepEqual(await dataOf(store, ID), { both: 2, theirs: 1, mine: 2 })
  t.deepEqual(events, [
    { name: 'save', ref: REF },
    { name: 'conflict', ref: REF, key: 'both' },
  ])
})

test('of a change that the store runs again only the last run counts', async (t) => {
  const { vault, store, events } = openVault()
  const base = await begin(vault, { a: 0 })
  const another = openVault(store).vault
  const theirs = present(t, await another.commit(base, draftOf({ a: 1 })))
  store.between = () => another.commit(theirs, draftOf({ a: 0 }))
  t.like(await vault.commit(base, draftOf({ a: 2 })), { record: { data: '{"a":2}' } })
  t.deepEqual(events, [{ name: 'save', ref: REF }], 'no conflict is left')

  const last = present(t, await vault.load(ID))
  store.between = () => another.destroy(ID)
  t.is(await vault.commit(last, draftOf({ a: 3 })), 'gone')
})

test('of an id that is taken while the store is about to use it nothing is overwritten', async (t) => {
  const { vault, store } = openVault()
  store.between = () => begin(openVault(store).vault, { theirs: true })
  const created = await vault.create(recordOf({ a: 1 }), ID, false)
  t.notDeepEqual(created.id, ID)
  t.deepEqual(await dataOf(store, ID), { theirs: true })
})

test('a commit of a session that was destroyed or has ended writes nothing', async (t) => {
  const destroyed = openVault()
  const base = await begin(destroyed.vault)
  await openVault(destroyed.store).vault.destroy(ID)
  t.is(await destroyed.vault.commit(base, draftOf({ a: 2 })), 'gone')
  t.deepEqual(await destroyed.store.names(), [])
  t.deepEqual(destroyed.events, [{ name: 'gone', ref: REF }])

  const ended = openVault()
  const old = await begin(ended.vault)
  ended.clock.advance(2 * DAY)
  t.is(await ended.vault.commit(old, draftOf({ a: 2 })), 'gone')
  t.is(await ended.vault.touch(old), 'gone')
  t.deepEqual(await dataOf(ended.store, ID), { a: 1 })
})

test('a commit over what does not open any more writes nothing', async (t) => {
  const { vault, store } = openVault()
  const base = await begin(vault)
  const junk = Buffer.from('not an envelope')
  await store.put(ID.name, junk)
  t.is(await vault.commit(base, draftOf({ a: 2 })), 'gone')
  t.like(await store.memory.read(ID.name), { entry: { bytes: new Uint8Array(junk) } })
})

test('a commit that would sign somebody in writes nothing, and says so', async (t) => {
  const { vault, store, events } = openVault()
  const base = await begin(vault)
  const isSignIn = (values: ReadonlyMap<string, string>): boolean => values.has('user')
  t.is(await vault.commit(base, draftOf({ a: 1, user: 5 }), { isSignIn }), 'signed-in')
  t.deepEqual(await dataOf(store, ID), { a: 1 })
  t.deepEqual(events, [])
  t.like(await vault.commit(base, draftOf({ a: 2 }), { isSignIn }), { id: ID })
})

test('a commit whose function throws, or whose outcome is too large, writes nothing', async (t) => {
  const { vault, store } = openVault()
  const base = await begin(vault)
  const error = new Error('mine')
  const transform = (): never => {
    throw error
  }
  t.is(await t.throwsAsync(vault.commit(base, draftOf({ a: 2 }), { transform })), error)
  await t.throwsAsync(vault.commit(base, draftOf({ a: 'x'.repeat(1000) })), {
    code: 'ERR_SESSION_TOO_LARGE',
  })
  t.deepEqual(await dataOf(store, ID), { a: 1 })
})

test('a touch stores the activity over the newest values, and nothing else', async (t) => {
  const { vault, store, clock, events } = openVault(new ScriptedStore(), { durable: true })
  const base = await begin(vault)
  await openVault(store).vault.commit(base, draftOf({ theirs: 1 }))
  clock.advance(5000)
  store.updates.length = 0
  const touched = present(t, await vault.touch(base))
  t.deepEqual(touched.record, recordOf({ theirs: 1 }, { active: BEGAN + 5000 }))
  t.deepEqual(events, [{ name: 'touch', ref: REF }])
  t.is(store.updates[0]?.durable, true, 'it takes the place of what was durable')
})

test('a touch never puts activity back', async (t) => {
  const { vault, clock } = openVault()
  const base = await begin(vault)
  clock.jump(-5000)
  t.is(present(t, await vault.touch(base)).record.active, BEGAN)
})

test('a touch seals under the first key', async (t) => {
  const { store } = openVault()
  await begin(openVault(store).vault)
  const { vault } = openVault(store, {}, new ChangingKeys(2, 1))
  const base = present(t, await vault.load(ID))
  t.true(base.isStale)
  t.false(present(t, await vault.touch(base)).isStale)
  t.is((await openVault(store, {}, new ChangingKeys(2)).vault.load(ID))?.isStale, false)
})

test('a session that is destroyed is gone on the disk, and told of once', async (t) => {
  const { vault, store, events } = openVault()
  await begin(vault)
  await vault.destroy(ID)
  await vault.destroy(ID)
  t.deepEqual(await store.names(), [])
  t.deepEqual(store.updates[1], { name: ID.name, durable: true, kind: 'remove' })
  t.deepEqual(events, [{ name: 'destroy', ref: REF }])
})

test('a session that does not open any more can be destroyed', async (t) => {
  const { vault, store } = openVault()
  await begin(vault)
  await store.put(ID.name, Buffer.from('not an envelope'))
  await vault.destroy(ID)
  t.deepEqual(await store.names(), [])
})

test('a session in whose place another will begin is gone, under its former handle', async (t) => {
  const { vault, store, events } = openVault()
  await begin(vault)
  await vault.discard(ID)
  t.deepEqual(await store.names(), [])
  t.true(store.updates[1]?.durable)
  t.deepEqual(events, [{ name: 'regenerate', formerRef: REF }])
})
