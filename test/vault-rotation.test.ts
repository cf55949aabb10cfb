import test from 'ava'
import { SessionError } from '../lib/errors.ts'
import { refOf } from '../lib/id.ts'
import type { ScriptedStore } from './support/scripted-store.ts'
import { BEGAN, DAY, ID, recordOf } from './support/stored.ts'
import { begin, dataOf, draftOf, openVault, present } from './support/vault.ts'

const REF = refOf(ID.name)

test('a rotation moves the session to a new id, from the disk to the disk', async (t) => {
  const { vault, store, clock, events } = openVault()
  const base = await begin(vault)
  clock.advance(5000)
  const rotated = present(t, await vault.rotate(base, draftOf({ a: 1, user: 5 })))
  t.notDeepEqual(rotated.id, ID)
  const now = BEGAN + 5000
  t.deepEqual(
    rotated.record,
    recordOf({ a: 1, user: 5 }, { created: now, active: now, deadline: now + 14 * DAY }),
  )
  t.deepEqual(await dataOf(store, rotated.id), { a: 1, user: 5 })
  t.deepEqual(await store.names(), [rotated.id.name])
  t.deepEqual(store.updates.slice(1), [
    { name: rotated.id.name, durable: true, kind: 'replace' },
    { name: ID.name, durable: true, kind: 'remove' },
  ])
  t.deepEqual(events, [{ name: 'regenerate', ref: refOf(rotated.id.name), formerRef: REF }])
})

test('a rotation carries what parallel requests stored before, and tells of conflicts', async (t) => {
  const { vault, store, events } = openVault()
  const base = await begin(vault, { both: 0 })
  await openVault(store).vault.commit(base, draftOf({ both: 1, theirs: 1 }))
  const { id } = present(t, await vault.rotate(base, draftOf({ both: 2 })))
  t.deepEqual(await dataOf(store, id), { both: 2, theirs: 1 })
  t.deepEqual(events[1], { name: 'conflict', ref: refOf(id.name), key: 'both' })
})

/** Does something before the nth `update()` from now, as a parallel request would. */
function interrupt(store: ScriptedStore, nth: number, act: () => Promise<unknown>): void {
  let seen = 0
  store.onUpdate = async (proceed) => {
    seen += 1
    if (seen !== nth) return proceed()
    const { onUpdate } = store
    store.onUpdate = (next) => next()
    await act()
    store.onUpdate = onUpdate
    return proceed()
  }
}

test('what a parallel request stores during a rotation is carried along, each time', async (t) => {
  const { vault, store } = openVault()
  const base = await begin(vault, { count: 0 })
  const another = openVault(store).vault
  let count = 0
  store.onUpdate = async (proceed, name) => {
    if (name === ID.name && count < 2) {
      const { onUpdate } = store
      store.onUpdate = (next) => next()
      count += 1
      await another.commit(present(t, await another.load(ID)), draftOf({ count }))
      store.onUpdate = onUpdate
    }
    return proceed()
  }
  const { id, record } = present(t, await vault.rotate(base, draftOf({ count: 0, user: 5 })))
  t.is(count, 2)
  const carried = store.updates.filter(({ name }) => name === id.name)
  t.deepEqual(
    carried.map(({ kind, durable }) => [kind, durable]),
    Array(3).fill(['replace', true]),
    'each time on the disk before the old id is tried again',
  )
  t.deepEqual(await dataOf(store, id), { count, user: 5 })
  t.deepEqual(JSON.parse(record.data), { count, user: 5 })
  t.deepEqual(await store.names(), [id.name])
})

test('a function that a rotation runs again is given the newest each time, so that it counts exactly', async (t) => {
  const { vault, store } = openVault()
  const base = await begin(vault, { count: 0 })
  const another = openVault(store).vault
  interrupt(store, 2, async () => {
    await another.commit(present(t, await another.load(ID)), draftOf({ count: 10 }))
  })
  const transform = (values: ReadonlyMap<string, string>): ReadonlyMap<string, string> =>
    new Map([...values, ['count', String(Number(values.get('count')) + 1)]])
  const { id } = present(t, await vault.rotate(base, draftOf({ count: 0 }), { transform }))
  t.deepEqual(await dataOf(store, id), { count: 11 })
})

test('of two rotations at once one wins, and the other leaves nothing behind', async (t) => {
  for (let round = 0; round < 256; round += 1) {
    const one = openVault()
    const other = openVault(one.store)
    const base = await begin(one.vault)
    let call = 0
    one.store.onUpdate = async (proceed) => {
      const turns = (round >> (2 * call)) & 3
      call += 1
      for (let turn = 0; turn < 8 * turns; turn += 1) await null
      return proceed()
    }
    const outcomes = await Promise.all([
      one.vault.rotate(base, draftOf({ a: 1, by: 'one' })),
      other.vault.rotate(base, draftOf({ a: 1, by: 'other' })),
    ])
    const won = outcomes.filter((outcome) => outcome !== 'gone')
    t.is(won.length, 1)
    t.deepEqual(await one.store.names(), [present(t, won[0]).id.name])
    const told = [...one.events, ...other.events].map(({ name }) => name)
    t.deepEqual(told.sort(), ['gone', 'regenerate'])
  }
})

test('a rotation of a session that is gone creates nothing', async (t) => {
  const { vault, store, events } = openVault()
  const base = await begin(vault)
  await openVault(store).vault.destroy(ID)
  store.updates.length = 0
  t.is(await vault.rotate(base, draftOf({ a: 2 })), 'gone')
  t.deepEqual(store.updates, [])
  t.deepEqual(events, [{ name: 'gone', ref: REF }])
})

test('a session that is destroyed, or ends, during a rotation stays gone', async (t) => {
  const destroyed = openVault()
  const base = await begin(destroyed.vault)
  interrupt(destroyed.store, 2, () => openVault(destroyed.store).vault.destroy(ID))
  t.is(await destroyed.vault.rotate(base, draftOf({ a: 2 })), 'gone')
  t.deepEqual(await destroyed.store.names(), [])

  const ended = openVault()
  const old = await begin(ended.vault)
  interrupt(ended.store, 2, async () => ended.clock.advance(2 * DAY))
  t.is(await ended.vault.rotate(old, draftOf({ a: 2 })), 'gone')
  t.deepEqual(await ended.store.names(), [ID.name], 'the sweep removes it')
})

test('a session that does not open any more during a rotation is left alone', async (t) => {
  const { vault, store } = openVault()
  const base = await begin(vault)
  interrupt(store, 2, () => store.put(ID.name, Buffer.from('not an envelope')))
  t.is(await vault.rotate(base, draftOf({ a: 2 })), 'gone')
  t.deepEqual(await store.names(), [ID.name])
})

/** Lets the nth `update()` from now fail, before or after it was done. */
function fail(store: ScriptedStore, nth: number, error: Error, done = false): void {
  let seen = 0
  store.onUpdate = async (proceed) => {
    seen += 1
    if (seen !== nth) return proceed()
    if (done) await proceed()
    throw error
  }
}

test('a rotation whose new session cannot be stored leaves the old one', async (t) => {
  const { vault, store, events } = openVault()
  const base = await begin(vault)
  const error = new SessionError('ERR_SESSION_STORE', 'ENOSPC')
  fail(store, 1, error)
  t.is(await t.throwsAsync(vault.rotate(base, draftOf({ a: 2 }))), error)
  t.deepEqual(await store.names(), [ID.name])
  t.deepEqual(await dataOf(store, ID), { a: 1 })
  t.deepEqual(events, [])
})

test('a rotation whose old session cannot be removed takes the new one back', async (t) => {
  const { vault, store } = openVault()
  const base = await begin(vault)
  const error = new SessionError('ERR_SESSION_LOCK_TIMEOUT', 'Locked')
  fail(store, 2, error)
  t.is(await t.throwsAsync(vault.rotate(base, draftOf({ a: 2 }))), error)
  t.deepEqual(await store.names(), [ID.name])
  t.deepEqual(await dataOf(store, ID), { a: 1 })
})

test('a rotation of which nobody knows whether the old session is gone leaves the new one', async (t) => {
  for (const done of [false, true]) {
    const { vault, store } = openVault()
    const base = await begin(vault)
    const error = new SessionError('ERR_SESSION_STORE', 'EIO', { committed: 'unknown' })
    fail(store, 2, error, done)
    t.is(await t.throwsAsync(vault.rotate(base, draftOf({ a: 2 }))), error)
    const names = await store.names()
    t.is(names.length, done ? 1 : 2)
    t.is(names.includes(ID.name), !done)
  }
})

test('a rotation that cannot even be taken back tells of the first failure', async (t) => {
  const { vault, store } = openVault()
  const base = await begin(vault)
  let seen = 0
  store.onUpdate = (proceed) => {
    seen += 1
    return seen === 1 ? proceed() : Promise.reject(new Error(`failure ${seen}`))
  }
  await t.throwsAsync(vault.rotate(base, draftOf({ a: 2 })), { message: 'failure 2' })
  t.true((await store.names()).includes(ID.name))
})

test('a rotation that grows too large on the way leaves the old session', async (t) => {
  const { vault, store } = openVault()
  const base = await begin(vault)
  const another = openVault(store).vault
  interrupt(store, 2, () => another.commit(base, draftOf({ a: 1, theirs: 'x'.repeat(900) })))
  const draft = draftOf({ a: 1, mine: 'x'.repeat(100) })
  await t.throwsAsync(vault.rotate(base, draft), { code: 'ERR_SESSION_TOO_LARGE' })
  t.deepEqual(await store.names(), [ID.name])
})

test('at every instant of a rotation there is at least one of the two, whatever fails', async (t) => {
  for (let nth = 1; nth <= 5; nth += 1) {
    for (const done of [false, true]) {
      const { vault, store } = openVault()
      const base = await begin(vault)
      const another = openVault(store).vault
      const error = new SessionError(
        'ERR_SESSION_STORE',
        'EIO',
        done ? { committed: 'unknown' } : {},
      )
      let seen = 0
      store.onUpdate = async (proceed) => {
        seen += 1
        const mine = seen
        if (mine === 2) {
          const { onUpdate } = store
          store.onUpdate = (next) => next()
          await another.commit(base, draftOf({ a: 1, theirs: 1 }))
          store.onUpdate = onUpdate
        }
        if (mine === nth && !done) throw error
        const updated = await proceed()
        t.true((await store.names()).length > 0, `update ${mine}, failing ${nth}`)
        if (mine === nth) throw error
        return updated
      }
      await vault.rotate(base, draftOf({ a: 1, user: 5 })).catch(() => undefined)
      t.true((await store.names()).length > 0, `failing ${nth}`)
    }
  }
})
