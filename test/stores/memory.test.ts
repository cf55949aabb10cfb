import test from 'ava'
import type { Entry } from '../../lib/store.ts'
import { MemoryStore } from '../../stores/memory.ts'

const NAME = '0a'.repeat(32)

const ENTRY: Entry = { bytes: Buffer.from('sealed'), expires: 1000, subject: 'user' }

const nameOf = (number: number): string => number.toString(16).padStart(64, '0')

async function put(store: MemoryStore, name = NAME, entry = ENTRY): Promise<void> {
  await store.update(name, () => ({ kind: 'replace', entry }))
}

test('two stores share nothing', async (t) => {
  const [first, second] = [new MemoryStore(), new MemoryStore()]
  await put(first)
  t.is(await second.read(NAME), undefined)
  await put(second)
  await first.close()
  t.not(await second.read(NAME), undefined)
})

test('a reader who knows the newest version is always told unchanged', async (t) => {
  const store = new MemoryStore()
  const { version } = await store.update(NAME, () => ({ kind: 'replace', entry: ENTRY }))
  t.truthy(version)
  t.is(await store.read(NAME, version), 'unchanged')
  t.deepEqual(await store.update(NAME, () => ({ kind: 'keep' })), { version })
  t.is(await store.read(NAME, version), 'unchanged')
  await put(store)
  t.not(await store.read(NAME, version), 'unchanged')
})

test('the newest version is told at once to be current, and no other', async (t) => {
  const store = new MemoryStore()
  const put = () => store.update(NAME, () => ({ kind: 'replace', entry: ENTRY }))
  const { version: older = {} } = await put()
  t.true(store.isCurrent(NAME, older))
  const { version: newest = {} } = await put()
  t.deepEqual([store.isCurrent(NAME, older), store.isCurrent(NAME, newest)], [false, true])
  t.false(store.isCurrent(nameOf(1), newest))
  await store.update(NAME, () => ({ kind: 'remove' }))
  t.false(store.isCurrent(NAME, newest))
})

test('no version is current while the store is closing', async (t) => {
  const store = new MemoryStore()
  const { version = {} } = await store.update(NAME, () => ({ kind: 'replace', entry: ENTRY }))
  let settle = (): void => {}
  const after = new Promise<void>((resolve) => {
    settle = resolve
  })
  let runs = 0
  const updated = store.update(nameOf(1), () => {
    runs += 1
    return runs === 1 ? { kind: 'again', after } : { kind: 'keep' }
  })
  const closed = store.close()
  t.false(store.isCurrent(NAME, version))
  settle()
  await Promise.all([updated, closed])
})

test('a change is given the version that a read gives, and none of what is missing', async (t) => {
  const store = new MemoryStore()
  const seen: unknown[] = []
  const look = () =>
    store.update(NAME, (_, version) => {
      seen.push(version)
      return { kind: 'keep' }
    })
  await look()
  await put(store)
  await look()
  const found = await store.read(NAME)
  t.deepEqual(seen, [undefined, typeof found === 'object' && found.version])
})

test('an entry removed and made anew has another version', async (t) => {
  const store = new MemoryStore()
  const { version } = await store.update(NAME, () => ({ kind: 'replace', entry: ENTRY }))
  await store.update(NAME, () => ({ kind: 'remove' }))
  await put(store)
  t.not(await store.read(NAME, version), 'unchanged')
})

test('expired entries are given back until a sweep removes them', async (t) => {
  const store = new MemoryStore()
  await put(store)
  t.like(await store.read(NAME), { entry: { expires: 1000, subject: 'user' } })
  const options = { grace: 60_000, damagedAfter: 0 }
  t.like(await store.sweep({ ...options, now: 60_999 }), { scanned: 1, removed: 0 })
  t.deepEqual(await store.sweep({ ...options, now: 61_000 }), {
    scanned: 1,
    removed: 1,
    damaged: 0,
    litter: 0,
    failed: 0,
    skipped: false,
  })
  t.is(await store.read(NAME), undefined)
})

test('a listing ends although every entry it shows is replaced and another is added', async (t) => {
  const store = new MemoryStore()
  for (let number = 0; number < 3; number += 1) await put(store, nameOf(number))
  let listed = 0
  for await (const { name } of store.entries()) {
    await store.update(name, () => ({ kind: 'remove' }))
    await put(store, name)
    await put(store, nameOf(100 + listed))
    listed += 1
  }
  t.is(listed, 3)
})

test('a listing leaves out what was removed before it came to it', async (t) => {
  const store = new MemoryStore()
  for (let number = 0; number < 3; number += 1) await put(store, nameOf(number))
  const listed: string[] = []
  for await (const { name } of store.entries()) {
    listed.push(name)
    await store.update(nameOf(1), () => ({ kind: 'remove' }))
  }
  t.deepEqual(listed, [nameOf(0), nameOf(2)])
})

test('a listing that is open when the store is closed rejects', async (t) => {
  const store = new MemoryStore()
  await put(store)
  await put(store, nameOf(1))
  const listing = store.entries()
  await listing.next()
  await store.close()
  await t.throwsAsync(listing.next(), { code: 'ERR_SESSION_CLOSED' })
})

test('close() waits for an update that is to run again', async (t) => {
  const store = new MemoryStore()
  let settle = (): void => {}
  const after = new Promise<void>((resolve) => {
    settle = resolve
  })
  const log: string[] = []
  const updated = store
    .update(NAME, () => {
      log.push('change')
      return log.length === 1 ? { kind: 'again', after } : { kind: 'keep' }
    })
    .then(() => log.push('updated'))
  const closed = store.close().then(() => log.push('closed'))
  await t.throwsAsync(store.read(NAME), { code: 'ERR_SESSION_CLOSED' })
  t.deepEqual(log, ['change'])
  settle()
  await Promise.all([updated, closed])
  t.deepEqual(log.slice(0, 2), ['change', 'change'])
  t.is(log.length, 4)
})

test('the messages say what to do', async (t) => {
  const store = new MemoryStore()
  await t.throwsAsync(store.read('../x'), {
    code: 'ERR_SESSION_OPTION',
    message: 'Expected the name of an entry to be 64 lowercase hexadecimal digits',
  })
  await store.close()
  await t.throwsAsync(store.read(NAME), {
    code: 'ERR_SESSION_CLOSED',
    message: 'This store is closed: make a new one',
  })
})
