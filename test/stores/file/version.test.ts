import { type BigIntStats, readFileSync, unlinkSync } from 'node:fs'
import test from 'ava'
import { isSameState } from '../../../stores/file/version.ts'
import {
  interceptFileSystem,
  makeClock,
  nameOf,
  openStore,
  storing,
  watchFileSystem,
} from '../../support/file-store.ts'

const NAME = nameOf(1)

test('a session that is not there costs one look', async (t) => {
  const { store: real, directory } = openStore(t)
  await real.ready()
  const calls: string[] = []
  const fs = interceptFileSystem(({ method, path, proceed }) => {
    if (String(path).includes('.session')) calls.push(method)
    return proceed()
  })
  const { store } = openStore(t, { fs }, { directory })
  t.is(await store.read(NAME), undefined)
  t.deepEqual(calls, ['open'])
})

test('a version is trusted once its content was read long after its times, and then costs one look', async (t) => {
  const { monotonic, advance } = makeClock()
  const { calls, fs } = watchFileSystem()
  const { store } = openStore(t, { fs, monotonic })
  const { version } = await store.update(NAME, storing('one'))
  const soon = await store.read(NAME, version)
  t.true(typeof soon === 'object', 'the version of an update is not yet to be trusted')
  advance(19)
  const later = await store.read(NAME, version)
  t.true(typeof later === 'object')
  advance(1)
  const settled = await store.read(NAME, version)
  if (typeof settled !== 'object') return t.fail()
  calls.length = 0
  t.is(await store.read(NAME, settled.version), 'unchanged')
  t.deepEqual(calls, ['lstat'])
  advance(1000)
  const again = await store.read(NAME, typeof later === 'object' ? later.version : undefined)
  t.true(typeof again === 'object', 'a read that came too early never becomes trusted by waiting')
})

test('a change within the same clock tick is noticed', async (t) => {
  const { store, fileOf } = openStore(t)
  await store.update(NAME, storing('one'))
  let known: NonNullable<unknown> | undefined
  for (let round = 0; round < 300; round++) {
    const content = readFileSync(fileOf(NAME))
    await store.update(NAME, storing(`${round}`.padStart(3, '0')))
    const found = await store.read(NAME, known)
    if (typeof found !== 'object') return t.fail(`${round}: ${found}`)
    t.is(Buffer.from(found.entry.bytes).toString(), `${round}`.padStart(3, '0'))
    t.is(content.length, 4096)
    known = found.version
  }
})

test('what a version knows does not hide that the file was deleted', async (t) => {
  const { monotonic, advance } = makeClock()
  const { store, fileOf } = openStore(t, { monotonic })
  const { version } = await store.update(NAME, storing('one'))
  advance(20)
  const found = await store.read(NAME, version)
  unlinkSync(fileOf(NAME))
  t.is(await store.read(NAME, typeof found === 'object' ? found.version : undefined), undefined)
})

test('two looks have seen the same only if inode, size and both times are', (t) => {
  const look = { ino: 1n, size: 2n, mtimeNs: 3n, ctimeNs: 4n } as BigIntStats
  t.true(isSameState(look, { ...look } as BigIntStats))
  for (const field of ['ino', 'size', 'mtimeNs', 'ctimeNs']) {
    t.false(isSameState(look, { ...look, [field]: 9n } as BigIntStats), field)
  }
})
