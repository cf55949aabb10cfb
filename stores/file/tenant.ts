import type { ChangeFunction, Found, Updated, Version } from '../../lib/store.ts'
import type { Commit } from './commit.ts'
import type { DataDirectory } from './data-directory.ts'
import { findKeptDescriptors } from './descriptor-limit.ts'
import type { Environment } from './environment.ts'
import { isDiskFull, storeError } from './failure.ts'
import { HighWater } from './high-water.ts'
import { restoreEntry } from './known-files.ts'
import { SessionLocks } from './lock.ts'
import { createOverwriteCommit } from './overwrite.ts'
import { CommitQueue, type QueueOptions } from './queue.ts'
import { type RemovalContext, removeWithoutLock } from './removal.ts'
import { createReplaceCommit } from './replace.ts'
import { SoleFiles } from './sole-files.ts'
import { Tenancy } from './tenancy/tenancy.ts'

/** The tenants of this thread, by the real path of their directory. */
const tenants = new WeakMap<Environment, Map<string, Tenant>>()

/**
 * The tenant of a directory: all stores of this thread that use it are one, and share what there may
 * be only one of. To be left once for each time it was entered. The directory must be there.
 */
export async function enterTenant(
  environment: Environment,
  directory: DataDirectory,
): Promise<Tenant> {
  const path = await environment.fs.realpath(directory.path).catch((error: unknown) => {
    throw storeError('use the directory of the store', error)
  })
  const keptDescriptors = await findKeptDescriptors(environment.fs)
  const known = tenants.get(environment) ?? new Map<string, Tenant>()
  tenants.set(environment, known)
  const tenant =
    known.get(path) ??
    new Tenant({ environment, directory, path, keptDescriptors }, () => known.delete(path))
  known.set(path, tenant.enter())
  return tenant
}

/** What a tenant works with. */
interface TenantOptions {
  readonly environment: Environment
  readonly directory: DataDirectory
  /** The real path of `directory`. */
  readonly path: string
  /** How many files it keeps open between commits. */
  readonly keptDescriptors: number
}

/** One thread of one process that uses a directory. */
export class Tenant {
  readonly highWater: HighWater = new HighWater()
  readonly tenancy: Tenancy
  readonly #files: SoleFiles
  readonly #queue: CommitQueue
  readonly #onEmpty: () => void
  #stores = 0

  /** `onEmpty` is called when the last store has left. */
  constructor(
    { environment, directory, path, keptDescriptors }: TenantOptions,
    onEmpty: () => void,
  ) {
    const { highWater } = this
    const locks = new SessionLocks(environment)
    this.#onEmpty = onEmpty
    this.#files = new SoleFiles({ environment, directory, highWater, keptDescriptors })
    this.tenancy = new Tenancy({
      environment,
      directory: path,
      restore: () => directory.restore(),
      locks,
      onTenureEnd: () => this.#files.end(),
    })
    const context = { environment, directory, highWater }
    const replace = createReplaceCommit({ ...context, locks })
    const overwrite = createOverwriteCommit({ ...context, files: this.#files, replace })
    this.#queue = new CommitQueue(this.#choose(context, replace, overwrite), environment.monotonic)
  }

  /** Counts a store. */
  enter(): this {
    this.#stores += 1
    return this
  }

  /** Counts a store less. The last one ends the tenancy, when all that was begun is done. */
  async leave(): Promise<void> {
    this.#stores -= 1
    if (this.#stores > 0) return
    this.#onEmpty()
    await this.tenancy.leave()
    await this.#files.end()
  }

  /**
   * As the store's `read()`, without a look at the file where none is due. `'shared'`: others may be
   * writing, so that one is.
   */
  async readAlone(
    name: string,
    known: Version | undefined,
  ): Promise<Found | 'unchanged' | 'damaged' | 'shared' | undefined> {
    const look = this.tenancy.confirm()
    if (look) await look
    if (!this.tenancy.isSole) return 'shared'
    const found = await this.#files.find(name)
    if (found === 'damaged') return found
    if (typeof found === 'string') return undefined
    const { version } = found
    return version === known ? 'unchanged' : { entry: restoreEntry(found.kept), version }
  }

  /** As the store's `isCurrent()`: nobody can tell at once while others may be writing. */
  isCurrent(name: string, version: Version): boolean {
    const { tenancy } = this
    if (!tenancy.isSole || tenancy.confirm() !== undefined) return false
    return this.#files.recall(name)?.version === version
  }

  /** As the store's `update()`. `onSettled` is called when it is about to resolve or reject. */
  update(
    name: string,
    change: ChangeFunction,
    options: QueueOptions,
    onSettled: () => void,
  ): Promise<Updated> {
    return this.#queue.update(name, change, options, onSettled)
  }

  /** What becomes of each commit, decided at its turn. */
  #choose(context: RemovalContext, replace: Commit, overwrite: Commit): Commit {
    return async (name, decide, deadline) => {
      try {
        if (!this.tenancy.isJoined) await this.tenancy.join()
      } catch (error) {
        const failure = storeError('join those who use the directory', error)
        if (!isDiskFull(failure.cause)) throw failure
        return removeWithoutLock(context, name, decide, failure)
      }
      const look = this.tenancy.confirm()
      if (look) await look
      const end = this.tenancy.begin()
      if (end === undefined) {
        try {
          return await replace(name, decide, deadline)
        } finally {
          // We may be alone by now, and have read the file that was replaced.
          this.#files.forget(name)
        }
      }
      try {
        return await overwrite(name, decide, deadline)
      } finally {
        end()
      }
    }
  }
}
