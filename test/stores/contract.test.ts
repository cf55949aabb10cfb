import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { type StoreContractCase, storeContract } from '../../lib/testing.ts'
import { FileStore } from '../../stores/file.ts'
import { MemoryStore } from '../../stores/memory.ts'
import { MemoryTable } from '../support/memory-table.ts'
import { TableStore } from '../support/table-store.ts'

const directories = new WeakMap<FileStore, string>()

function openDirectory(directory: string): FileStore {
  const store = new FileStore({ directory })
  directories.set(store, directory)
  return store
}

function pathIn(store: FileStore, ...parts: readonly string[]): string {
  return join(directories.get(store) ?? '', ...parts)
}

const tables = new WeakMap<TableStore, MemoryTable>()

function openTable(table = new MemoryTable()): TableStore {
  const store = new TableStore(table)
  tables.set(store, table)
  return store
}

const suites: Record<string, readonly StoreContractCase[]> = {
  FileStore: storeContract(
    async () => openDirectory(await mkdtemp(join(tmpdir(), 'store-contract-'))),
    {
      reopen: (store) => openDirectory(pathIn(store)),
      damage: (store, name) =>
        writeFile(pathIn(store, 'sid', name.slice(0, 2), `${name}.session`), 'not a session'),
      disable: async (store) => {
        await rename(pathIn(store, 'sid'), pathIn(store, 'moved'))
        await writeFile(pathIn(store, 'sid'), 'in the way')
      },
      cleanup: (store) => rm(pathIn(store), { recursive: true }),
    },
  ),
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
