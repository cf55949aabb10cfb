import { setImmediate } from 'node:timers/promises'
import { SessionError } from '../../lib/errors.ts'
import type { Change, ChangeFunction, SweepOptions, SweepReport } from '../../lib/store.ts'
import type { DataDirectory } from './data-directory.ts'
import type { Environment } from './environment.ts'
import { codeOf } from './file-system.ts'
import { breakLock } from './lock-watch.ts'
import { readBareFrame, USUAL_BYTES } from './reader.ts'
import { takeSweepLock } from './sweep-lock.ts'
import { type Found, walkDirectory } from './walk.ts'

/** Entries looked at at the same time. */
const CONCURRENCY = 4
/** How long to work before the event loop gets a turn. */
const SLICE_MILLISECONDS = 4
/** How old a lock must be whose holder cannot be told. */
const LOCK_LITTER_MILLISECONDS = 3_600_000
/** How old a lock must be that holds no token: its maker ended before it could commit anything. */
const EMPTY_LOCK_MILLISECONDS = 60_000

/** What a sweep works with. */
export interface SweepContext {
  readonly environment: Environment
  readonly directory: DataDirectory
  /**
   * The store's `update()`, but one that does not wait for a lock: rejects with
   * `ERR_SESSION_LOCK_TIMEOUT` when it is held.
   */
  update(name: string, change: ChangeFunction): Promise<unknown>
}

type Counts = { -readonly [Key in Exclude<keyof SweepReport, 'skipped'>]: number }

/**
 * Removes expired entries, long damaged ones and what ended processes have left, as the store's
 * `sweep()`.
 */
export async function sweepDirectory(
  context: SweepContext,
  options: SweepOptions,
): Promise<SweepReport> {
  const { environment, directory } = context
  const counts: Counts = { scanned: 0, removed: 0, damaged: 0, litter: 0, failed: 0 }
  const lock = await takeSweepLock(environment, directory.path)
  if (lock === 'missing') return { ...counts, skipped: false }
  if (lock === 'busy') return { ...counts, skipped: true }
  try {
    const sweep = new Sweep(context, options, lock.fileTime, counts)
    await sweep.run()
  } finally {
    await lock.release()
  }
  return { ...counts, skipped: false }
}

class Sweep {
  readonly #context: SweepContext
  readonly #options: SweepOptions
  readonly #counts: Counts
  /** The time by the clock that stamps files, in milliseconds; undefined when it cannot be had. */
  readonly #fileTime: number | undefined
  #sliceEnd = 0

  constructor(
    context: SweepContext,
    options: SweepOptions,
    fileTime: number | undefined,
    counts: Counts,
  ) {
    this.#context = context
    this.#options = options
    this.#fileTime = fileTime
    this.#counts = counts
  }

  async run(): Promise<void> {
    const { environment, directory } = this.#context
    const found = walkDirectory(environment.fs, directory)
    const work = async (): Promise<void> => {
      const buffer = Buffer.allocUnsafeSlow(USUAL_BYTES)
      // Not for-await: the end of one worker would end the walk for all.
      for (;;) {
        if (this.#options.signal?.aborted) return
        const { value, done } = await found.next()
        if (done) return
        await this.#look(value, buffer)
        await this.#yieldAfterSlice()
      }
    }
    try {
      // Not all(): with one worker's failure the sweep would end before the removals of the others.
      const ends = await Promise.allSettled(Array.from({ length: CONCURRENCY }, work))
      for (const end of ends) if (end.status === 'rejected') throw end.reason
    } finally {
      await found.return(undefined)
    }
  }

  async #look({ kind, name }: Found, buffer: Buffer): Promise<void> {
    try {
      await (kind === 'lock' ? this.#lookAtLock(name) : this.#lookAtEntry(name, buffer))
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return
      if (error instanceof SessionError && error.code === 'ERR_SESSION_CLOSED') return
      this.#counts.failed++
    }
  }

  async #lookAtEntry(name: string, buffer: Buffer): Promise<void> {
    const { environment, directory } = this.#context
    const file = directory.fileOf(name)
    const reading = await readBareFrame(environment, file, buffer)
    if (reading.state === 'missing') return
    if (reading.state === 'found' && reading.frame.tombstone) {
      await this.#context.update(name, (current) => ({ kind: current ? 'keep' : 'remove' }))
      this.#counts.litter++
      return
    }
    this.#counts.scanned++
    if (reading.state === 'damaged') return this.#lookAtDamaged(name, file)
    if (!this.#hasExpired(reading.frame.expires)) return
    await this.#remove(
      name,
      (current) => current === 'damaged' || this.#hasExpired(current.expires),
    )
  }

  #hasExpired(expires: number): boolean {
    return expires + this.#options.grace <= this.#options.now
  }

  async #lookAtDamaged(name: string, file: string): Promise<void> {
    const stats = await this.#context.environment.fs.lstat(file)
    const old = this.#isOlder(Number(stats.mtimeMs), this.#options.damagedAfter)
    // A directory may be somebody's work. It is the one thing that is never taken away.
    if (old && !stats.isDirectory()) await this.#remove(name, (current) => current === 'damaged')
    else this.#counts.damaged++
  }

  async #remove(
    name: string,
    isDue: (current: Exclude<Parameters<ChangeFunction>[0], undefined>) => boolean,
  ): Promise<void> {
    let removed = false
    await this.#context.update(name, (current): Change => {
      removed = current !== undefined && isDue(current)
      return { kind: removed ? 'remove' : 'keep' }
    })
    if (removed) this.#counts.removed++
  }

  async #lookAtLock(name: string): Promise<void> {
    const { fs, owner } = this.#context.environment
    const { lock } = this.#context.directory.pathsOf(name)
    const stats = await fs.lstat(lock)
    const tokens = await fs.readdir(lock)
    const verdicts = await Promise.all(tokens.map((token) => owner.judge(token)))
    const dead = tokens.length > 0 && verdicts.every((verdict) => verdict === 'dead')
    const patience = tokens.length === 0 ? EMPTY_LOCK_MILLISECONDS : LOCK_LITTER_MILLISECONDS
    const forgotten = !verdicts.includes('alive') && this.#isOlder(Number(stats.mtimeMs), patience)
    if (!dead && !forgotten) return
    await breakLock(fs, lock, tokens)
    this.#counts.litter++
  }

  #isOlder(fileTime: number, milliseconds: number): boolean {
    return this.#fileTime !== undefined && this.#fileTime - fileTime >= milliseconds
  }

  async #yieldAfterSlice(): Promise<void> {
    const { monotonic } = this.#context.environment
    if (monotonic() < this.#sliceEnd) return
    await setImmediate()
    this.#sliceEnd = monotonic() + SLICE_MILLISECONDS
  }
}
