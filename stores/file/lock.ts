import { join } from 'node:path'
import { lock as lockFile } from 'proper-lockfile'
import { SessionError } from '../../lib/errors.ts'
import { retryDescriptors } from './descriptors.ts'
import { type Environment, waitUpTo } from './environment.ts'
import { CREATE_FLAGS, codeOf } from './file-system.ts'
import { LockWatch } from './lock-watch.ts'
import { adaptFileSystem } from './lockfile.ts'
import { processIdOf, type Verdict } from './owner.ts'
import { createTenure, releaseLock, type Tenure } from './tenure.ts'

/** What is to be locked, and for how long to try. */
export interface LockRequest {
  readonly file: string
  /** The lock directory, on the same file system as `file`. */
  readonly lock: string
  /** When to give up waiting, by the monotonic clock. One try is always made. */
  deadline(): number
  /** Makes the directory that the lock is in. */
  prepare(): Promise<void>
}

/**
 * Longer than any process lives, so that proper-lockfile breaks no lock: its take-over lets two in
 * (moxystudio/node-proper-lockfile#121).
 */
const NEVER_STALE_MILLISECONDS = 4e9
/**
 * The far future is never stale, whatever the wall clock says, and spares a look: a lock is judged
 * by its token and not by its time. It is one constant, since two answers of different precision at
 * once make proper-lockfile throw in a callback.
 */
const AGELESS = new Date(8.64e15 - 1)
const LONGEST_POLL_MILLISECONDS = 40
const MISSING_TRIES = 5
/** How many locks to break when the time is over: each was worth a try at once. */
const LATE_TRIES = 3

let tokens = 0

/** The fenced locks of one store. */
export class SessionLocks {
  readonly #environment: Environment
  readonly #watch: LockWatch
  readonly #adapter: object
  /** Two copies of this module in one thread count their tokens alike. */
  readonly #nonce: string
  readonly #held = new Set<string>()

  constructor(environment: Environment) {
    this.#environment = environment
    this.#watch = new LockWatch(environment, (token) => this.#judge(token))
    this.#adapter = adaptFileSystem(environment.fs, AGELESS)
    this.#nonce = `${digits(environment.random())}${digits(environment.random())}`
  }

  /**
   * A token of ours that could not be removed, as on a disk error, must not pass for one of a live
   * process.
   */
  async #judge(token: string): Promise<Verdict> {
    if (token.includes(`-${this.#nonce}-`)) return this.#held.has(token) ? 'alive' : 'dead'
    return this.#environment.owner.judge(token)
  }

  /**
   * Resolves when the lock is ours. Rejects with `ERR_SESSION_LOCK_TIMEOUT`, or at once with what
   * the system says.
   */
  async acquire(request: LockRequest): Promise<Tenure> {
    let missing = 0
    let late = 0
    for (let polls = 1; ; polls++) {
      const tenure = await this.#try(request)
      if (typeof tenure === 'object') {
        this.#watch.forget(request.lock)
        return tenure
      }
      if (tenure === 'missing' && ++missing <= MISSING_TRIES) {
        await request.prepare()
        continue
      }
      if (this.#environment.monotonic() >= request.deadline()) late++
      // Whoever has no time to wait must look as well, or would never break a dead lock.
      const broken = (polls > 1 || late > 0) && (await this.#watch.breakStale(request.lock))
      if (late > (broken ? LATE_TRIES : 0)) throw await this.#timeout(request)
      if (broken) continue
      await waitUpTo(this.#environment, Math.min(2 * polls, LONGEST_POLL_MILLISECONDS))
    }
  }

  async #try(request: LockRequest): Promise<Tenure | 'busy' | 'missing'> {
    const { fs, owner } = this.#environment
    const name = `${await owner.identify()}-${this.#nonce}-${tokens++}`
    let unlock: () => Promise<void>
    try {
      unlock = await lockFile(request.file, {
        lockfilePath: request.lock,
        fs: this.#adapter,
        realpath: false,
        retries: 0,
        stale: NEVER_STALE_MILLISECONDS,
        onCompromised: () => {},
      })
    } catch (error) {
      if (['ELOCKED', 'EEXIST', 'ENOTEMPTY'].includes(codeOf(error) ?? '')) return 'busy'
      if (codeOf(error) === 'ENOENT') return 'missing'
      throw error
    }
    this.#held.add(name)
    const release = (): Promise<void> => {
      this.#held.delete(name)
      return releaseLock(fs, request.lock, unlock)
    }
    const token = join(request.lock, name)
    let descriptor: number
    try {
      descriptor = await retryDescriptors(this.#environment, () =>
        fs.open(token, CREATE_FLAGS, 0o600),
      )
    } catch (error) {
      await release()
      if (codeOf(error) === 'ENOENT') return 'busy'
      throw error
    }
    const tenure = createTenure(fs, token, descriptor, release)
    try {
      const names = await retryDescriptors(this.#environment, () => fs.readdir(request.lock))
      // Of two tokens in one directory the one made later sees the other here: mkdir alone does not
      // tell, see NEVER_STALE.
      if (names.length === 1 && names[0] === name) return tenure
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') {
        await tenure.abandon()
        throw error
      }
    }
    await tenure.abandon()
    return 'busy'
  }

  async #timeout(request: LockRequest): Promise<SessionError> {
    const names = await this.#environment.fs.readdir(request.lock).catch(() => [])
    const id = names.map(processIdOf).find((each) => each !== undefined)
    const holder = id === undefined ? 'Another commit' : `Another commit (process ${id})`
    return new SessionError(
      'ERR_SESSION_LOCK_TIMEOUT',
      `${holder} held the lock of a session for too long. Nothing was written: try again.`,
    )
  }
}

function digits(random: number): string {
  return Math.floor(random * 2 ** 32).toString(36)
}
