import type { Entry } from '../../lib/store.ts'
import type { Reading } from './reader.ts'
import type { FileVersion } from './version.ts'

/** What is to be written: an entry, or its removal. */
export interface Decision {
  readonly entry: Entry | undefined
  readonly durable: boolean
}

/**
 * Runs on the newest entry, perhaps several times: only the last answer counts. `undefined`:
 * nothing is to be written.
 */
export type Decide = (newest: Entry | 'damaged' | undefined) => Decision | undefined

/**
 * Commits what `decide` makes of a session, atomically across every process, and resolves to the
 * version of what was written, if known. `deadline` is when to stop waiting for others, by the
 * monotonic clock.
 */
export type Commit = (
  name: string,
  decide: Decide,
  deadline: () => number,
) => Promise<FileVersion | undefined>

/**
 * The newest entry as a change gets it: one older than what was seen here before is damage, since
 * nothing of ours brings it back.
 */
export function entryOf(reading: Reading, mark: number): Entry | 'damaged' | undefined {
  if (reading.state === 'missing') return undefined
  if (reading.state === 'damaged' || reading.frame.sequence < mark) return 'damaged'
  const { bytes, expires, subject, tombstone } = reading.frame
  if (tombstone) return undefined
  return subject === undefined ? { bytes, expires } : { bytes, expires, subject }
}
