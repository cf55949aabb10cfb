import test from 'ava'
import { toSessionId } from '../lib/id.ts'
import type { Version } from '../lib/store.ts'
import { keyOf } from './support/changing-keys.ts'
import { ScriptedStore } from './support/scripted-store.ts'
import {
  type OpenedSealedStore,
  openAnother,
  openSealedStore,
  putRecord,
  RECORD,
  seeNewest,
} from './support/sealed-store.ts'
import { ID, recordOf } from './support/stored.ts'
import { TellingStore } from './support/telling-store.ts'

const NEWER = recordOf({ newer: true })

test('what the store says is current is told at once, without a read', async (t) => {
  const { sealed, store } = openSealedStore(new TellingStore())
  t.is(sealed.recall(ID), undefined, 'nothing is known yet')
  await putRecord(sealed)
  t.deepEqual(sealed.recall(ID), { record: RECORD, isStale: false })
  const reader = openAnother(store, 2, 1)
  t.is(reader.recall(ID), undefined)
  await reader.read(ID)
  t.deepEqual(reader.recall(ID), { record: RECORD, isStale: true }, 'under the second key')
  t.is(store.reads.length, 1)
})

test('what another has changed or removed is not told at once, until it was read', async (t) => {
  const { sealed, store } = openSealedStore(new TellingStore())
  await putRecord(sealed)
  await putRecord(openAnother(store, 1), NEWER)
  t.is(sealed.recall(ID), undefined)
  await sealed.read(ID)
  t.like(sealed.recall(ID), { record: NEWER })
  await openAnother(store, 1).update(ID, () => 'remove', false)
  t.is(sealed.recall(ID), undefined)
})

test('a store that does not tell what is current has everything read', async (t) => {
  const { sealed } = openSealedStore(new ScriptedStore())
  await putRecord(sealed)
  await sealed.read(ID)
  t.is(sealed.recall(ID), undefined)
})

test('what is remembered is not told once its key has left the ring', async (t) => {
  const opened = openSealedStore(new TellingStore())
  const { sealed } = opened
  await putRecord(sealed)
  t.is(await exchangeKey(opened), 'unknown-key', 'the ring is asked again')
  t.is(sealed.recall(ID), undefined)
})

test('an update that is given the version that is remembered opens nothing', async (t) => {
  const { sealed, store } = openSealedStore(new TellingStore())
  await putRecord(sealed)
  const given = versionsGivenBy(store)
  // Of what is written over a version that was told, no bytes are remembered.
  await putRecord(sealed, NEWER)
  const [newest] = await seeNewest(sealed)
  t.is(newest, NEWER, 'the very same record')
  const reader = openAnother(store, 1)
  const read = await reader.read(ID)
  t.is((await seeNewest(reader))[0], (read as { record: unknown }).record)
  t.is(given.filter((version) => version !== undefined).length, 3)
})

test('an update that is given another version goes by the bytes', async (t) => {
  const { sealed, store } = openSealedStore(new TellingStore())
  await putRecord(sealed)
  await putRecord(openAnother(store, 1), NEWER)
  t.deepEqual(await seeNewest(sealed), [NEWER])
  await store.put(ID.name, Buffer.from('not an envelope'))
  t.deepEqual(await seeNewest(sealed), ['unopened'])
})

test('a store that gives a change its version one time and not another time loses nothing', async (t) => {
  const { sealed, store } = openSealedStore(new TellingStore())
  for (let number = 1; number <= 6; number += 1) {
    await putRecord(sealed, recordOf({ number }))
    store.tellsVersions = number % 2 === 0
    t.deepEqual(await seeNewest(sealed), [recordOf({ number })])
    t.like(await sealed.read(ID), { record: recordOf({ number }) })
  }
})

test('a version is of no use to an update once the key has left the ring', async (t) => {
  const opened = openSealedStore(new TellingStore())
  const { sealed } = opened
  await putRecord(sealed)
  t.is(await exchangeKey(opened), 'unknown-key', 'the ring is asked again')
  t.is((await seeNewest(sealed)).at(-1), 'unopened')
})

/** Puts another key in the ring, and has the ring looked at: by a read of what neither sealed. */
async function exchangeKey({ sealed, store, source, clock }: OpenedSealedStore): Promise<unknown> {
  source.keys = [keyOf(2)]
  const foreign = toSessionId(Buffer.alloc(32, 9))
  await openAnother(store, 3).update(foreign, () => RECORD, false)
  clock.advance(1000)
  return sealed.read(foreign)
}

/** Every version that a change is given from now on. */
function versionsGivenBy({ memory }: ScriptedStore): readonly (Version | undefined)[] {
  const given: (Version | undefined)[] = []
  const update = memory.update.bind(memory)
  memory.update = (name, change, options) =>
    update(
      name,
      (current, version) => {
        given.push(version)
        return change(current, version)
      },
      options,
    )
  return given
}
