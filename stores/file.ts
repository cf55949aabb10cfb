import { SessionError } from '../lib/errors.ts'
import type {
  ChangeFunction,
  Found,
  ListedEntry,
  Store,
  SweepOptions,
  SweepReport,
  Updated,
  UpdateOptions,
  Version,
} from '../lib/store.ts'
import { entryOf } from './file/commit.ts'
import { DataDirectory } from './file/data-directory.ts'
import { retryDeleted } from './file/deletion.ts'
import { type Environment, nodeEnvironment } from './file/environment.ts'
import { isDiskFull, storeError } from './file/failure.ts'
import { codeOf } from './file/file-system.ts'
import { type FileStoreOptions, resolveFileStoreOptions } from './file/options.ts'
import type { QueueOptions } from './file/queue.ts'
import { readFrame } from './file/reader.ts'
import { sweepDirectory } from './file/sweep.ts'
import { enterTenant, type Tenant } from './file/tenant.ts'
import { FileVersion } from './file/version.ts'
import { walkDirectory } from './file/walk.ts'

export type { FileStoreOptions } from './file/options.ts'

const NAME = /^[0-9a-f]{64}$/
/** Files read at the same time by `entries()`. */
const LISTED_AT_ONCE = 8

/**
 * Keeps each session in a file of its own: `<directory>/<name>/<2 digits>/<64 digits>.session`,
 * mode 0600.
 *
 * Any number of processes of one machine may share the directory, which must be on a local file
 * system.
 */
export class FileStore implements Store {
  readonly #environment: Environment
  readonly #directory: DataDirectory
  readonly #lockTimeout: number
  readonly #closing = new AbortController()
  readonly #sweeps = new Set<Promise<unknown>>()
  #updates = 0
  #onIdle: (() => void) | undefined
  #tenant: Tenant | undefined
  #entering: Promise<Tenant> | undefined
  #hasLeft = false
  #closed: Promise<void> | undefined

  /**
   * Throws `ERR_SESSION_OPTION`. Touches no file: `ready()` or the first commit does.
   *
   * @internal `environment` is for tests.
   */
  constructor(options: FileStoreOptions = {}, environment: Environment = nodeEnvironment) {
    const { directory, name, lockTimeout } = resolveFileStoreOptions(options)
    this.#environment = environment
    this.#lockTimeout = lockTimeout
    this.#directory = new DataDirectory(environment.fs, directory, name)
  }

  /**
   * Makes the directory. Rejects with `ERR_SESSION_DIRECTORY` or `ERR_SESSION_STORE` when sessions
   * cannot be kept in it.
   */
  async ready(): Promise<void> {
    this.#checkOpen()
    await retryDeleted(async () => {
      const tenant = await this.#enter()
      try {
        await this.#directory.restore()
        await this.#environment.fs.access(this.#directory.path)
      } catch (error) {
        throw storeError('use the directory of the store', error)
      }
      await tenant.tenancy.join()
    })
  }

  async read(name: string, known?: Version): Promise<Found | 'unchanged' | 'damaged' | undefined> {
    this.#checkOpen()
    checkName(name)
    try {
      const found = this.#tenant?.tenancy.isSole
        ? await this.#tenant.readAlone(name, known)
        : 'shared'
      return found === 'shared' ? await this.#readShared(name, known) : found
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return undefined
      throw storeError('read a session', error)
    }
  }

  isCurrent(name: string, version: Version): boolean {
    if (this.#closing.signal.aborted) return false
    return this.#tenant?.isCurrent(name, version) ?? false
  }

  async #readShared(
    name: string,
    known: Version | undefined,
  ): Promise<Found | 'unchanged' | 'damaged' | undefined> {
    const file = this.#directory.fileOf(name)
    const tenant = this.#tenant ?? (await this.#enterToRead())
    const mark = tenant?.highWater.get(name) ?? 0
    if (known instanceof FileVersion && known.clean) {
      if (known.matches(await this.#environment.fs.lstat(file))) return 'unchanged'
    }
    const reading = await readFrame(this.#environment, file)
    const entry = entryOf(reading, mark)
    if (reading.state !== 'found') return reading.state === 'damaged' ? 'damaged' : undefined
    tenant?.highWater.note(name, reading.frame.sequence)
    if (entry === undefined || entry === 'damaged') return entry
    return { entry, version: FileVersion.ofContent(reading.stats, reading.readAt, known) }
  }

  update(name: string, change: ChangeFunction, options: UpdateOptions = {}): Promise<Updated> {
    try {
      this.#checkOpen()
      checkName(name)
      const { durable = false } = options
      return this.#update(name, change, { durable, wait: this.#lockTimeout })
    } catch (error) {
      return Promise.reject(error)
    }
  }

  #update(name: string, change: ChangeFunction, options: QueueOptions): Promise<Updated> {
    this.#updates += 1
    return this.#tenant === undefined
      ? this.#enterToUpdate(name, change, options)
      : this.#tenant.update(name, change, options, this.#onUpdated)
  }

  async #enterToUpdate(
    name: string,
    change: ChangeFunction,
    options: QueueOptions,
  ): Promise<Updated> {
    const tenant = await this.#enter().catch((error: unknown) => {
      this.#onUpdated()
      throw error
    })
    return tenant.update(name, change, options, this.#onUpdated)
  }

  readonly #onUpdated = (): void => {
    this.#updates -= 1
    if (this.#updates === 0) this.#onIdle?.()
  }

  async *entries(): AsyncGenerator<ListedEntry> {
    this.#checkOpen()
    let names: string[] = []
    try {
      for await (const found of walkDirectory(this.#environment.fs, this.#directory)) {
        if (found.kind === 'session') names.push(found.name)
        if (names.length < LISTED_AT_ONCE) continue
        yield* await this.#list(names)
        names = []
      }
      yield* await this.#list(names)
    } catch (error) {
      throw storeError('list the sessions', error)
    }
  }

  async #list(names: readonly string[]): Promise<ListedEntry[]> {
    this.#checkOpen()
    const entries = await Promise.all(
      names.map(async (name): Promise<ListedEntry | undefined> => {
        const file = this.#directory.fileOf(name)
        const entry = entryOf(await readFrame(this.#environment, file), 0)
        if (entry === 'damaged') return { name, expires: 0, damaged: true }
        if (entry === undefined) return undefined
        const { expires, subject } = entry
        return subject === undefined ? { name, expires } : { name, expires, subject }
      }),
    )
    return entries.filter((entry) => entry !== undefined)
  }

  async sweep(options: SweepOptions): Promise<SweepReport> {
    this.#checkOpen()
    const signals = [this.#closing.signal, ...(options.signal ? [options.signal] : [])]
    const sweep = sweepDirectory(
      {
        environment: this.#environment,
        directory: this.#directory,
        update: (name, change) => this.#update(name, change, { durable: false, wait: 0 }),
      },
      { ...options, signal: AbortSignal.any(signals) },
    )
    this.#sweeps.add(sweep)
    try {
      return await sweep
    } catch (error) {
      throw storeError('sweep the sessions', error)
    } finally {
      this.#sweeps.delete(sweep)
    }
  }

  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    this.#closing.abort()
    await Promise.allSettled(this.#sweeps)
    if (this.#updates > 0) {
      await new Promise<void>((resolve) => {
        this.#onIdle = resolve
      })
    }
    this.#hasLeft = true
    const tenant = await this.#entering?.catch(() => undefined)
    this.#entering = this.#tenant = undefined
    await tenant?.leave()
  }

  /**
   * A read makes no directory, and needs nobody's leave. It asks for it all the same, and does not
   * wait, so that those after it need no look at the file.
   */
  #enterToRead(): Promise<Tenant | undefined> {
    return retryDeleted(async () => {
      if (!(await this.#directory.inspect())) return undefined
      const tenant = await this.#enterThere()
      tenant.tenancy.join().catch(() => {})
      return tenant
    })
  }

  /** Makes the directory if need be, and enters it. */
  #enter(): Promise<Tenant> {
    return retryDeleted(() => this.#prepareAndEnter())
  }

  async #prepareAndEnter(): Promise<Tenant> {
    try {
      await this.#directory.prepare()
    } catch (error) {
      // Where nothing can be made any more, something can still be removed.
      const isFull = error instanceof SessionError && isDiskFull(error.cause)
      if (!isFull || !(await this.#directory.inspect())) throw error
    }
    return this.#enterThere()
  }

  /** Enters the directory, once; again after a failure. */
  #enterThere(): Promise<Tenant> {
    if (this.#hasLeft) this.#checkOpen()
    this.#entering ??= this.#enterOnce()
    return this.#entering
  }

  async #enterOnce(): Promise<Tenant> {
    try {
      this.#tenant = await enterTenant(this.#environment, this.#directory)
      return this.#tenant
    } catch (error) {
      this.#entering = undefined
      this.#directory.forget()
      throw error
    }
  }

  #checkOpen(): void {
    if (this.#closing.signal.aborted) {
      throw new SessionError(
        'ERR_SESSION_CLOSED',
        'The session store was closed. Make a new one to go on.',
      )
    }
  }
}

function checkName(name: string): void {
  if (typeof name === 'string' && NAME.test(name)) return
  throw new SessionError(
    'ERR_SESSION_OPTION',
    'Expected the name of an entry to be 64 lowercase hexadecimal digits.',
  )
}
