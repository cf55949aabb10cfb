import { readFile } from 'node:fs/promises'
import type { ChangeFunction, Updated } from '../../lib/store.ts'
import { DataDirectory } from '../../stores/file/data-directory.ts'
import { type Environment, nodeEnvironment } from '../../stores/file/environment.ts'
import { HighWater } from '../../stores/file/high-water.ts'
import { SessionLocks } from '../../stores/file/lock.ts'
import { createOverwriteCommit } from '../../stores/file/overwrite.ts'
import { CommitQueue } from '../../stores/file/queue.ts'
import { createReplaceCommit } from '../../stores/file/replace.ts'
import { SoleFiles } from '../../stores/file/sole-files.ts'
import { fileIn } from './file-store.ts'
import { makeTemporaryDirectory } from './temporary-directory.ts'

/** The part of a file store that a sole tenant commits with, without the question who is one. */
export interface SoleStore {
  readonly files: SoleFiles
  readonly directory: string
  update(name: string, change: ChangeFunction, durable?: boolean): Promise<Updated>
  /** The text that is found, or what is found in its place. */
  find(name: string): Promise<string>
  fileOf(name: string): string
  contentOf(name: string): Promise<Buffer>
}

/** A sole tenant in a directory of the test's own, or in one that was there. */
export function openSoleStore(
  t: { teardown(work: () => unknown): void },
  overrides: Partial<Environment> = {},
  directory: string = makeTemporaryDirectory(t),
): SoleStore {
  // Its clock stands still: after a second a file is looked at again.
  const environment = { ...nodeEnvironment, monotonic: () => 0, ...overrides }
  const context = {
    environment,
    directory: new DataDirectory(environment.fs, directory, 'sid'),
    highWater: new HighWater(),
    keptDescriptors: 1024,
  }
  const files = new SoleFiles(context)
  const replace = createReplaceCommit({ ...context, locks: new SessionLocks(environment) })
  const commit = createOverwriteCommit({ ...context, files, replace })
  const queue = new CommitQueue(commit, environment.monotonic)
  t.teardown(() => files.end())
  return {
    files,
    directory,
    update: (name, change, durable = false) => queue.update(name, change, { durable, wait: 1000 }),
    async find(name) {
      const found = await files.find(name)
      return typeof found === 'string' ? found : found.kept.text
    },
    fileOf: (name) => fileIn(directory, name),
    contentOf: (name) => readFile(fileIn(directory, name)),
  }
}
