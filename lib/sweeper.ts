import { SessionError } from './errors.ts'
import type { Store, SweepReport } from './store.ts'

/** A timer that keeps no process alive. Returns what ends it. */
export type Schedule = (run: () => void, delay: number) => () => void

/** What a sweeper works with. Durations in milliseconds. */
export interface SweeperOptions {
  readonly store: Store
  /** Between two sweeps, give or take a tenth; `false`: only when asked. */
  readonly interval: number | false
  /** A session that cannot be read is removed once it is this old. */
  readonly damagedAfter: number
  /** The wall clock, milliseconds since the epoch. */
  readonly now: () => number
  /** A clock that never jumps, in milliseconds. */
  readonly monotonic: () => number
  readonly schedule: Schedule
  /** A number from 0 up to 1. */
  readonly jitter: () => number
  /** Told what a sweep in the background failed with. */
  readonly onError: (error: SessionError) => void
}

/** How long a session is over before it is removed: whoever loaded it in time has long answered. */
const GRACE = 60_000

/** By how much the wall clock may part from the monotonic one between two sweeps. */
const LARGEST_DRIFT = 300_000

/** A longer delay Node would take for none, in milliseconds. */
const LONGEST_DELAY = 2 ** 31 - 1

const NOTHING_DONE: SweepReport = {
  scanned: 0,
  removed: 0,
  damaged: 0,
  litter: 0,
  failed: 0,
  skipped: false,
}

/** Removes expired sessions, now and then or when asked. One sweep at a time. */
export class Sweeper {
  readonly #options: SweeperOptions
  readonly #abort = new AbortController()
  #cancel: (() => void) | undefined
  #running: Promise<SweepReport> | undefined
  #drift: number

  constructor(options: SweeperOptions) {
    this.#options = options
    this.#drift = options.now() - options.monotonic()
  }

  /** Begins to sweep in the background. */
  start(): void {
    const { interval, schedule, jitter } = this.#options
    if (interval === false || this.#abort.signal.aborted) return
    const delay = Math.min(interval * (0.9 + jitter() / 5), LONGEST_DELAY)
    this.#cancel = schedule(() => void this.#sweepInBackground(), delay)
  }

  /**
   * Removes what is over. A caller who comes while a sweep is under way gets that one's report.
   *
   * Skipped when the wall clock has jumped since the last time: it may be wrong, and what is
   * removed does not come back.
   */
  sweep(): Promise<SweepReport> {
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined
    })
    return this.#running
  }

  /** Ends the background, and a sweep that is under way. */
  async stop(): Promise<void> {
    this.#abort.abort()
    this.#cancel?.()
    await this.#running?.catch(() => undefined)
  }

  async #run(): Promise<SweepReport> {
    const { store, now, damagedAfter } = this.#options
    if (this.#hasJumped()) return { ...NOTHING_DONE, skipped: true }
    const { signal } = this.#abort
    const report = await store.sweep?.({ now: now(), grace: GRACE, damagedAfter, signal })
    return report ?? NOTHING_DONE
  }

  #hasJumped(): boolean {
    const drift = this.#options.now() - this.#options.monotonic()
    const moved = Math.abs(drift - this.#drift)
    this.#drift = drift
    return moved > LARGEST_DRIFT
  }

  async #sweepInBackground(): Promise<void> {
    try {
      await this.sweep()
    } catch (cause) {
      this.#options.onError(
        new SessionError('ERR_SESSION_STORE', 'Expired sessions could not be removed', { cause }),
      )
    }
    this.start()
  }
}
