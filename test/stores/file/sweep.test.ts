import { spawnSync } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import test from 'ava'
import type { SweepReport } from '../../../lib/store.ts'
import { type FileSystem, nodeFileSystem } from '../../../stores/file/file-system.ts'
import { encodeFile } from '../../../stores/file/frame.ts'
import { createOwner } from '../../../stores/file/owner.ts'
import {
  appending,
  interceptFileSystem,
  nameOf,
  openStore,
  storing,
  systemError,
  textOf,
} from '../../support/file-store.ts'
import { findLitter } from '../../support/torture.ts'

const HOUR = 3_600_000
const NOTHING: SweepReport = {
  scanned: 0,
  removed: 0,
  damaged: 0,
  litter: 0,
  failed: 0,
  skipped: false,
}
const NOW = { now: 1000, grace: 100, damagedAfter: HOUR }
const owner = createOwner(nodeFileSystem)

/** Sets back the time of a file. */
function age(path: string, milliseconds: number): void {
  const time = new Date(Date.now() - milliseconds)
  utimesSync(path, time, time)
}

test('a sweep of a store that was never used makes nothing', async (t) => {
  const { store, directory } = openStore(t)
  t.deepEqual(await store.sweep(NOW), NOTHING)
  t.deepEqual(readdirSync(directory), [])
})

test('what expired the grace time ago is removed, and nothing else', async (t) => {
  const { store, directory } = openStore(t)
  for (const [index, expires] of [0, 899, 900, 901, 1000, 5000].entries()) {
    await store.update(nameOf(index), storing('x', expires))
  }
  t.deepEqual(await store.sweep(NOW), { ...NOTHING, scanned: 6, removed: 3 })
  t.deepEqual(await store.sweep(NOW), { ...NOTHING, scanned: 3 })
  t.deepEqual(findLitter(join(directory, 'sid')), [])
})

test('a session renewed while the sweep looks at it stays', async (t) => {
  const { store: writer, directory } = openStore(t)
  await writer.update(nameOf(1), storing('old', 0))
  const fs = interceptFileSystem(async ({ method, path, proceed }) => {
    if (method === 'mkdir' && String(path).endsWith('.session.lock')) {
      await writer.update(nameOf(1), storing('new'))
    }
    return proceed()
  })
  const { store } = openStore(t, { fs }, { directory })
  t.deepEqual(await store.sweep(NOW), { ...NOTHING, scanned: 1 })
  t.is(await textOf(writer, nameOf(1)), 'new')
})

test('a session that is being committed is not waited for', async (t) => {
  const { store, fileOf } = openStore(t)
  await store.update(nameOf(1), storing('x', 0))
  mkdirSync(`${fileOf(nameOf(1))}.lock`)
  writeFileSync(join(`${fileOf(nameOf(1))}.lock`, `${await owner.identify()}-x-1`), '')
  const started = performance.now()
  t.deepEqual(await store.sweep(NOW), { ...NOTHING, scanned: 1, failed: 1 })
  t.true(performance.now() - started < 2000)
})

test('damage is removed when the file stood unchanged for its time, whatever the wall clock says', async (t) => {
  const { store, fileOf } = openStore(t)
  await store.update(nameOf(17), storing('x', 0))
  const [fresh, old, link] = [nameOf(1), nameOf(33), nameOf(49)]
  writeFileSync(fileOf(fresh), 'junk')
  writeFileSync(fileOf(old), 'junk')
  age(fileOf(old), HOUR + 5000)
  symlinkSync('/nowhere', fileOf(link))
  const far = { ...NOW, now: 9e15 }
  t.deepEqual(await store.sweep(far), { ...NOTHING, scanned: 4, removed: 2, damaged: 2 })
  t.true(existsSync(fileOf(fresh)))
  t.false(existsSync(fileOf(old)))
})

test('damage mended while the sweep looks at it stays', async (t) => {
  const { store: writer, directory, fileOf } = openStore(t)
  await writer.update(nameOf(1), storing('x'))
  const copy = join(directory, 'copy')
  copyFileSync(fileOf(nameOf(1)), copy)
  writeFileSync(fileOf(nameOf(1)), 'junk')
  age(fileOf(nameOf(1)), 2 * HOUR)
  const fs = interceptFileSystem(({ method, path, proceed }) => {
    if (method === 'mkdir' && String(path).endsWith('.session.lock')) {
      copyFileSync(copy, fileOf(nameOf(1)))
    }
    return proceed()
  })
  const { store } = openStore(t, { fs }, { directory })
  t.deepEqual(await store.sweep(NOW), { ...NOTHING, scanned: 1 })
  t.is(await textOf(openStore(t, {}, { directory }).store, nameOf(1)), 'x')
})

test('a directory in the place of a session is never removed', async (t) => {
  const { store, fileOf } = openStore(t)
  await store.update(nameOf(17), storing('x'))
  mkdirSync(fileOf(nameOf(1)))
  age(fileOf(nameOf(1)), 2 * HOUR)
  t.deepEqual(await store.sweep(NOW), { ...NOTHING, scanned: 2, damaged: 1 })
  t.true(existsSync(fileOf(nameOf(1))))
})

test('names that are not sessions are left alone, and links are not followed', async (t) => {
  const { store, directory, fileOf } = openStore(t)
  await store.update(nameOf(1), storing('x', 0))
  const data = join(directory, 'sid')
  const strangers = [
    '01/notes.txt',
    `01/${nameOf(1)}.session~`,
    `01/${nameOf(2)}.session`,
    'README',
    '0G',
  ]
  for (const stranger of strangers) copyFileSync(fileOf(nameOf(1)), join(data, stranger))
  mkdirSync(join(directory, 'elsewhere'))
  copyFileSync(fileOf(nameOf(1)), join(directory, 'elsewhere', `${nameOf(3)}.session`))
  symlinkSync(join(directory, 'elsewhere'), join(data, '03'))
  t.deepEqual(await store.sweep(NOW), { ...NOTHING, scanned: 1, removed: 1 })
  for (const stranger of strangers) t.true(existsSync(join(data, stranger)))
  t.deepEqual(readdirSync(join(directory, 'elsewhere')), [`${nameOf(3)}.session`])
})

test('locks that ended processes have left are removed, those of live ones and fresh empty ones are not', async (t) => {
  const { store, fileOf } = openStore(t)
  const alive = await owner.identify()
  const { pid } = spawnSync(process.execPath, ['-e', ''])
  const dead = alive.replace(`-${process.pid}-`, `-${pid}-`)
  const foreign = 't-00000001-1-1-1-0'
  const left: [string | undefined, number, boolean][] = [
    [dead, 0, true],
    [alive, 0, false],
    [alive, 2 * HOUR, false],
    [foreign, 0, false],
    [foreign, HOUR + 5000, true],
    [undefined, 0, false],
    [undefined, HOUR + 5000, true],
  ]
  for (const [index, [token, milliseconds]] of left.entries()) {
    const lock = `${fileOf(nameOf(index))}.lock`
    mkdirSync(lock, { recursive: true })
    if (token) writeFileSync(join(lock, `${token}-x-1`), '')
    age(lock, milliseconds)
  }
  t.deepEqual(await store.sweep(NOW), { ...NOTHING, litter: 3 })
  for (const [index, [, , removed]] of left.entries()) {
    t.is(existsSync(`${fileOf(nameOf(index))}.lock`), !removed, `lock ${index}`)
  }
})

test('a removal that was not finished is finished', async (t) => {
  const { store, fileOf } = openStore(t)
  await store.update(nameOf(17), storing('x'))
  const tombstone = encodeFile({
    sequence: 2,
    expires: 0,
    tombstone: true,
    subject: undefined,
    bytes: Buffer.alloc(0),
  })
  writeFileSync(fileOf(nameOf(1)), tombstone)
  t.is(await store.read(nameOf(1)), undefined)
  t.deepEqual(await store.sweep(NOW), { ...NOTHING, scanned: 1, litter: 1 })
  t.false(existsSync(fileOf(nameOf(1))))
})

test('of several sweepers at once one works, and each session is removed once', async (t) => {
  const { store, directory } = openStore(t)
  for (let index = 0; index < 60; index++) {
    await store.update(nameOf(index), storing('x', index % 2 ? 0 : 5000))
  }
  const stores = Array.from({ length: 3 }, () => openStore(t, {}, { directory }).store)
  const reports = await Promise.all(stores.map((each) => each.sweep(NOW)))
  t.is(reports.filter(({ skipped }) => skipped).length, 2)
  t.is(
    reports.reduce((sum, { removed }) => sum + removed, 0),
    30,
  )
  t.is(
    reports.reduce((sum, { failed }) => sum + failed, 0),
    0,
  )
  t.deepEqual(findLitter(join(directory, 'sid')), [])
})

test('the lock of a sweeper that was killed is taken over', async (t) => {
  const { store, directory } = openStore(t)
  await store.update(nameOf(1), storing('x', 0))
  const lock = join(directory, 'sid', '.sweep')
  mkdirSync(lock)
  t.deepEqual(await store.sweep(NOW), { ...NOTHING, skipped: true })
  age(lock, 60_000)
  t.deepEqual(await store.sweep(NOW), { ...NOTHING, scanned: 1, removed: 1 })
  t.false(existsSync(lock))
})

test('a full disk is swept', async (t) => {
  const { store, directory } = openStore(t)
  await store.update(nameOf(1), storing('x', 0))
  await store.update(nameOf(2), storing('y'))
  const fs = interceptFileSystem(({ method, proceed }) =>
    method === 'mkdir' ? Promise.reject(systemError('ENOSPC', 'mkdir')) : proceed(),
  )
  const full = openStore(t, { fs }, { directory }).store
  t.deepEqual(await full.sweep(NOW), { ...NOTHING, scanned: 2, removed: 1 })
  t.is(await textOf(full, nameOf(2)), 'y')
})

test('a session that cannot be read counts as failed, and the others are swept', async (t) => {
  const { store, directory, fileOf } = openStore(t)
  for (const index of [1, 2]) await store.update(nameOf(index), storing('x', 0))
  const fs = interceptFileSystem(({ method, path, proceed }) =>
    method === 'open' && path === fileOf(nameOf(1))
      ? Promise.reject(systemError('EIO', 'open'))
      : proceed(),
  )
  const other = openStore(t, { fs }, { directory }).store
  t.deepEqual(await other.sweep(NOW), { ...NOTHING, removed: 1, scanned: 1, failed: 1 })
})

test('a sweep that is called off reports what it did, and lets go of its lock', async (t) => {
  const { store, directory } = openStore(t)
  for (let index = 0; index < 60; index++) await store.update(nameOf(index), storing('x', 0))
  const controller = new AbortController()
  const fs = interceptFileSystem(({ method, proceed }) => {
    if (method === 'unlink') controller.abort()
    return proceed()
  })
  const other = openStore(t, { fs }, { directory }).store
  const report = await other.sweep({ ...NOW, signal: controller.signal })
  t.true(report.removed > 0 && report.removed < 60, `${report.removed} removed`)
  t.false(existsSync(join(directory, 'sid', '.sweep')))
})

test('a sweep and commits of the same sessions do not hurt each other', async (t) => {
  const { store, directory } = openStore(t)
  const other = openStore(t, {}, { directory }).store
  for (let index = 0; index < 40; index++) await store.update(nameOf(index), storing('', 0))
  let swept = 0
  const sweeping = (async () => {
    for (let round = 0; round < 5; round++) swept += (await other.sweep(NOW)).removed
  })()
  const appended = await Promise.all(
    Array.from({ length: 400 }, async (_, index) => {
      let there = false
      await store.update(nameOf(index % 40), (current) => {
        there = current !== undefined
        return appending('x')(current)
      })
      return there ? index % 40 : -1
    }),
  )
  await sweeping
  await other.sweep(NOW)
  t.true(swept > 0)
  t.true(appended.includes(-1) || appended.length === 400)
  for (let index = 0; index < 40; index++) t.is(await textOf(store, nameOf(index)), undefined)
  t.deepEqual(findLitter(join(directory, 'sid')), [])
})

test('a sweep that fails has ended: no removal goes on behind it', async (t) => {
  let isRemoving = false
  let isDone = false
  const fs: FileSystem = {
    ...nodeFileSystem,
    async *list(path) {
      if (path.endsWith('sid')) return yield* nodeFileSystem.list(path)
      yield* nodeFileSystem.list(path)
      while (!isRemoving) await setImmediate()
      throw systemError('EIO', 'readdir')
    },
    async rename(from, to) {
      isRemoving = !String(to).includes('tenants')
      for (let turns = 0; turns < 5000; turns++) await setImmediate()
      await nodeFileSystem.rename(from, to)
      isDone = isRemoving
    },
  }
  const { store, directory } = openStore(t)
  await store.update(nameOf(1), storing('x', 0))
  await store.close()
  const failing = openStore(t, { fs }, { directory }).store
  await t.throwsAsync(failing.sweep(NOW), { code: 'ERR_SESSION_STORE' })
  t.true(isDone)
})
