import type { Store } from '../../lib/store.ts'
import { nodeEnvironment } from '../../stores/file/environment.ts'
import { FileStore } from '../../stores/file.ts'
import { MemoryStore } from '../../stores/memory.ts'
import { makeTemporaryDirectory } from './temporary-directory.ts'

/**
 * The store of a website that asks for none. `SESSION_STORE` says which: `memory` (default), `sole`,
 * a file store that has its directory to itself, or `shared`, one with a neighbour.
 */
export async function openDefaultStore(t: { teardown(work: () => unknown): void }): Promise<Store> {
  const kind = process.env.SESSION_STORE ?? 'memory'
  if (kind === 'memory') return new MemoryStore()
  const directory = makeTemporaryDirectory(t)
  if (kind === 'shared') await openNeighbour(t, directory)
  else if (kind !== 'sole') {
    throw new Error(`SESSION_STORE is '${kind}', and not memory, sole or shared`)
  }
  return new FileStore({ directory })
}

/**
 * Another tenant of a directory, as another process would be: its files are looked at on each visit
 * then, and not once a second.
 */
export async function openNeighbour(
  t: { teardown(work: () => unknown): void },
  directory: string,
): Promise<void> {
  // An environment of its own is what tells tenants of one process apart.
  const neighbour = new FileStore({ directory }, { ...nodeEnvironment })
  await neighbour.ready()
  t.teardown(() => neighbour.close())
}
