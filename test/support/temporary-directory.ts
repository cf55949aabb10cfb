import { mkdtempSync, rmSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * A directory of the test's own, removed when it ends: again from the start, and not at once, where
 * a store that was left open has just put another file there.
 */
export function makeTemporaryDirectory(t: { teardown(work: () => unknown): void }): string {
  const directory = mkdtempSync(join(tmpdir(), 'sessions-'))
  t.teardown(() => rm(directory, { recursive: true, force: true, maxRetries: 5 }))
  return directory
}

const TRIES = 20

/**
 * Deletes a directory, if there is one, under a store that uses it: again where that has just put
 * another file there.
 */
export function deleteDirectory(path: string): void {
  for (let tries = 1; ; tries++) {
    try {
      rmSync(path, { recursive: true, force: true })
      return
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOTEMPTY' || tries === TRIES) throw error
    }
  }
}
