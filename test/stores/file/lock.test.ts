import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import test from 'ava'
import { nodeFileSystem } from '../../../stores/file/file-system.ts'
import { createOwner, type Owner } from '../../../stores/file/owner.ts'
import {
  appending,
  interceptFileSystem,
  nameOf,
  openStore,
  removing,
  storing,
  textOf,
} from '../../support/file-store.ts'
import { Gate } from '../../support/gate.ts'
import { identifyDead } from '../../support/owners.ts'

const NAME = nameOf(1)
const owner = createOwner(nodeFileSystem)

/** A lock as somebody left it. */
function leaveLock(file: string, ...tokens: string[]): string {
  mkdirSync(`${file}.lock`)
  for (const token of tokens) writeFileSync(join(`${file}.lock`, token), 'half-written')
  return `${file}.lock`
}

/** A clock that runs `speed` times as fast as the real one: to wait out 10 s in a moment. */
function fast(speed: number): () => number {
  return () => performance.now() * speed
}

test('the lock of a process that was killed while it wrote is broken at once', async (t) => {
  const { store, directory, fileOf } = openStore(t, { monotonic: () => 0 })
  await store.update(NAME, storing('one'))
  leaveLock(fileOf(NAME), `${await identifyDead()}-x-1`, `${await identifyDead()}-x-2`)
  await store.update(NAME, appending(', two'))
  t.is(await textOf(store, NAME), 'one, two')
  t.deepEqual(readdirSync(join(directory, 'sid', '01')), [`${NAME}.session`])
})

for (const [what, token, seconds] of [
  ['an empty lock', undefined, 2],
  ['the lock of a process of another machine or container', 't-00000001-1-1-1-0-x-1', 10],
  ['a lock with something strange in it', 'strange', 10],
  ['the lock of a live process', 'own', 30],
] as const) {
  test(`${what} is left for ${seconds} seconds without change, and then broken`, async (t) => {
    const start = performance.now()
    let offset = 0
    const monotonic = (): number => performance.now() - start + offset
    const { store, directory, fileOf } = openStore(t, { monotonic })
    await store.update(NAME, storing('one'))
    const tokens = token === 'own' ? [`${await owner.identify()}-x-1`] : token ? [token] : []
    const lock = leaveLock(fileOf(NAME), ...tokens)
    const timeout = {
      code: 'ERR_SESSION_LOCK_TIMEOUT',
      message:
        /^Another commit.* held the lock of a session for too long\. Nothing was written: try again\.$/,
    }
    const patient = openStore(t, { monotonic }, { directory, lockTimeout: 300 }).store
    await t.throwsAsync(patient.update(NAME, appending('!')), timeout)
    offset += seconds * 1000 - 5000
    await t.throwsAsync(patient.update(NAME, appending('!')), timeout)
    t.deepEqual(readdirSync(lock), tokens)
    offset += 5000
    await patient.update(NAME, appending(', two'))
    t.is(await textOf(store, NAME), 'one, two')
    t.false(existsSync(lock))
  })
}

test('a lock that changes hands is not taken for one that stands still', async (t) => {
  const { store, fileOf } = openStore(t, { monotonic: fast(20) }, { lockTimeout: 25_000 })
  await store.update(NAME, storing('one'))
  const lock = leaveLock(fileOf(NAME))
  let round = 0
  const change = (): void => writeFileSync(join(lock, `foreign-${round++}`), '')
  change()
  // A quarter of the time after which a lock without a token is broken: timers are late at times.
  const alternate = setInterval(change, 25)
  t.teardown(() => clearInterval(alternate))
  await t.throwsAsync(store.update(NAME, appending('!')), { code: 'ERR_SESSION_LOCK_TIMEOUT' })
  t.is(await textOf(store, NAME), 'one')
})

test('who waits too long is told by whom the lock is held, and the next commit works', async (t) => {
  const { store, directory, fileOf } = openStore(t, {}, { lockTimeout: 50 })
  await store.update(NAME, storing('one'))
  const free = new Gate()
  const fs = interceptFileSystem(async ({ method, proceed }) => {
    if (method === 'rename') await free.passed
    return proceed()
  })
  const holder = openStore(t, { fs }, { directory }).store
  const held = holder.update(NAME, appending(', two'))
  while (!existsSync(`${fileOf(NAME)}.lock`)) await delay(5)
  const error = await t.throwsAsync(store.update(NAME, appending('!')), {
    code: 'ERR_SESSION_LOCK_TIMEOUT',
  })
  t.is(
    error?.message,
    `Another commit (process ${process.pid}) held the lock of a session for too long. Nothing was written: try again.`,
  )
  free.open()
  await held
  await store.update(NAME, appending(', three'))
  t.is(await textOf(store, NAME), 'one, two, three')
})

test('of those that wait behind a lock each has its own time', async (t) => {
  let now = 0
  const { store, fileOf } = openStore(t, { monotonic: () => now }, { lockTimeout: 1000 })
  await store.update(NAME, storing('one'))
  leaveLock(fileOf(NAME), `${await owner.identify()}-x-1`)
  const first = store.update(NAME, appending('!'))
  now = 600
  const second = store.update(NAME, appending(', two'))
  now = 1200
  await t.throwsAsync(first, { code: 'ERR_SESSION_LOCK_TIMEOUT' })
  const owned = readdirSync(`${fileOf(NAME)}.lock`)
  for (const token of owned) await nodeFileSystem.unlink(join(`${fileOf(NAME)}.lock`, token))
  await nodeFileSystem.rmdir(`${fileOf(NAME)}.lock`)
  await second
  t.is(await textOf(store, NAME), 'one, two')
})

/**
 * Two stores of one directory. The first stalls before its next rename; the second takes everybody
 * for dead.
 */
async function stall(t: Parameters<typeof openStore>[0]) {
  const stalled = new Gate()
  const wake = new Gate()
  let armed = false
  const fs = interceptFileSystem(async ({ method, proceed }) => {
    if (method === 'rename' && armed) {
      armed = false
      stalled.open()
      await wake.passed
    }
    return proceed()
  })
  const { store: slow, directory, fileOf } = openStore(t, { fs })
  const slander: Owner = { identify: owner.identify, judge: async () => 'dead' }
  const { store: quick } = openStore(t, { owner: slander }, { directory })
  await slow.update(NAME, storing('one'))
  armed = true
  return { slow, quick, fileOf, stalled: stalled.passed, wake: () => wake.open() }
}

test('a commit whose lock was broken overwrites nothing, and begins again', async (t) => {
  const { slow, quick, fileOf, stalled, wake } = await stall(t)
  let runs = 0
  const update = slow.update(NAME, (current) => {
    runs++
    return appending(', two')(current)
  })
  await stalled
  await quick.update(NAME, appending(', three'))
  wake()
  await update
  t.is(runs, 2)
  t.is(await textOf(quick, NAME), 'one, three, two')
  t.false(existsSync(`${fileOf(NAME)}.lock`))
})

test('a commit whose session was removed meanwhile does not bring it back', async (t) => {
  const { slow, quick, fileOf, stalled, wake } = await stall(t)
  const update = slow.update(NAME, appending(', two'))
  await stalled
  await quick.update(NAME, removing)
  wake()
  await update
  t.is(await textOf(quick, NAME), undefined)
  t.false(existsSync(fileOf(NAME)))
  t.false(existsSync(`${fileOf(NAME)}.lock`))
})

test('a removal whose lock was broken removes what was written meanwhile', async (t) => {
  const { slow, quick, fileOf, stalled, wake } = await stall(t)
  const update = slow.update(NAME, removing)
  await stalled
  await quick.update(NAME, appending(', two'))
  t.is(await textOf(quick, NAME), 'one, two')
  wake()
  await update
  t.is(await textOf(quick, NAME), undefined)
  t.false(existsSync(`${fileOf(NAME)}.lock`))
})

test('of six who find one dead lock at once none overwrites another', async (t) => {
  const { store, directory, fileOf } = openStore(t)
  const token = await identifyDead()
  const stores = Array.from({ length: 6 }, () => openStore(t, {}, { directory }).store)
  await store.update(NAME, storing(''))
  for (let round = 1; round <= 40; round++) {
    leaveLock(fileOf(NAME), `${token}-x-${round}`)
    await Promise.all(stores.map((each) => each.update(NAME, appending('x'))))
    t.is((await textOf(store, NAME))?.length, round * 6)
    t.false(existsSync(`${fileOf(NAME)}.lock`))
  }
})

test.serial('a wall clock that jumps breaks no lock, and keeps none', async (t) => {
  const real = Date.now
  t.teardown(() => {
    Date.now = real
  })
  let now = 0
  const { store, fileOf } = openStore(t, { monotonic: () => now }, { lockTimeout: 0 })
  await store.update(NAME, storing('one'))
  const lock = leaveLock(fileOf(NAME))
  for (const years of [10, -10]) {
    Date.now = () => real() + years * 31_536_000_000
    await t.throwsAsync(store.update(NAME, appending('!')), { code: 'ERR_SESSION_LOCK_TIMEOUT' })
    t.true(existsSync(lock))
  }
  now += 10_000
  await store.update(NAME, appending(', two'))
  t.is(await textOf(store, NAME), 'one, two')
})
