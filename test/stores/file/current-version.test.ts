import { rmSync } from 'node:fs'
import test, { type ExecutionContext } from 'ava'
import type { Version } from '../../../lib/store.ts'
import { nodeEnvironment } from '../../../stores/file/environment.ts'
import { nodeFileSystem } from '../../../stores/file/file-system.ts'
import { FileStore } from '../../../stores/file.ts'
import {
  appending,
  makeClock,
  nameOf,
  type OpenStore,
  openStore,
  removing,
  storing,
  textOf,
} from '../../support/file-store.ts'
import { deleteDirectory } from '../../support/temporary-directory.ts'

const NAME = nameOf(1)

interface OpenAlone extends OpenStore {
  advance(milliseconds: number): void
}

/** A store that is alone on its directory, and whose second passes when the test says so. */
async function openAlone(t: ExecutionContext): Promise<OpenAlone> {
  const { monotonic, advance } = makeClock()
  const { sockets } = nodeEnvironment
  const opened = openStore(t, { sockets, fs: { ...nodeFileSystem }, monotonic })
  t.teardown(() => void opened.store.close())
  await opened.store.ready()
  return { ...opened, advance }
}

/** The version that a read gives. */
async function versionOf(store: FileStore): Promise<Version> {
  const found = await store.read(NAME)
  return typeof found === 'object' ? found.version : {}
}

/** The version that a change is given. */
async function givenVersion(store: FileStore): Promise<Version | undefined> {
  let given: Version | undefined
  await store.update(NAME, (_, version) => {
    given = version
    return { kind: 'keep' }
  })
  return given
}

test('alone the newest version is current, and no other, under its name', async (t) => {
  const { store } = await openAlone(t)
  const { version: first = {} } = await store.update(NAME, storing('one'))
  t.true(store.isCurrent(NAME, first))
  t.is(await store.read(NAME, first), 'unchanged')
  t.is(await versionOf(store), first)
  t.is(await givenVersion(store), first)
  const { version: second = {} } = await store.update(NAME, appending(', two'))
  t.deepEqual([store.isCurrent(NAME, first), store.isCurrent(NAME, second)], [false, true])
  await store.update(nameOf(2), storing('another'))
  t.false(store.isCurrent(nameOf(2), second))
  await store.update(NAME, removing)
  t.false(store.isCurrent(NAME, second))
})

test('a file deleted by hand is current for a second at the most', async (t) => {
  const { store, fileOf, advance } = await openAlone(t)
  const { version = {} } = await store.update(NAME, storing('one'))
  rmSync(fileOf(NAME))
  advance(999)
  t.true(store.isCurrent(NAME, version))
  advance(1)
  t.false(store.isCurrent(NAME, version))
  t.is(await store.read(NAME, version), undefined)
})

test('nothing is current while the look at the register is due, though the file needs none', async (t) => {
  const { store, advance } = await openAlone(t)
  advance(900)
  const { version = {} } = await store.update(NAME, storing('one'))
  advance(100)
  t.true(store.isCurrent(NAME, version))
  advance(1)
  t.false(store.isCurrent(NAME, version))
  t.is(await store.read(NAME, version), 'unchanged')
  t.true(store.isCurrent(NAME, version))
})

test('one who was struck off the register does not take what it knows for current', async (t) => {
  const { store, directory, advance } = await openAlone(t)
  const other = new FileStore({ directory }, { ...nodeEnvironment, fs: { ...nodeFileSystem } })
  advance(900)
  const { version = {} } = await store.update(NAME, storing('one'))
  deleteDirectory(`${directory}/sid/tenants`)
  await other.update(NAME, appending(', two'))
  advance(101)
  t.false(store.isCurrent(NAME, version))
  t.is(await textOf(store, NAME), 'one, two')
  t.false(store.isCurrent(NAME, version))
  await other.close()
})

test('with others nothing is ever current, and a change is given no version', async (t) => {
  const { store } = openStore(t)
  const { version = {} } = await store.update(NAME, storing('one'))
  t.false(store.isCurrent(NAME, version))
  t.false(store.isCurrent(NAME, await versionOf(store)))
  t.is(await givenVersion(store), undefined)
  await store.close()
})

test('what was current is not any more when another process has come', async (t) => {
  const { store, directory } = await openAlone(t)
  const { version = {} } = await store.update(NAME, storing('one'))
  t.true(store.isCurrent(NAME, version))
  const other = new FileStore({ directory }, { ...nodeEnvironment, fs: { ...nodeFileSystem } })
  await other.ready()
  t.false(store.isCurrent(NAME, version))
  await other.update(NAME, appending(', two'))
  t.false(store.isCurrent(NAME, version))
  t.is(await textOf(store, NAME), 'one, two')
  await other.close()
})

test('nothing is current before the store has begun, nor from the call of close() on', async (t) => {
  const { store, directory } = await openAlone(t)
  const { version = {} } = await store.update(NAME, storing('one'))
  t.false(new FileStore({ directory }).isCurrent(NAME, version))
  const closed = store.close()
  t.false(store.isCurrent(NAME, version))
  await closed
  t.false(store.isCurrent(NAME, version))
})

test('of two changes at once the second is given the version that the first has kept, and none of what it wrote', async (t) => {
  const { store } = await openAlone(t)
  const { version } = await store.update(NAME, storing('one'))
  const seen: unknown[] = []
  const noting =
    (change = appending('!'), isKept = false) =>
    (...given: Parameters<typeof change>) => {
      seen.push(given[1])
      return isKept ? ({ kind: 'keep' } as const) : change(...given)
    }
  // The first is a commit of its own; those that come while it is under way are one.
  const first = store.update(NAME, noting())
  await Promise.all([
    store.update(NAME, noting(undefined, true)),
    store.update(NAME, noting()),
    store.update(NAME, noting()),
  ])
  const { version: second } = await first
  t.deepEqual(seen.length, 4)
  t.is(seen[0], version)
  t.not(second, undefined)
  t.deepEqual([seen[1] === second, seen[2] === second, seen[3]], [true, true, undefined])
  t.is(await textOf(store, NAME), 'one!!!')
})
