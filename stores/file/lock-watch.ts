import type { Environment } from './environment.ts'
import { codeOf, type FileSystem, ignoring } from './file-system.ts'
import type { Verdict } from './owner.ts'

/** How long a lock whose holder is unknown must stand unchanged before it is broken. */
export const STALE_MILLISECONDS = 10_000
/**
 * The same for a lock without a token: its maker had a moment's work to do before it could commit
 * anything. Less than anybody waits for a lock, so that a process killed there costs nobody an
 * error.
 */
export const STALE_EMPTY_MILLISECONDS = 2000
/** The same for a holder that is provably alive: to break its lock is safe, but wasteful. */
export const STALE_ALIVE_MILLISECONDS = 30_000

const WATCHED = 1000

interface Sight {
  readonly state: string
  /** When this state was first seen, by the monotonic clock. */
  readonly since: number
}

/**
 * The locks of others that this store waits for. It remembers them from one wait to the next: a
 * lock that outlives every waiter's patience would else never be seen long enough to be broken.
 */
export class LockWatch {
  readonly #environment: Environment
  readonly #judge: (token: string) => Promise<Verdict>
  readonly #sights = new Map<string, Sight>()

  /** `judge` tells what has become of a token's maker. */
  constructor(environment: Environment, judge: (token: string) => Promise<Verdict>) {
    this.#environment = environment
    this.#judge = judge
  }

  /** Breaks a lock that nobody holds any more. Resolves to whether it is worth trying at once. */
  async breakStale(lock: string): Promise<boolean> {
    const { fs, monotonic } = this.#environment
    let state: string
    let names: string[]
    try {
      const { ino, mtimeNs } = await fs.lstat(lock)
      names = (await fs.readdir(lock)).sort()
      state = [ino, mtimeNs, ...names].join('/')
    } catch (error) {
      if (['ENOENT', 'ENOTDIR', 'EMFILE', 'ENFILE'].includes(codeOf(error) ?? '')) return false
      throw error
    }
    const verdicts = await Promise.all(names.map((name) => this.#judge(name)))
    const dead = names.filter((_name, index) => verdicts[index] === 'dead')
    const stale = this.#isStale(lock, state, verdicts, monotonic())
    if (dead.length === 0 && !stale) return false
    await breakLock(fs, lock, stale ? names : dead)
    return true
  }

  /** The lock is held by us now. */
  forget(lock: string): void {
    this.#sights.delete(lock)
  }

  #isStale(lock: string, state: string, verdicts: readonly Verdict[], now: number): boolean {
    const sight = this.#sights.get(lock)
    if (sight?.state !== state) {
      this.#sights.delete(lock)
      this.#sights.set(lock, { state, since: now })
      const [oldest] = this.#sights.keys()
      if (this.#sights.size > WATCHED && oldest !== undefined) this.#sights.delete(oldest)
      return false
    }
    const patience = patienceWith(verdicts)
    return now - sight.since >= patience
  }
}

function patienceWith(verdicts: readonly Verdict[]): number {
  if (verdicts.length === 0) return STALE_EMPTY_MILLISECONDS
  return verdicts.includes('alive') ? STALE_ALIVE_MILLISECONDS : STALE_MILLISECONDS
}

/**
 * Breaks a lock: first the tokens, which fences their makers, then the directory if that left it
 * empty.
 */
export async function breakLock(
  fs: FileSystem,
  lock: string,
  tokens: readonly string[],
): Promise<void> {
  for (const token of tokens) await ignoring(['ENOENT'], fs.unlink(`${lock}/${token}`))
  await ignoring(['ENOENT', 'ENOTEMPTY', 'EEXIST'], fs.rmdir(lock))
}
