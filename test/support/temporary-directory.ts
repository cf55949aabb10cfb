import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * A directory of the test's own, removed when it ends: again, where a store that was left open has
 * just put another file there.
 */
export function makeTemporaryDirectory(t: { teardown(work: () => void): void }): string {
  const directory = mkdtempSync(join(tmpdir(), 'sessions-'))
  t.teardown(() => rmSync(directory, { recursive: true, force: true, maxRetries: 5 }))
  return directory
}
