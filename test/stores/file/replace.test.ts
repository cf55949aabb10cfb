import { lstatSync, rmSync, unlinkSync } from 'node:fs'
import { relative } from 'node:path'
import test from 'ava'
import type { SessionError } from '../../../lib/errors.ts'
import { nodeFileSystem } from '../../../stores/file/file-system.ts'
import {
  appending,
  interceptFileSystem,
  nameOf,
  openStore,
  removing,
  storing,
  systemError,
  textOf,
} from '../../support/file-store.ts'

const NAME = nameOf(1)

test('where files come out wider than they are asked for, each that replaces one is narrowed', async (t) => {
  const fs = {
    ...nodeFileSystem,
    open: (path: string, flags: number, mode?: number) =>
      nodeFileSystem.open(path, flags, mode === undefined ? mode : 0o640),
  }
  const { store, fileOf } = openStore(t, { fs })
  for (const text of ['one', 'two']) {
    await store.update(NAME, storing(text))
    t.is(lstatSync(fileOf(NAME)).mode & 0o777, 0o600)
  }
})

test('what is stored anew after a removal, or after somebody deleted the file, is the newest', async (t) => {
  const { store, fileOf } = openStore(t)
  await store.update(NAME, storing('one'))
  await store.update(NAME, removing)
  await store.update(NAME, storing('two'))
  t.is(await textOf(store, NAME), 'two')
  rmSync(fileOf(NAME))
  await store.update(NAME, storing('three'))
  t.is(await textOf(store, NAME), 'three')
})

/** A store, the directories that it has brought to the disk, and whether that has no room left. */
function openSynced(t: Parameters<typeof openStore>[0]) {
  const synced: string[] = []
  const disk = { isFull: false }
  const opened = new Map<unknown, string>()
  const fs = interceptFileSystem(async ({ method, path, proceed }) => {
    if (disk.isFull && method === 'mkdir') throw systemError('ENOSPC', 'mkdir')
    const result = await proceed()
    if (method === 'open') opened.set(result, String(path))
    if (method === 'fsync') synced.push(relative(directory, opened.get(path) ?? ''))
    return result
  })
  const { store, directory } = openStore(t, { fs })
  return { store, synced, disk }
}

test('on a full disk nothing but a removal works, and that is durable where it is asked to be', async (t) => {
  const { store, synced, disk } = openSynced(t)
  await store.update(NAME, storing('one'), { durable: true })
  await store.update(nameOf(17), storing('one'), { durable: true })
  synced.length = 0
  disk.isFull = true
  await t.throwsAsync(store.update(NAME, appending('!')), { code: 'ERR_SESSION_STORE' })
  t.is(await textOf(store, NAME), 'one')
  await store.update(nameOf(17), removing)
  t.deepEqual(synced, [])
  await store.update(NAME, removing, { durable: true })
  t.deepEqual(synced, ['sid/01'])
  t.is(await textOf(store, NAME), undefined)
})

test('a removal of what is missing is durable too: whoever removed it may have ended before it was', async (t) => {
  const { store, synced } = openSynced(t)
  await store.update(NAME, storing('one'), { durable: true })
  await store.update(NAME, removing)
  synced.length = 0
  await store.update(NAME, removing)
  t.deepEqual(synced, [])
  await store.update(NAME, removing, { durable: true })
  t.deepEqual(synced, ['sid/01'])
})

test('a rename of which nobody can tell, and after which another version stands there, is no commit', async (t) => {
  let isLost = false
  const fs = interceptFileSystem(({ method, path, proceed }) => {
    if (method !== 'rename' || !isLost) return proceed()
    unlinkSync(String(path))
    return Promise.reject(systemError('EIO', 'rename'))
  })
  const { store } = openStore(t, { fs })
  await store.update(NAME, storing('one'))
  isLost = true
  const error = await t.throwsAsync<SessionError>(store.update(NAME, appending('!')), {
    code: 'ERR_SESSION_STORE',
  })
  t.is(error?.committed, 'unknown')
  t.is(await textOf(store, NAME), 'one')
})
