import { type Decide, entryOf, syncName } from './commit.ts'
import type { DataDirectory } from './data-directory.ts'
import type { Environment } from './environment.ts'
import { storeError } from './failure.ts'
import { codeOf, type FileSystem } from './file-system.ts'
import type { HighWater } from './high-water.ts'
import { readFrame } from './reader.ts'

/** What a removal works with. */
export interface RemovalContext {
  readonly environment: Environment
  readonly directory: DataDirectory
  readonly highWater: HighWater
}

/**
 * Commits a removal where there is no room on the disk, not even for a lock: it is all that can be
 * done then, it makes room, and a sign-out must not fail. Throws `failure` for anything else.
 */
export async function removeWithoutLock(
  { environment, directory, highWater }: RemovalContext,
  name: string,
  decide: Decide,
  failure: Error,
): Promise<undefined> {
  const file = directory.fileOf(name)
  const reading = await readFrame(environment, file).catch((error: unknown) => {
    throw storeError('read a session', error)
  })
  const decision = decide(entryOf(reading, highWater.get(name)))
  if (!decision) return
  if (decision.entry) throw failure
  await unlinkSession(environment.fs, file)
  if (decision.durable) await syncName(directory, highWater, name)
}

/**
 * Removes a session's file, if there is one. Rejects with `committed: 'unknown'` when it may be gone
 * all the same.
 */
export async function unlinkSession(fs: FileSystem, file: string): Promise<void> {
  try {
    await fs.unlink(file)
  } catch (error) {
    // What is a directory was no session.
    if (['ENOENT', 'EISDIR'].includes(codeOf(error) ?? '')) return
    const code = await fs.lstat(file).then(() => 'there', codeOf)
    if (code === 'ENOENT') return
    const outcome = code === 'there' ? {} : ({ committed: 'unknown' } as const)
    throw storeError('remove a session', error, outcome)
  }
}
