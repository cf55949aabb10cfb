import { utimesSync } from 'node:fs'
import type { SweepOptions, SweepReport } from '../../lib/store.ts'

/** An hour, in milliseconds. */
export const HOUR = 3_600_000

/** What a sweep reports that had nothing to do. */
export const NOTHING: SweepReport = {
  scanned: 0,
  removed: 0,
  damaged: 0,
  litter: 0,
  failed: 0,
  skipped: false,
}

/** A sweep at the time 1000: it removes what expired before 900, and damage that is an hour old. */
export const NOW: SweepOptions = { now: 1000, grace: 100, damagedAfter: HOUR }

/** Sets back the time of a file. */
export function age(path: string, milliseconds: number): void {
  const time = new Date(Date.now() - milliseconds)
  utimesSync(path, time, time)
}
