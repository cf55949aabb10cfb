import test from 'ava'
import { SessionError } from '../lib/errors.ts'
import { toSessionId } from '../lib/id.ts'
import type { RecordChange } from '../lib/sealed-store.ts'
import { ChangingKeys, keyOf } from './support/changing-keys.ts'
import {
  openAnother,
  openSealedStore,
  putRecord,
  RECORD,
  seeNewest,
} from './support/sealed-store.ts'
import { BEGAN, DAY, ID, recordOf } from './support/stored.ts'

const NAME = ID.name

test('what is put in comes out, and what is not there is undefined', async (t) => {
  const { sealed } = openSealedStore()
  t.is(await sealed.read(ID), undefined)
  await putRecord(sealed)
  t.deepEqual(await sealed.read(ID), { record: RECORD, isStale: false })
  t.is(await sealed.read(toSessionId(Buffer.alloc(32, 2))), undefined)
})

test('a store sees neither the id nor the data, only a name, bytes and the end', async (t) => {
  const { sealed, store } = openSealedStore()
  await putRecord(sealed)
  const found = await store.memory.read(NAME)
  if (typeof found !== 'object') return t.fail()
  t.is(found.entry.expires, BEGAN + DAY + 300_000)
  t.is(found.entry.subject, undefined)
  const bytes = Buffer.from(found.entry.bytes)
  t.false(bytes.includes('visitor'))
  t.false(bytes.includes(ID.bytes))
  t.false(bytes.includes(keyOf(1)))
})

test('what another process wrote is read', async (t) => {
  const { sealed, store } = openSealedStore()
  await putRecord(sealed)
  await sealed.read(ID)
  await putRecord(openAnother(store, 1), recordOf({ newer: true }))
  t.like(await sealed.read(ID), { record: { data: '{"newer":true}' } })
})

test('what another process removed is gone', async (t) => {
  const { sealed, store } = openSealedStore()
  await putRecord(sealed)
  await openAnother(store, 1).update(ID, () => 'remove', true)
  t.is(await sealed.read(ID), undefined)
  t.is(await sealed.read(ID), undefined)
})

test('the change of an update is given the newest record, and what it answers is done', async (t) => {
  const { sealed, store } = openSealedStore()
  const seen: unknown[] = []
  const update = (answer: RecordChange): Promise<void> =>
    sealed.update(
      ID,
      (newest) => {
        seen.push(newest)
        return answer
      },
      true,
    )
  await update(RECORD)
  await update('keep')
  await update('remove')
  await update('keep')
  t.deepEqual(seen, [undefined, RECORD, RECORD, undefined])
  t.deepEqual(
    store.updates.map(({ kind, durable }) => `${kind} ${durable}`),
    ['replace true', 'keep true', 'remove true', 'keep true'],
  )
})

test('what a change throws comes out, and nothing is written', async (t) => {
  const { sealed } = openSealedStore()
  await putRecord(sealed)
  const error = new Error('mine')
  const thrown = await t.throwsAsync(
    sealed.update(
      ID,
      () => {
        throw error
      },
      false,
    ),
  )
  t.is(thrown, error)
  t.like(await sealed.read(ID), { record: RECORD })
})

test('what is damaged, does not open, or is under an unknown key says so, and is left alone', async (t) => {
  const { sealed, store } = openSealedStore()
  await putRecord(openAnother(store, 2))
  t.is(await sealed.read(ID), 'unknown-key')
  await store.put(NAME, Buffer.from('not an envelope'))
  t.is(await sealed.read(ID), 'unopened')
  store.onRead = async () => 'damaged'
  t.is(await sealed.read(ID), 'damaged')
  t.deepEqual(store.updates.length, 1)
})

test('the session of another id does not open in its place', async (t) => {
  const { sealed, store } = openSealedStore()
  await putRecord(sealed)
  const found = await store.memory.read(NAME)
  if (typeof found !== 'object') return t.fail()
  const other = toSessionId(Buffer.alloc(32, 2))
  await store.put(other.name, found.entry.bytes)
  t.is(await sealed.read(other), 'unopened')
})

test('a change is told that what is there cannot be read, and may remove it', async (t) => {
  const { sealed, store } = openSealedStore()
  await store.put(NAME, Buffer.from('not an envelope'))
  t.deepEqual(await seeNewest(sealed, ID, 'remove'), ['unopened'])
  t.deepEqual(await store.names(), [])
})

test('an unknown key has the ring asked again, by a read and by an update', async (t) => {
  const { store } = openSealedStore()
  await putRecord(openAnother(store, 2, 1))
  const reader = openSealedStore(store)
  await reader.sealed.read(toSessionId(Buffer.alloc(32, 9)))
  reader.source.keys = [keyOf(2), keyOf(1)]
  t.deepEqual(await reader.sealed.read(ID), { record: RECORD, isStale: false })

  const writer = openSealedStore(store)
  await writer.sealed.read(toSessionId(Buffer.alloc(32, 9)))
  writer.source.keys = [keyOf(2), keyOf(1)]
  t.deepEqual(await seeNewest(writer.sealed), [RECORD], 'not once before the ring was asked')
})

test('an unknown key has the ring asked once an update, and once a second', async (t) => {
  const { sealed, store, source, clock } = openSealedStore()
  await putRecord(openAnother(store, 2))
  t.is(await sealed.read(ID), 'unknown-key')
  source.keys = [keyOf(1), keyOf(2)]
  t.is(await sealed.read(ID), 'unknown-key')
  t.deepEqual(await seeNewest(sealed), ['unopened'])
  clock.advance(1000)
  t.like(await sealed.read(ID), { record: RECORD })
})

test('a ring that cannot be asked again is an error, not a session that does not open', async (t) => {
  const { sealed, store, source } = openSealedStore()
  await sealed.read(ID)
  await putRecord(openAnother(store, 2))
  source.failure = new SessionError('ERR_SESSION_KEY_FILE', 'Damaged')
  await t.throwsAsync(sealed.read(ID), { code: 'ERR_SESSION_KEY_FILE' })
})

test('an update rejects when the ring cannot be asked again', async (t) => {
  const { sealed, store, source } = openSealedStore()
  await sealed.read(ID)
  await putRecord(openAnother(store, 2))
  source.failure = new SessionError('ERR_SESSION_KEY_FILE', 'Damaged')
  await t.throwsAsync(
    sealed.update(ID, () => 'keep', false),
    { code: 'ERR_SESSION_KEY_FILE' },
  )
})

test('without keys nothing is read and nothing is written', async (t) => {
  const { sealed, store, source } = openSealedStore()
  source.failure = new SessionError('ERR_SESSION_KEY_FILE', 'Damaged')
  await t.throwsAsync(sealed.read(ID), { code: 'ERR_SESSION_KEY_FILE' })
  await t.throwsAsync(putRecord(sealed), { code: 'ERR_SESSION_KEY_FILE' })
  t.deepEqual([store.reads.length, store.updates.length], [0, 0])
})

test('a record under another key than the first is stale, until it is written again', async (t) => {
  const { store } = openSealedStore()
  await putRecord(openAnother(store, 1))
  const { sealed } = openSealedStore(store, new ChangingKeys(2, 1))
  t.like(await sealed.read(ID), { isStale: true })
  t.like(await sealed.read(ID), { isStale: true }, 'from memory too')
  await putRecord(sealed)
  t.like(await sealed.read(ID), { isStale: false })
  t.like(await openAnother(store, 2).read(ID), { record: RECORD })
})
