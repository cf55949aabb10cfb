import type { Entry, Version } from '../../lib/store.ts'
import type { DataDirectory } from './data-directory.ts'
import { storeError } from './failure.ts'
import { codeOf } from './file-system.ts'
import type { Frame } from './frame.ts'
import type { HighWater } from './high-water.ts'
import type { Reading } from './reader.ts'

/** What is to be written: an entry, or its removal. */
export interface Decision {
  readonly entry: Entry | undefined
  readonly durable: boolean
}

/**
 * Runs on the newest entry, perhaps several times: only the last answer counts. `version` is that of
 * the entry, where it is known. `undefined`: nothing is to be written.
 */
export type Decide = (
  newest: Entry | 'damaged' | undefined,
  version?: Version,
) => Decision | undefined

/**
 * Commits what `decide` makes of a session, atomically across every process, and resolves to the
 * version of what was written, if known. `deadline` is when to stop waiting for others, by the
 * monotonic clock.
 */
export type Commit = (
  name: string,
  decide: Decide,
  deadline: () => number,
) => Promise<Version | undefined>

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

/** The frame that follows the one of `sequence`: an entry, or the removal of what is there. */
export function frameAfter(sequence: number, { entry, durable }: Decision): Frame {
  const next = sequence + 1
  if (!Number.isSafeInteger(next)) throw new Error('The sequence of the session is used up')
  if (!entry) {
    return {
      sequence: next,
      expires: 0,
      tombstone: true,
      durable,
      subject: undefined,
      bytes: Buffer.alloc(0),
    }
  }
  const { bytes, expires, subject } = entry
  return { sequence: next, expires, tombstone: false, durable, subject, bytes }
}

/**
 * Resolves when what was done to a session's name survives a power cut. One whose directory is gone
 * has nothing left to survive.
 */
export async function syncName(
  directory: DataDirectory,
  highWater: HighWater,
  name: string,
): Promise<void> {
  try {
    await directory.sync(name)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return
    highWater.forget(name)
    throw storeError('bring a session to the disk', error, { committed: 'unknown' })
  }
}
