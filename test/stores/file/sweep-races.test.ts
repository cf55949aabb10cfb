import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import test from 'ava'
import { type FileSystem, nodeFileSystem } from '../../../stores/file/file-system.ts'
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
import { age, HOUR, NOTHING, NOW } from '../../support/sweeps.ts'
import { findLitter } from '../../support/torture.ts'

const owner = createOwner(nodeFileSystem)

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
  // By a clock that stands still it would wait for ever.
  const { store, fileOf } = openStore(t, { monotonic: () => 0 })
  await store.update(nameOf(1), storing('x', 0))
  mkdirSync(`${fileOf(nameOf(1))}.lock`)
  writeFileSync(join(`${fileOf(nameOf(1))}.lock`, `${await owner.identify()}-x-1`), '')
  t.deepEqual(await store.sweep(NOW), { ...NOTHING, scanned: 1, failed: 1 })
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
