import { spawnSync } from 'node:child_process'
import { chmodSync, chownSync, readdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import test from 'ava'
import { nameOf } from '../support/file-store.ts'
import { type Order, startRemoteStore } from '../support/remote-store.ts'
import { startServer } from '../support/server-process.ts'
import { SmallDisk, whyNoMount } from '../support/small-disk.ts'
import {
  ANN,
  assertRecovered,
  BOB,
  inTime,
  LONGEST_ANSWER,
  NEW,
  openStoreOf,
  storeThree,
  trySaving,
  WAYS,
} from '../support/store-in-need.ts'
import { deleteDirectory, makeTemporaryDirectory } from '../support/temporary-directory.ts'

const LATER = 9e15

const noMount = whyNoMount()
const testOnDisk = noMount === undefined ? test.serial : test.serial.skip
const skipped = noMount === undefined ? '' : ` (skipped: ${noMount})`
const FULL = /\(ENOSPC\)\. The disk is full: make room on it\.$/

for (const way of WAYS) {
  for (const [what, options, fill] of [
    ['a full disk', 'size=200k', 'fill'],
    ['a disk without a file to spare', 'size=4m,nr_inodes=40', 'fillInodes'],
  ] as const) {
    testOnDisk(
      `${what} refuses what is new, loses nothing and lets people sign out, ${way}${skipped}`,
      async (t) => {
        const disk = await SmallDisk.mount(t, options)
        const directory = join(disk.path, 'data')
        const store = await openStoreOf(t, directory, way, disk)
        await storeThree(store)
        disk[fill]()
        const create: Order = { verb: 'store', name: NEW, text: 'new' }
        t.not(await inTime(t, store, create, 'ENOSPC', FULL), 'done')
        t.is(await store.read(NEW), undefined)
        await trySaving(t, store, 'ENOSPC', FULL)
        t.is(await store.read(BOB), 'first')
        await store.order({ verb: 'remove', name: BOB, durable: true })
        t.is(await store.read(BOB), undefined)
        disk[fill]()
        t.is((await store.sweep(2)).removed, 1)
        disk.free()
        await assertRecovered(t, store, join(disk.outside, 'data'))
      },
    )
  }

  test.serial(
    `a process without a descriptor to spare says so, loses nothing and goes on later, ${way}`,
    async (t) => {
      const directory = makeTemporaryDirectory(t)
      const under = ['sh', '-c', 'ulimit -n 60 && exec "$0" "$@"']
      const store = await openStoreOf(t, directory, way, { under })
      const hint =
        /\(EMFILE\)\. This process has too many files open: raise its limit \(ulimit -n\)\.$/
      await storeThree(store)
      await store.order({ verb: 'hoard' })
      const create: Order = { verb: 'store', name: NEW, text: 'new' }
      if ((await inTime(t, store, create, 'EMFILE', hint)) !== 'done') {
        const unknown: Order = { verb: 'read', name: NEW }
        t.not(await inTime(t, store, unknown, 'EMFILE', hint), 'done')
      }
      const save: Order = { verb: 'append', name: ANN, text: '+', durable: true }
      await inTime(t, store, save, 'EMFILE', hint)
      await store.order({ verb: 'release' })
      await assertRecovered(t, store, directory)
    },
  )

  test.serial(
    `a directory deleted or moved away at run time is missed within a second, and made anew, ${way}`,
    async (t) => {
      const root = makeTemporaryDirectory(t)
      const [directory, away] = [join(root, 'data'), join(root, 'away')]
      const store = await openStoreOf(t, directory, way)
      const missed = async (name: string): Promise<void> => {
        const begun = performance.now()
        let found = await store.read(name)
        while (found !== undefined && performance.now() - begun < LONGEST_ANSWER) {
          await delay(20)
          found = await store.read(name)
        }
        t.is(found, undefined)
      }
      await storeThree(store)
      renameSync(directory, away)
      await missed(ANN)
      // It may have been made anew.
      deleteDirectory(directory)
      renameSync(away, directory)
      t.is(await store.read(ANN), 'first')
      await store.order({ verb: 'append', name: ANN, text: '+' })
      deleteDirectory(directory)
      await missed(ANN)
      await store.order({ verb: 'append', name: BOB, text: 'from the dead' })
      t.is(await store.read(BOB), undefined)
      const fresh = nameOf(100)
      await store.order({ verb: 'store', name: fresh, text: 'first', durable: true })
      t.is(await store.read(fresh), 'first')
      t.true(readdirSync(directory).includes('.gitignore'))
    },
  )
}

testOnDisk(
  `signing out works on a full disk, and nothing else is promised${skipped}`,
  async (t) => {
    const disk = await SmallDisk.mount(t, 'size=200k')
    const server = await startServer(t, { directory: join(disk.path, 'data') }, disk)
    const [ann, bob] = [server.visit(), server.visit()]
    for (const each of [ann, bob]) t.is((await each.get('/login')).status, 200)
    disk.fill()
    const stranger = await server.visit().get('/login')
    t.deepEqual([stranger.status, stranger.setCookies], [500, []])
    t.is((await bob.get('/')).text, 'hello ann')
    const stolen = ann.clone()
    t.is((await ann.get('/logout')).status, 200)
    t.is((await stolen.get('/')).text, 'hello stranger')
    disk.fill()
    const restarted = await startServer(t, { directory: join(disk.path, 'data') }, disk)
    const cookie = `sid=${bob.cookies.get('sid')}`
    t.is((await restarted.visit().get('/', { cookie })).text, 'hello ann')
    t.is((await restarted.visit().get('/logout', { cookie })).status, 200)
    // Whoever cannot come in cannot tell the other either, which looks by itself within a second.
    await delay(1100)
    t.is((await bob.get('/')).text, 'hello stranger')
    disk.free()
    t.is((await bob.get('/login')).status, 200)
    t.is((await bob.get('/')).text, 'hello ann')
  },
)

testOnDisk(
  `a read-only disk is read and refuses the rest, until it is not${skipped}`,
  async (t) => {
    const disk = await SmallDisk.mount(t, 'size=1m')
    const directory = join(disk.path, 'data')
    const before = await openStoreOf(t, directory, 'alone', disk)
    await storeThree(before)
    await before.order({ verb: 'close' })
    await before.kill()
    disk.remount('ro')
    const hint =
      /\(EROFS\)\. The file system is read-only: set `directory` to one that can be written\.$/
    const store = startRemoteStore(t, { directory, lockTimeout: 1000 }, disk)
    for (const order of [
      { verb: 'ready' },
      { verb: 'append', name: ANN, text: '+' },
      { verb: 'store', name: NEW, text: 'new' },
      { verb: 'remove', name: BOB, durable: true },
      { verb: 'sweep', now: 2 },
    ] as const) {
      t.not(await inTime(t, store, order, 'EROFS', hint), 'done', order.verb)
    }
    t.is(await store.read(ANN), 'first')
    t.is(await store.read(BOB), 'first')
    disk.remount('rw')
    await store.order({ verb: 'ready' })
    await assertRecovered(t, store, join(disk.outside, 'data'))
  },
)

const NOBODY = 65_534

/** Whether a process of that user can run Node and these tests. */
function mayRunHere(user: number): boolean {
  const words = [`--reuid=${user}`, `--regid=${user}`, '--clear-groups', process.execPath, '-e']
  const script = `fs.accessSync(${JSON.stringify(fileURLToPath(import.meta.url))})`
  return spawnSync('setpriv', [...words, script], { cwd: '/' }).status === 0
}

const noUsers = process.geteuid?.() === 0 ? undefined : 'only root can be somebody else'
const reason = noUsers ?? (mayRunHere(NOBODY) ? undefined : 'another user cannot run Node here')
const testAsOther = reason === undefined ? test.serial : test.serial.skip
const notOther = reason === undefined ? '' : ` (skipped: ${reason})`

testAsOther(`a process of another user is told whose the directory is${notOther}`, async (t) => {
  const root = makeTemporaryDirectory(t)
  chmodSync(root, 0o755)
  const directory = join(root, 'data')
  const before = await openStoreOf(t, directory, 'alone')
  await storeThree(before)
  await before.order({ verb: 'close' })
  const setpriv = ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups']
  const store = startRemoteStore(t, { directory }, { under: setpriv })
  for (const order of [
    { verb: 'ready' },
    { verb: 'read', name: ANN },
    { verb: 'append', name: ANN, text: '+' },
    { verb: 'remove', name: ANN },
  ] as const) {
    const { code, message } = await store.failure(order)
    t.is(code, 'ERR_SESSION_DIRECTORY')
    t.is(
      message,
      "The directory 'data' belongs to user 0, and this process runs as user 65534. Give it to that user (chown), or set `directory` to another path.",
    )
  }
  for (const path of ['', ...(readdirSync(directory, { recursive: true }) as string[])]) {
    chownSync(join(directory, path), NOBODY, NOBODY)
  }
  await store.order({ verb: 'ready' })
  await assertRecovered(t, store, directory)
})

for (const way of WAYS) {
  testAsOther(
    `a process that may not enter its directory any more calls nobody a stranger, ${way}${notOther}`,
    async (t) => {
      const directory = makeTemporaryDirectory(t)
      const store = await openStoreOf(t, directory, way)
      await storeThree(store)
      await store.order({ verb: 'become', user: NOBODY })
      // What is known of a file is trusted for a second.
      await delay(1100)
      const hint =
        /\(EACCES\)\. Let the user of this process read and write the directory of the store\.$/
      for (const order of [
        { verb: 'read', name: ANN },
        { verb: 'append', name: ANN, text: '+' },
        { verb: 'store', name: NEW, text: 'new' },
        { verb: 'remove', name: BOB },
      ] as const) {
        t.not(await inTime(t, store, order, 'EACCES', hint), 'done', order.verb)
      }
      await store.order({ verb: 'become', user: 0 })
      t.is(await store.read(BOB), 'first')
      await assertRecovered(t, store, directory)
    },
  )
}

for (const count of [1, 2]) {
  test.serial(
    `a wall clock that jumps at every look disturbs no commit of ${count} processes`,
    async (t) => {
      const directory = makeTemporaryDirectory(t)
      const stores = Array.from({ length: count }, () =>
        startRemoteStore(t, { directory, madClock: true }),
      )
      await stores[0]?.order({ verb: 'store', name: ANN, text: '', expires: LATER })
      await Promise.all(
        stores.map(async (store, index) => {
          for (let appended = 0; appended < 40; appended++) {
            await store.order({ verb: 'append', name: ANN, text: `${index}` })
          }
        }),
      )
      for (const store of stores) {
        t.is((await store.sweep(1)).removed, 0)
        const text = await store.read(ANN)
        t.is(text?.length, 40 * stores.length)
      }
    },
  )
}
