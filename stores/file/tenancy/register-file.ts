import { join } from 'node:path'
import { SessionError } from '../../../lib/errors.ts'
import { retryDescriptors } from '../descriptors.ts'
import { preparePrivateDirectory } from '../directory.ts'
import type { Environment } from '../environment.ts'
import { codeOf, READ_FLAGS, readUpTo, writeAll } from '../file-system.ts'
import type { SessionLocks } from '../lock.ts'
import type { Tenure } from '../tenure.ts'
import {
  formatRegister,
  LARGEST_REGISTER,
  parseRegister,
  type Register,
  type RegisterContent,
} from './register.ts'

/** What a register file works with. */
export interface RegisterFileOptions {
  readonly environment: Environment
  /** The directory of the tenants, an absolute path. */
  readonly directory: string
  /** Makes anew what it is in, when somebody deleted that. Default: nothing. */
  readonly restore?: (() => Promise<void>) | undefined
  readonly locks: SessionLocks
  /** Finds out who is there when the register does not tell. */
  readonly rebuild: () => Promise<Register>
}

/** How often a change that lost its lock begins again, even when its time is over. */
const MOST_TRIES = 5

/** With these open(2) answers for a link, or a thing that no one can read from. */
const NOT_A_FILE = ['ELOOP', 'EMLINK', 'ENXIO', 'ENODEV', 'EOPNOTSUPP']

/**
 * The register on the disk. It is only ever replaced, under its fenced lock: between what a change
 * was given and what it writes nobody else writes.
 *
 * It need not survive a power cut, which no tenant does either: one that is damaged then is made
 * anew.
 */
export class RegisterFile {
  readonly #options: RegisterFileOptions
  readonly #path: string
  #last: Promise<unknown> = Promise.resolve()

  constructor(options: RegisterFileOptions) {
    this.#options = options
    this.#path = join(options.directory, 'register')
  }

  /** Makes the directory. Rejects with `ERR_SESSION_DIRECTORY` or `ERR_SESSION_STORE`. */
  async prepare(): Promise<void> {
    await this.#options.restore?.()
    await preparePrivateDirectory(this.#options.environment.fs, this.#options.directory)
  }

  /** What it holds now, without a lock. Rejects with the system's error. */
  async read(): Promise<RegisterContent | 'missing'> {
    const { environment } = this.#options
    const { fs } = environment
    let descriptor: number
    try {
      descriptor = await retryDescriptors(environment, () => fs.open(this.#path, READ_FLAGS))
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return 'missing'
      if (NOT_A_FILE.includes(codeOf(error) ?? '')) return 'damaged'
      throw error
    }
    try {
      const stats = await fs.fstat(descriptor)
      if (!stats.isFile() || stats.size > LARGEST_REGISTER) return 'damaged'
      const content = await readUpTo(fs, descriptor, Number(stats.size))
      return parseRegister(content.toString('latin1'))
    } finally {
      await fs.close(descriptor)
    }
  }

  /**
   * Replaces it by what `change` makes of it, perhaps in several tries: only the last answer
   * counts. Resolves to what was written; to `undefined` when `change` gave that. `wait`: the
   * longest time to wait for others, in milliseconds.
   */
  edit(
    change: (register: Register) => Promise<Register | undefined>,
    wait: number,
  ): Promise<Register | undefined> {
    const { monotonic } = this.#options.environment
    const end = monotonic() + wait
    const edit = this.#last.then(() => this.#edit(change, end))
    this.#last = edit.catch(() => {})
    return edit
  }

  async #edit(
    change: (register: Register) => Promise<Register | undefined>,
    end: number,
  ): Promise<Register | undefined> {
    const { environment, locks } = this.#options
    for (let tries = 1; ; tries++) {
      const tenure = await locks.acquire({
        file: this.#path,
        lock: `${this.#path}.lock`,
        deadline: () => end,
        prepare: () => this.prepare(),
      })
      try {
        const register = await change(await this.#readWhole())
        if (!register) {
          await tenure.abandon()
          return undefined
        }
        if (await this.#publish(tenure, register)) return register
      } catch (error) {
        await tenure.abandon()
        throw error
      }
      await tenure.abandon()
      if (tries >= MOST_TRIES && environment.monotonic() >= end) throw fencedTooOften()
    }
  }

  /** Resolves to whether it was written; not when somebody has broken the lock. */
  async #publish(tenure: Tenure, register: Register): Promise<boolean> {
    const { fs } = this.#options.environment
    await writeAll(fs, tenure.descriptor, Buffer.from(formatRegister(register), 'latin1'))
    await tenure.close()
    try {
      await fs.rename(tenure.token, this.#path)
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return false
      throw error
    }
    await tenure.release()
    return true
  }

  async #readWhole(): Promise<Register> {
    const content = await this.read()
    if (content === 'later version') {
      throw new SessionError(
        'ERR_SESSION_STORE',
        "A later version of this library keeps the store's register. Update this process, or end all others that use the store and remove its folder 'tenants'.",
        { status: 503 },
      )
    }
    return typeof content === 'string' ? this.#options.rebuild() : content
  }
}

function fencedTooOften(): SessionError {
  return new SessionError(
    'ERR_SESSION_LOCK_TIMEOUT',
    "The lock of the store's register was lost again and again. Try again.",
  )
}
