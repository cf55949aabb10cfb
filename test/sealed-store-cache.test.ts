import test from 'ava'
import { SessionError } from '../lib/errors.ts'
import { type SessionId, toSessionId } from '../lib/id.ts'
import type { SealedStore } from '../lib/sealed-store.ts'
import { keyOf } from './support/changing-keys.ts'
import {
  openAnother,
  openSealedStore,
  putRecord,
  RECORD,
  seeNewest,
} from './support/sealed-store.ts'
import { ID, recordOf } from './support/stored.ts'

test('what was read is not opened again as long as the store says that it is unchanged', async (t) => {
  const { store } = openSealedStore()
  await putRecord(openAnother(store, 1))
  const { sealed } = openSealedStore(store)
  const first = await sealed.read(ID)
  store.onRead = async () => 'unchanged'
  t.deepEqual(await sealed.read(ID), first)
  t.deepEqual(
    store.reads.map(({ knew }) => knew),
    [false, true],
  )
})

test('a store that says unchanged of what nobody knows is not believed', async (t) => {
  const { sealed, store } = openSealedStore()
  store.onRead = async () => 'unchanged'
  t.is(await sealed.read(ID), undefined)
})

test('after a write of unknown outcome the store is asked without what was known', async (t) => {
  const { sealed, store } = openSealedStore()
  await putRecord(sealed)
  store.onUpdate = async (proceed) => {
    await proceed()
    throw new SessionError('ERR_SESSION_STORE', 'Down', { committed: 'unknown' })
  }
  await t.throwsAsync(putRecord(sealed, recordOf({ newer: true })), { message: 'Down' })
  t.like(await sealed.read(ID), { record: { data: '{"newer":true}' } })
  t.deepEqual(
    store.reads.map(({ knew }) => knew),
    [false],
  )
})

test('a write whose version the store does not tell is read again', async (t) => {
  const { sealed, store } = openSealedStore()
  store.onUpdate = async (proceed) => {
    await proceed()
    return {}
  }
  await putRecord(sealed)
  t.like(await sealed.read(ID), { record: RECORD })
  t.false(store.reads[0]?.knew)
})

test('what is remembered does not outlive its key', async (t) => {
  const { sealed, store, source, clock } = openSealedStore()
  await putRecord(sealed)
  t.like(await sealed.read(ID), { record: RECORD })
  source.keys = [keyOf(2)]
  const foreign = toSessionId(Buffer.alloc(32, 9))
  await openAnother(store, 3).update(foreign, () => RECORD, false)
  clock.advance(1000)
  t.is(await sealed.read(foreign), 'unknown-key', 'the ring is asked again')
  t.is(await sealed.read(ID), 'unknown-key')
})

test('bytes that are remembered are not opened again by an update, even if they were moved', async (t) => {
  const { sealed, store } = openSealedStore()
  await putRecord(sealed)
  const found = await store.memory.read(ID.name)
  if (typeof found !== 'object') return t.fail()
  await store.put(ID.name, found.entry.bytes)
  const read = await sealed.read(ID)
  t.like(read, { record: RECORD })
  t.is(await newestOf(sealed), (read as { record: unknown }).record, 'the very same record')
})

test('other bytes than those remembered are what an update goes by', async (t) => {
  const { sealed, store } = openSealedStore()
  await putRecord(sealed)
  await putRecord(openAnother(store, 1), recordOf({ newer: true }))
  t.like(await newestOf(sealed), { data: '{"newer":true}' })
  await store.put(ID.name, Buffer.from('not an envelope'))
  t.is(await newestOf(sealed), 'unopened')
})

test('one flipped bit of what is remembered is found out by an update', async (t) => {
  const { sealed, store } = openSealedStore()
  await putRecord(sealed)
  const found = await store.memory.read(ID.name)
  if (typeof found !== 'object') return t.fail()
  const flipped = Buffer.from(found.entry.bytes)
  flipped.writeUInt8(flipped.readUInt8(100) ^ 1, 100)
  await store.put(ID.name, flipped)
  t.is(await newestOf(sealed), 'unopened')
  t.is(await sealed.read(ID), 'unopened')
})

test('the bytes remembered of one id open for no other', async (t) => {
  const { sealed, store } = openSealedStore()
  await putRecord(sealed)
  const found = await store.memory.read(ID.name)
  if (typeof found !== 'object') return t.fail()
  const other = toSessionId(Buffer.alloc(32, 2))
  await sealed.update(other, () => recordOf({ of: 'another' }), false)
  await store.put(other.name, found.entry.bytes)
  t.is(await newestOf(sealed, other), 'unopened')
})

test('what is remembered is not taken by an update once its key has left the ring', async (t) => {
  const { sealed, store, source, clock } = openSealedStore()
  await putRecord(sealed)
  source.keys = [keyOf(2)]
  const foreign = toSessionId(Buffer.alloc(32, 9))
  await openAnother(store, 3).update(foreign, () => RECORD, false)
  clock.advance(1000)
  t.is(await sealed.read(foreign), 'unknown-key', 'the ring is asked again')
  t.is(await newestOf(sealed), 'unopened')
})

test('what is remembered is not given to a read during which its key left the ring', async (t) => {
  const { sealed, store, source, clock } = openSealedStore()
  await putRecord(sealed)
  const foreign = toSessionId(Buffer.alloc(32, 9))
  await openAnother(store, 3).update(foreign, () => RECORD, false)
  store.onRead = async (proceed, name) => {
    if (name === foreign.name) return proceed()
    source.keys = [keyOf(2)]
    clock.advance(1000)
    t.is(await sealed.read(foreign), 'unknown-key', 'the ring is asked again')
    return store.memory.read(name)
  }
  t.is(await sealed.read(ID), 'unknown-key')
})

test('a store that uses its buffers again changes nothing that is remembered', async (t) => {
  const { store } = openSealedStore()
  await putRecord(openAnother(store, 1))
  const found = await store.memory.read(ID.name)
  if (typeof found !== 'object') return t.fail()
  const bytes = Buffer.from(found.entry.bytes)
  store.onRead = async () => ({ ...found, entry: { ...found.entry, bytes } })
  const { sealed } = openSealedStore(store)
  t.like(await sealed.read(ID), { record: RECORD })
  bytes.fill(7)
  await store.put(ID.name, bytes)
  t.is(await newestOf(sealed), 'unopened')
})

/** What an update that leaves all as it is takes for the newest record. */
async function newestOf(sealed: SealedStore, id: SessionId = ID): Promise<unknown> {
  return (await seeNewest(sealed, id)).at(-1)
}
