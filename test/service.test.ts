import { spawnSync } from 'node:child_process'
import test from 'ava'
import { SessionError } from '../lib/errors.ts'
import { refOf, type SessionId, toSessionId } from '../lib/id.ts'
import { createKey } from '../lib/keyring.ts'
import type { SweepOptions } from '../lib/store.ts'
import { settle } from './support/alarm.ts'
import { ChangingKeys, keyOf } from './support/changing-keys.ts'
import { ScriptedStore } from './support/scripted-store.ts'
import { openService } from './support/service.ts'
import { BEGAN, DAY, recordOf } from './support/stored.ts'
import { openVault } from './support/vault.ts'

const FOREIGN_KEYS =
  'None of the stored sessions was sealed under one of these keys, so nobody stays signed in. ' +
  "Are these the right keys? To replace a key, put the new one before the old one: keys: ['new', 'old']"

const idOf = (number: number): SessionId => toSessionId(Buffer.alloc(32, `${number}.`))

/** Stores `count` sessions under a key of 32 equal bytes. */
async function fill(store: ScriptedStore, count: number, key = 1, from = 0): Promise<void> {
  const { vault } = openVault(store, {}, new ChangingKeys(key))
  for (let number = from; number < from + count; number += 1) {
    await vault.create(recordOf({ number }), idOf(number), false)
  }
  store.updates.length = 0
}

test('ready() resolves when there are keys and a store', async (t) => {
  const { service, warnings } = openService()
  await t.notThrowsAsync(service.ready())
  t.deepEqual(warnings, [])
})

test('ready() rejects with what is wrong with the keys or the store', async (t) => {
  const keys = new ChangingKeys(1)
  keys.failure = new SessionError('ERR_SESSION_KEY_FILE', 'Damaged')
  t.is(await t.throwsAsync(openService(undefined, keys).service.ready()), keys.failure)

  const error = new SessionError('ERR_SESSION_DIRECTORY', 'A link')
  const store = Object.assign(new ScriptedStore(), { ready: () => Promise.reject(error) })
  t.is(await t.throwsAsync(openService(store).service.ready()), error)

  const unreadable = new ScriptedStore()
  await fill(unreadable, 1)
  unreadable.onRead = () => Promise.reject(new SessionError('ERR_SESSION_STORE', 'EIO'))
  await t.throwsAsync(openService(unreadable).service.ready(), { message: 'EIO' })
})

test('ready() warns when it knows the key of no session', async (t) => {
  const store = new ScriptedStore()
  await fill(store, 3, 2)
  const { service, warnings } = openService(store)
  await service.ready()
  t.deepEqual(warnings, [FOREIGN_KEYS])
})

test('ready() does not warn when it knows the key of one session, or when there is none', async (t) => {
  const store = new ScriptedStore()
  await fill(store, 10, 2)
  await fill(store, 1, 1, 10)
  const known = openService(store)
  await known.service.ready()
  t.deepEqual(known.warnings, [])

  const other = new ScriptedStore()
  await fill(other, 3, 2)
  const old = openService(other, new ChangingKeys(1, 2))
  await old.service.ready()
  t.deepEqual(old.warnings, [], 'the second key opens too')

  const junk = new ScriptedStore()
  await junk.put(idOf(1).name, Buffer.from('not an envelope'))
  const empty = openService(junk)
  await empty.service.ready()
  t.deepEqual(empty.warnings, [])
})

test('ready() looks at 32 sessions at the most, and at no damaged one', async (t) => {
  const store = new ScriptedStore()
  await fill(store, 40, 2)
  const { entries } = store
  store.entries = async function* (this: ScriptedStore) {
    yield { name: idOf(999).name, expires: 0, damaged: true as const }
    yield* entries.call(store)
  }
  const { service, warnings } = openService(store)
  await service.ready()
  t.is(store.reads.length, 32)
  t.false(store.reads.some(({ name }) => name === idOf(999).name))
  t.is(warnings.length, 1)
})

test('the background begins with the service, and knows how long a damaged session is kept', async (t) => {
  const store = new ScriptedStore()
  const asked: SweepOptions[] = []
  store.sweep = async (options) => {
    asked.push(options)
    return { scanned: 1, removed: 0, damaged: 0, litter: 0, failed: 0, skipped: false }
  }
  const { service, alarm } = openService(store, undefined, { sweep: '1h', absolute: '3d' })
  t.deepEqual(alarm.delays, [3_600_000])
  t.like(await service.clearExpired(), { scanned: 1 })
  t.like(asked[0], { now: BEGAN, grace: 60_000, damagedAfter: 4 * DAY })
  t.deepEqual(openService(undefined, undefined, { sweep: false }).alarm.delays, [])
})

test('a sweep in the background that fails is an error event', async (t) => {
  const store = new ScriptedStore()
  store.sweep = () => Promise.reject(new Error('disk'))
  const { service, alarm } = openService(store)
  const errors: SessionError[] = []
  service.events.on('error', (error) => errors.push(error))
  alarm.ring()
  await settle()
  t.deepEqual(
    errors.map(({ code, message }) => `${code}: ${message}`),
    ['ERR_SESSION_STORE: Expired sessions could not be removed'],
  )
})

test('an error that nobody listens for is a warning, without what is beneath', (t) => {
  const { service, warnings } = openService()
  service.report(new SessionError('ERR_SESSION_STORE', 'Down', { cause: new Error('/srv/x') }))
  t.deepEqual(warnings, ['ERR_SESSION_STORE: Down'])
})

test('the list has the handle and the end of each session that is not over', async (t) => {
  const store = new ScriptedStore()
  await fill(store, 2)
  const { vault } = openVault(store)
  await vault.create(recordOf({}, { deadline: BEGAN }), idOf(2), false)
  const { entries } = store
  store.entries = async function* () {
    yield { name: idOf(9).name, expires: BEGAN + DAY, damaged: true as const }
    yield* entries.call(store)
  }
  const listed: object[] = []
  for await (const item of openService(store).service.list()) listed.push(item)
  const expires = BEGAN + DAY + 300_000
  t.deepEqual(listed, [
    { ref: refOf(idOf(0).name), expires },
    { ref: refOf(idOf(1).name), expires },
  ])
})

test('destroyAll() ends every session, durably, and says how many there were', async (t) => {
  const store = new ScriptedStore()
  await fill(store, 20)
  const { service } = openService(store)
  const refs: string[] = []
  service.events.on('destroy', ({ ref }) => refs.push(ref))
  t.is(await service.destroyAll(), 20)
  t.deepEqual(await store.names(), [])
  t.true(store.updates.every(({ durable, kind }) => durable && kind === 'remove'))
  t.is(new Set(refs).size, 20)
  t.is(await service.destroyAll(), 0)
})

test('destroyAll() ends 8 sessions at a time', async (t) => {
  const store = new ScriptedStore()
  await fill(store, 30)
  let most = 0
  let underWay = 0
  store.onUpdate = async (proceed) => {
    underWay += 1
    most = Math.max(most, underWay)
    await settle()
    underWay -= 1
    return proceed()
  }
  t.is(await openService(store).service.destroyAll(), 30)
  t.is(most, 8)
})

test('destroyAll() leaves what is damaged to the sweep', async (t) => {
  const store = new ScriptedStore()
  store.entries = async function* () {
    yield { name: idOf(1).name, expires: 0, damaged: true as const }
  }
  t.is(await openService(store).service.destroyAll(), 0)
  t.deepEqual(store.updates, [])
})

test('destroyAll() of a store that fails rejects, and does not end the process', (t) => {
  const lib = (file: string): string => new URL(`../lib/${file}`, import.meta.url).href
  const { status, stdout } = spawnSync(
    process.execPath,
    [
      '--input-type=module',
      '--eval',
      `import { session } from '${lib('index.js')}'
       const store = {
         read: async () => undefined,
         update: async () => { throw new Error('down') },
         async *entries() {
           for (const digit of '123') {
             yield { name: digit.repeat(64), expires: Number.MAX_SAFE_INTEGER }
             await new Promise((resolve) => setImmediate(resolve))
           }
         },
         close: async () => undefined,
       }
       const sessions = session({ store, keys: '${createKey().toString('hex')}' })
       await sessions.destroyAll().catch((error) => console.log(error.message))`,
    ],
    { encoding: 'utf8', timeout: 20_000 },
  )
  t.is(stdout, 'down\n')
  t.is(status, 0)
})

test('a request without a cookie asks neither the keys nor the store', async (t) => {
  const store = new ScriptedStore()
  const keys = new ChangingKeys(1)
  const { visit, events } = openService(store, keys)
  const opened = await visit()
  t.true(opened.visit.isNew)
  t.false(opened.isCookieStale)
  t.deepEqual([keys.loads, store.reads.length, events.length], [0, 0, 0])
})

test('a request with the cookie of a session has that session', async (t) => {
  const store = new ScriptedStore()
  await fill(store, 1)
  const { service, visit } = openService(store)
  await service.ready()
  const opened = await visit(service.signId(idOf(0)))
  t.is(opened.visit.session.number, 0)
  t.is(opened.visit.ref, refOf(idOf(0).name))
  t.false(opened.isCookieStale)
})

test('a cookie that is not ours is an event and a new session, and costs the store nothing', async (t) => {
  const store = new ScriptedStore()
  const { visit, events } = openService(store)
  t.true((await visit('x')).visit.isNew)
  t.true((await visit('x'.repeat(64))).visit.isNew)
  t.deepEqual(events, [
    { name: 'forged', reason: 'malformed' },
    { name: 'forged', reason: 'signature' },
  ])
  t.is(store.reads.length, 0)
})

test('a cookie under a key that has just come is known', async (t) => {
  const store = new ScriptedStore()
  await fill(store, 1, 2)
  const keys = new ChangingKeys(1)
  const { service, visit, events } = openService(store, keys)
  await service.ready()
  const newer = openService(store, new ChangingKeys(2)).service
  await newer.ready()
  const cookie = newer.signId(idOf(0))
  keys.keys = [keyOf(2), keyOf(1)]
  t.is((await visit(cookie)).visit.session.number, 0)
  t.deepEqual(events, [])
})

test('a cookie under another key than the first is stale', async (t) => {
  const store = new ScriptedStore()
  await fill(store, 1)
  const old = openService(store).service
  await old.ready()
  const { visit } = openService(store, new ChangingKeys(2, 1))
  t.true((await visit(old.signId(idOf(0)))).isCookieStale)
})

test('a session that cannot be read is a 503 that keeps its code and its cause', async (t) => {
  const store = new ScriptedStore()
  const { service, visit } = openService(store)
  await service.ready()
  const cookie = service.signId(idOf(0))
  const cause = new Error('beneath')
  const ours = new SessionError('ERR_SESSION_STORE', 'EIO', { cause })
  store.onRead = () => Promise.reject(ours)
  const error = await t.throwsAsync(visit(cookie), { code: 'ERR_SESSION_STORE', message: 'EIO' })
  t.like(error, { status: 503, cause, headers: { 'Retry-After': '1' } })

  const theirs = new TypeError('of somebody else')
  store.onRead = () => Promise.reject(theirs)
  t.like(
    await t.throwsAsync(visit(cookie), {
      code: 'ERR_SESSION_STORE',
      message: 'The session cannot be read',
    }),
    { status: 503, cause: theirs },
  )
})

test('keys that cannot be had are a 503 for who has a cookie, and nothing for who has none', async (t) => {
  const keys = new ChangingKeys(1)
  keys.failure = new SessionError('ERR_SESSION_KEY_FILE', 'Damaged')
  const { visit } = openService(undefined, keys)
  await t.throwsAsync(visit('x'), { code: 'ERR_SESSION_KEY_FILE' })
  t.true((await visit()).visit.isNew)
})
