import { utimesSync } from 'node:fs'
import { join } from 'node:path'
import type { FileStore } from '../../stores/file.ts'
import { findLitter } from './torture.ts'

/** What is in a store's directory beside sessions, shards and who uses it. */
export function findLeftOvers(directory: string): string[] {
  return findLitter(join(directory, 'sid')).filter((path) => !path.startsWith('tenants'))
}

/** Sweeps, as if whatever has no owner stood for an hour. Resolves to what is left all the same. */
export async function sweepLeftOvers(store: FileStore, directory: string): Promise<string[]> {
  const hourAgo = new Date(Date.now() - 3_700_000)
  for (const path of findLeftOvers(directory)) {
    utimesSync(join(directory, 'sid', path), hourAgo, hourAgo)
  }
  await store.sweep({ now: 0, grace: 0, damagedAfter: 0 })
  return findLeftOvers(directory)
}
