import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { type StoreContractCase, storeContract } from '../../lib/testing.ts'
import { type Environment, nodeEnvironment } from '../../stores/file/environment.ts'
import { FileStore } from '../../stores/file.ts'
import { MemoryStore } from '../../stores/memory.ts'
import { MemoryTable } from '../support/memory-table.ts'
import { TableStore } from '../support/table-store.ts'

/**
 * A file store by itself: one tenant, however many stores there are. Its clock runs a thousand times
 * as fast, so that what the suite does to files by hand is seen at once.
 */
const sole: Environment = { ...nodeEnvironment, monotonic: () => performance.now() * 1000 }

interface Place {
  readonly directory: string
  /** Each another tenant. */
  readonly isShared: boolean
}

const places = new WeakMap<FileStore, Place>()

function openPlace(place: Place): FileStore {
  const { directory, isShared } = place
  const store = isShared
    ? new FileStore({ directory }, { ...nodeEnvironment, sockets: undefined })
    : new FileStore({ directory, lockTimeout: 3_600_000 }, sole)
  places.set(store, place)
  return store
}

function placeOf(store: FileStore): Place {
  return places.get(store) ?? { directory: '', isShared: false }
}

function pathIn(store: FileStore, ...parts: readonly string[]): string {
  return join(placeOf(store).directory, ...parts)
}

function fileStoreContract(isShared: boolean): readonly StoreContractCase[] {
  return storeContract(
    async () =>
      openPlace({ directory: await mkdtemp(join(tmpdir(), 'store-contract-')), isShared }),
    {
      reopen: (store) => openPlace(placeOf(store)),
      damage: (store, name) =>
        writeFile(pathIn(store, 'sid', name.slice(0, 2), `${name}.session`), 'not a session'),
      disable: async (store) => {
        await rename(pathIn(store, 'sid'), pathIn(store, 'moved'))
        await writeFile(pathIn(store, 'sid'), 'in the way')
      },
      cleanup: (store) => rm(pathIn(store), { recursive: true }),
    },
  )
}

const tables = new WeakMap<TableStore, MemoryTable>()

function openTable(table = new MemoryTable()): TableStore {
  const store = new TableStore(table)
  tables.set(store, table)
  return store
}

const suites: Record<string, readonly StoreContractCase[]> = {
  'FileStore, sole': fileStoreContract(false),
  'FileStore, shared': fileStoreContract(true),
  MemoryStore: storeContract(() => new MemoryStore()),
  'TableStore of docs/stores.md': storeContract(() => openTable(), {
    reopen: (store) => openTable(tables.get(store)),
    damage: (store, name) => tables.get(store)?.damage(name),
    disable: (store) => tables.get(store)?.shutDown(),
  }),
}

for (const [store, cases] of Object.entries(suites)) {
  for (const { title, skip, run } of cases) {
    const declare = skip ? test.skip : test.serial
    const why = skip ? ` (skipped: ${skip})` : ''
    declare(`${store}: ${title}${why}`, (t) => t.notThrowsAsync(run))
  }
}
