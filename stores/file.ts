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
import { type Environment, nodeEnvironment } from './file/environment.ts'
import { storeError } from './file/failure.ts'
import { codeOf } from './file/file-system.ts'
import { HighWater } from './file/high-water.ts'
import { type FileStoreOptions, resolveFileStoreOptions } from './file/options.ts'
import { CommitQueue } from './file/queue.ts'
import { readFrame } from './file/reader.ts'
import { createReplaceCommit } from './file/replace.ts'
import { sweepDirectory } from './file/sweep.ts'
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
  readonly #highWater = new HighWater()
  readonly #queue: CommitQueue
  readonly #lockTimeout: number
  readonly #closing = new AbortController()
  readonly #sweeps = new Set<Promise<unknown>>()

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
    const commit = createReplaceCommit({
      environment,
      directory: this.#directory,
      highWater: this.#highWater,
    })
    this.#queue = new CommitQueue(commit, environment.monotonic)
  }

  /**
   * Makes the directory. Rejects with `ERR_SESSION_DIRECTORY` or `ERR_SESSION_STORE` when sessions
   * cannot be kept in it.
   */
  async ready(): Promise<void> {
    this.#checkOpen()
    await this.#directory.prepare()
    try {
      await this.#environment.fs.access(this.#directory.path)
    } catch (error) {
      throw storeError('use the directory of the store', error)
    }
  }

  async read(name: string, known?: Version): Promise<Found | 'unchanged' | 'damaged' | undefined> {
    this.#checkOpen()
    checkName(name)
    const { file } = this.#directory.pathsOf(name)
    const mark = this.#highWater.get(name)
    await this.#directory.inspect()
    try {
      if (known instanceof FileVersion && known.clean) {
        if (known.matches(await this.#environment.fs.lstat(file))) return 'unchanged'
      }
      const reading = await readFrame(this.#environment, file)
      const entry = entryOf(reading, mark)
      if (reading.state !== 'found') return reading.state === 'damaged' ? 'damaged' : undefined
      this.#highWater.note(name, reading.frame.sequence)
      if (entry === undefined || entry === 'damaged') return entry
      return { entry, version: FileVersion.ofContent(reading.stats, reading.readAt, known) }
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return undefined
      throw storeError('read a session', error)
    }
  }

  async update(
    name: string,
    change: ChangeFunction,
    options: UpdateOptions = {},
  ): Promise<Updated> {
    this.#checkOpen()
    checkName(name)
    const { durable = false } = options
    return this.#queue.update(name, change, { durable, wait: this.#lockTimeout })
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
        const { file } = this.#directory.pathsOf(name)
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
        update: (name, change) => this.#queue.update(name, change, { durable: false, wait: 0 }),
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

  async close(): Promise<void> {
    this.#closing.abort()
    await Promise.allSettled(this.#sweeps)
    await this.#queue.idle()
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
