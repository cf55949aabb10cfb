import test from 'ava'
import { SessionError } from '../lib/errors.ts'
import { drawRandomBytes, type SessionId, toSessionId } from '../lib/id.ts'
import { Keyring } from '../lib/keyring.ts'
import { type RecordChange, SealedStore } from '../lib/sealed-store.ts'
import { ChangingKeys, keyOf } from './support/changing-keys.ts'
import { Clock } from './support/clock.ts'
import { ScriptedStore } from './support/scripted-store.ts'
import { BEGAN, DAY, ID, recordOf } from './support/stored.ts'

const NAME = ID.name
const RECORD = recordOf({ secret: 'of the visitor' })

/** A sealed store with the keys of `source`, over `store`. */
function open(
  store: ScriptedStore = new ScriptedStore(),
  source: ChangingKeys = new ChangingKeys(1),
): { sealed: SealedStore; store: ScriptedStore; source: ChangingKeys; clock: Clock } {
  const clock = new Clock()
  const keyring = new Keyring(source, 'sid', clock.monotonic)
  return { sealed: new SealedStore(store, keyring, drawRandomBytes, 1e6), store, source, clock }
}

/** Another process over the same store. */
const openAnother = (store: ScriptedStore, ...keys: readonly number[]): SealedStore =>
  open(store, new ChangingKeys(...keys)).sealed

const put = (sealed: SealedStore, record = RECORD): Promise<void> =>
  sealed.update(ID, () => record, false)

test('what is put in comes out, and what is not there is undefined', async (t) => {
  const { sealed } = open()
  t.is(await sealed.read(ID), undefined)
  await put(sealed)
  t.deepEqual(await sealed.read(ID), { record: RECORD, isStale: false })
  t.is(await sealed.read(toSessionId(Buffer.alloc(32, 2))), undefined)
})

test('a store sees neither the id nor the data, only a name, bytes and the end', async (t) => {
  const { sealed, store } = open()
  await put(sealed)
  const found = await store.memory.read(NAME)
  if (typeof found !== 'object') return t.fail()
  t.is(found.entry.expires, BEGAN + DAY + 300_000)
  t.is(found.entry.subject, undefined)
  const bytes = Buffer.from(found.entry.bytes)
  t.false(bytes.includes('visitor'))
  t.false(bytes.includes(ID.bytes))
  t.false(bytes.includes(keyOf(1)))
})

test('what was read is not opened again as long as the store says that it is unchanged', async (t) => {
  const { store } = open()
  await put(openAnother(store, 1))
  const { sealed } = open(store)
  const first = await sealed.read(ID)
  store.onRead = async () => 'unchanged'
  t.deepEqual(await sealed.read(ID), first)
  t.deepEqual(
    store.reads.map(({ knew }) => knew),
    [false, true],
  )
})

test('what another process wrote is read', async (t) => {
  const { sealed, store } = open()
  await put(sealed)
  await sealed.read(ID)
  await put(openAnother(store, 1), recordOf({ newer: true }))
  t.like(await sealed.read(ID), { record: { data: '{"newer":true}' } })
})

test('what another process removed is gone', async (t) => {
  const { sealed, store } = open()
  await put(sealed)
  await openAnother(store, 1).update(ID, () => 'remove', true)
  t.is(await sealed.read(ID), undefined)
  t.is(await sealed.read(ID), undefined)
})

test('a store that says unchanged of what nobody knows is not believed', async (t) => {
  const { sealed, store } = open()
  store.onRead = async () => 'unchanged'
  t.is(await sealed.read(ID), undefined)
})

test('after a write of unknown outcome the store is asked without what was known', async (t) => {
  const { sealed, store } = open()
  await put(sealed)
  store.onUpdate = async (proceed) => {
    await proceed()
    throw new SessionError('ERR_SESSION_STORE', 'Down', { committed: 'unknown' })
  }
  await t.throwsAsync(put(sealed, recordOf({ newer: true })), { message: 'Down' })
  t.like(await sealed.read(ID), { record: { data: '{"newer":true}' } })
  t.deepEqual(
    store.reads.map(({ knew }) => knew),
    [false],
  )
})

test('a write whose version the store does not tell is read again', async (t) => {
  const { sealed, store } = open()
  store.onUpdate = async (proceed) => {
    await proceed()
    return {}
  }
  await put(sealed)
  t.like(await sealed.read(ID), { record: RECORD })
  t.false(store.reads[0]?.knew)
})

test('the change of an update is given the newest record, and what it answers is done', async (t) => {
  const { sealed, store } = open()
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
  const { sealed } = open()
  await put(sealed)
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
  const { sealed, store } = open()
  await put(openAnother(store, 2))
  t.is(await sealed.read(ID), 'unknown-key')
  await store.put(NAME, Buffer.from('not an envelope'))
  t.is(await sealed.read(ID), 'unopened')
  store.onRead = async () => 'damaged'
  t.is(await sealed.read(ID), 'damaged')
  t.deepEqual(store.updates.length, 1)
})

test('the session of another id does not open in its place', async (t) => {
  const { sealed, store } = open()
  await put(sealed)
  const found = await store.memory.read(NAME)
  if (typeof found !== 'object') return t.fail()
  const other = toSessionId(Buffer.alloc(32, 2))
  await store.put(other.name, found.entry.bytes)
  t.is(await sealed.read(other), 'unopened')
})

test('a change is told that what is there cannot be read, and may remove it', async (t) => {
  const { sealed, store } = open()
  await store.put(NAME, Buffer.from('not an envelope'))
  const seen: unknown[] = []
  await sealed.update(
    ID,
    (newest) => {
      seen.push(newest)
      return 'remove'
    },
    true,
  )
  t.deepEqual(seen, ['unopened'])
  t.deepEqual(await store.names(), [])
})

test('an unknown key has the ring asked again, by a read and by an update', async (t) => {
  const { store } = open()
  await put(openAnother(store, 2, 1))
  const reader = open(store)
  await reader.sealed.read(toSessionId(Buffer.alloc(32, 9)))
  reader.source.keys = [keyOf(2), keyOf(1)]
  t.deepEqual(await reader.sealed.read(ID), { record: RECORD, isStale: false })

  const writer = open(store)
  await writer.sealed.read(toSessionId(Buffer.alloc(32, 9)))
  writer.source.keys = [keyOf(2), keyOf(1)]
  const seen: unknown[] = []
  await writer.sealed.update(
    ID,
    (newest) => {
      seen.push(newest)
      return 'keep'
    },
    false,
  )
  t.deepEqual(seen, [RECORD], 'not once before the ring was asked')
})

test('an unknown key has the ring asked once an update, and once a second', async (t) => {
  const { sealed, store, source, clock } = open()
  await put(openAnother(store, 2))
  t.is(await sealed.read(ID), 'unknown-key')
  source.keys = [keyOf(1), keyOf(2)]
  t.is(await sealed.read(ID), 'unknown-key')
  const seen: unknown[] = []
  await sealed.update(
    ID,
    (newest) => {
      seen.push(newest)
      return 'keep'
    },
    false,
  )
  t.deepEqual(seen, ['unopened'])
  clock.advance(1000)
  t.like(await sealed.read(ID), { record: RECORD })
})

test('a ring that cannot be asked again is an error, not a session that does not open', async (t) => {
  const { sealed, store, source } = open()
  await sealed.read(ID)
  await put(openAnother(store, 2))
  source.failure = new SessionError('ERR_SESSION_KEY_FILE', 'Damaged')
  await t.throwsAsync(sealed.read(ID), { code: 'ERR_SESSION_KEY_FILE' })
})

test('an update rejects when the ring cannot be asked again', async (t) => {
  const { sealed, store, source } = open()
  await sealed.read(ID)
  await put(openAnother(store, 2))
  source.failure = new SessionError('ERR_SESSION_KEY_FILE', 'Damaged')
  await t.throwsAsync(
    sealed.update(ID, () => 'keep', false),
    { code: 'ERR_SESSION_KEY_FILE' },
  )
})

test('without keys nothing is read and nothing is written', async (t) => {
  const { sealed, store, source } = open()
  source.failure = new SessionError('ERR_SESSION_KEY_FILE', 'Damaged')
  await t.throwsAsync(sealed.read(ID), { code: 'ERR_SESSION_KEY_FILE' })
  await t.throwsAsync(put(sealed), { code: 'ERR_SESSION_KEY_FILE' })
  t.deepEqual([store.reads.length, store.updates.length], [0, 0])
})

test('a record under another key than the first is stale, until it is written again', async (t) => {
  const { store } = open()
  await put(openAnother(store, 1))
  const { sealed } = open(store, new ChangingKeys(2, 1))
  t.like(await sealed.read(ID), { isStale: true })
  t.like(await sealed.read(ID), { isStale: true }, 'from memory too')
  await put(sealed)
  t.like(await sealed.read(ID), { isStale: false })
  t.like(await openAnother(store, 2).read(ID), { record: RECORD })
})

test('what is remembered does not outlive its key', async (t) => {
  const { sealed, store, source, clock } = open()
  await put(sealed)
  t.like(await sealed.read(ID), { record: RECORD })
  source.keys = [keyOf(2)]
  const foreign = toSessionId(Buffer.alloc(32, 9))
  await openAnother(store, 3).update(foreign, () => RECORD, false)
  clock.advance(1000)
  t.is(await sealed.read(foreign), 'unknown-key', 'the ring is asked again')
  t.is(await sealed.read(ID), 'unknown-key')
})

test('bytes that are remembered are not opened again by an update, even if they were moved', async (t) => {
  const { sealed, store } = open()
  await put(sealed)
  const found = await store.memory.read(ID.name)
  if (typeof found !== 'object') return t.fail()
  await store.put(ID.name, found.entry.bytes)
  const read = await sealed.read(ID)
  t.like(read, { record: RECORD })
  t.is(await newestOf(sealed), (read as { record: unknown }).record, 'the very same record')
})

test('other bytes than those remembered are what an update goes by', async (t) => {
  const { sealed, store } = open()
  await put(sealed)
  await put(openAnother(store, 1), recordOf({ newer: true }))
  t.like(await newestOf(sealed), { data: '{"newer":true}' })
  await store.put(ID.name, Buffer.from('not an envelope'))
  t.is(await newestOf(sealed), 'unopened')
})

test('one flipped bit of what is remembered is found out by an update', async (t) => {
  const { sealed, store } = open()
  await put(sealed)
  const found = await store.memory.read(ID.name)
  if (typeof found !== 'object') return t.fail()
  const flipped = Buffer.from(found.entry.bytes)
  flipped.writeUInt8(flipped.readUInt8(100) ^ 1, 100)
  await store.put(ID.name, flipped)
  t.is(await newestOf(sealed), 'unopened')
  t.is(await sealed.read(ID), 'unopened')
})

test('the bytes remembered of one id open for no other', async (t) => {
  const { sealed, store } = open()
  await put(sealed)
  const found = await store.memory.read(ID.name)
  if (typeof found !== 'object') return t.fail()
  const other = toSessionId(Buffer.alloc(32, 2))
  await sealed.update(other, () => recordOf({ of: 'another' }), false)
  await store.put(other.name, found.entry.bytes)
  t.is(await newestOf(sealed, other), 'unopened')
})

test('what is remembered is not taken by an update once its key has left the ring', async (t) => {
  const { sealed, store, source, clock } = open()
  await put(sealed)
  source.keys = [keyOf(2)]
  const foreign = toSessionId(Buffer.alloc(32, 9))
  await openAnother(store, 3).update(foreign, () => RECORD, false)
  clock.advance(1000)
  t.is(await sealed.read(foreign), 'unknown-key', 'the ring is asked again')
  t.is(await newestOf(sealed), 'unopened')
})

test('what is remembered is not given to a read during which its key left the ring', async (t) => {
  const { sealed, store, source, clock } = open()
  await put(sealed)
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
  const { store } = open()
  await put(openAnother(store, 1))
  const found = await store.memory.read(ID.name)
  if (typeof found !== 'object') return t.fail()
  const bytes = Buffer.from(found.entry.bytes)
  store.onRead = async () => ({ ...found, entry: { ...found.entry, bytes } })
  const { sealed } = open(store)
  t.like(await sealed.read(ID), { record: RECORD })
  bytes.fill(7)
  await store.put(ID.name, bytes)
  t.is(await newestOf(sealed), 'unopened')
})

/** What an update that leaves all as it is takes for the newest record. */
async function newestOf(sealed: SealedStore, id: SessionId = ID): Promise<unknown> {
  let seen: unknown
  await sealed.update(
    id,
    (newest) => {
      seen = newest
      return 'keep'
    },
    false,
  )
  return seen
}
