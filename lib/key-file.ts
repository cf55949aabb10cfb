import { randomBytes } from 'node:crypto'
import { type BigIntStats, constants } from 'node:fs'
import * as nodeFileSystem from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { DataDirectory } from '../stores/file/data-directory.ts'
import { nodeFileSystem as nodeStoreFileSystem } from '../stores/file/file-system.ts'
import { SessionError, type SessionErrorOptions } from './errors.ts'
import type { RandomBytes } from './id.ts'
import { codeOf, type KeyFileSystem, publishFile } from './key-file-publish.ts'
import { createKey, KEY_BYTES, type KeySource, keyIdOfMaster } from './keyring.ts'

const FILE = 'keyring.json'
const MAX_BYTES = 65_536n

/**
 * A link in place of the file is not followed, and a pipe in its place does not make us wait for a
 * writer.
 */
const READ = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)

/** What a {@link KeyFile} takes from outside. The defaults are the real ones. */
export interface KeyFileOptions {
  /** Where the file is. Default: `node:fs/promises`. */
  readonly fileSystem?: KeyFileSystem
  /**
   * Makes the directory, and refuses one that is not private. Default: with the data directory
   * above it, and its `.gitignore`, as the file store does.
   */
  readonly prepare?: () => Promise<void>
  /** Makes the key. Default: the operating system's generator. */
  readonly random?: RandomBytes
  /**
   * The time now, in milliseconds since the epoch: only noted beside the key. Default:
   * `Date.now()`.
   */
  readonly now?: () => number
  /** Waits between two looks at a lock; needed on file systems without hard links only. */
  readonly wait?: (milliseconds: number) => Promise<unknown>
  /** Whether a key that is generated is worth a warning. Default: `NODE_ENV=production`. */
  readonly isProduction?: () => boolean
  /** Tells the operator something. Default: `process.emitWarning()`. */
  readonly warn?: (message: string, code: string) => void
}

/**
 * The generated key ring, `keyring.json` in a private directory: made when there is none, so that
 * all processes that start together come to the same one. Its first key seals, all open.
 *
 * A file that is empty, damaged, a link or somebody else's makes `load()` reject with
 * `ERR_SESSION_KEY_FILE`: a new one in its place would end all sessions without a word.
 */
export class KeyFile implements KeySource {
  readonly #directory: string
  readonly #path: string
  readonly #fileSystem: KeyFileSystem
  readonly #prepare: () => Promise<void>
  readonly #random: RandomBytes
  readonly #now: () => number
  readonly #wait: (milliseconds: number) => Promise<unknown>
  readonly #isProduction: () => boolean
  readonly #warn: (message: string, code: string) => void
  #loaded: string | undefined

  /** `directory` is made with the mode 0700 by `load()`; nothing is done before. */
  constructor(directory: string, options: KeyFileOptions = {}) {
    this.#directory = directory
    this.#path = join(directory, FILE)
    this.#fileSystem = options.fileSystem ?? nodeFileSystem
    this.#prepare = options.prepare ?? (() => prepareDirectory(directory))
    this.#random = options.random ?? randomBytes
    this.#now = options.now ?? (() => Date.now())
    this.#wait = options.wait ?? setTimeout
    this.#isProduction = options.isProduction ?? (() => process.env.NODE_ENV === 'production')
    this.#warn = options.warn ?? emitWarning
  }

  /**
   * The keys in the file, which is made when there is none. Rejects with `ERR_SESSION_KEY_FILE` or
   * `ERR_SESSION_DIRECTORY`.
   */
  async load(): Promise<readonly Buffer[]> {
    return this.#attempt(async () => {
      await this.#prepare()
      const keys = (await this.#read()) ?? (await this.#create())
      if (keys) return keys
      throw this.#unusable('was removed just now')
    })
  }

  /**
   * Whether the file is another than the one last loaded, or gone. Rejects with
   * `ERR_SESSION_KEY_FILE`.
   */
  async changed(): Promise<boolean> {
    return this.#attempt(async () => {
      try {
        const stats = await this.#fileSystem.lstat(this.#path, { bigint: true })
        return signatureOf(stats) !== this.#loaded
      } catch (error) {
        if (codeOf(error) === 'ENOENT') return true
        throw error
      }
    })
  }

  async #read(): Promise<readonly Buffer[] | undefined> {
    let file: nodeFileSystem.FileHandle
    try {
      file = await this.#fileSystem.open(this.#path, READ)
    } catch (error) {
      const code = codeOf(error)
      if (code === 'ENOENT') return undefined
      if (code === 'ELOOP' || code === 'EMLINK') throw this.#unusable('is a symbolic link')
      if (code === 'ENXIO') throw this.#unusable('is not a plain file')
      throw error
    }
    try {
      return await this.#readOpen(file)
    } finally {
      await file.close()
    }
  }

  async #readOpen(file: nodeFileSystem.FileHandle): Promise<readonly Buffer[]> {
    const stats = await file.stat({ bigint: true })
    if (!stats.isFile()) throw this.#unusable('is not a plain file')
    if (!isOurs(stats)) throw this.#unusable('belongs to another user')
    if (stats.size === 0n) throw this.#unusable('is empty')
    if (stats.size > MAX_BYTES) throw this.#unusable('is larger than 64 KiB')
    if (isShared(stats)) {
      await file.chmod(0o600)
      this.#warn(
        `Other users could read the keys in ${this.#name}. They cannot any more, but assume that they did, and rotate the keys.`,
        'SESSION_KEY_FILE_SHARED',
      )
    }
    const signature = signatureOf(await file.stat({ bigint: true }))
    const keys = parseRing(await file.readFile('utf8'))
    if (!keys) throw this.#unusable('is damaged')
    this.#loaded = signature
    return keys
  }

  async #create(): Promise<readonly Buffer[] | undefined> {
    const key = createKey(this.#random)
    const made = await publishFile(this.#path, writeRing(key, this.#now()), {
      fileSystem: this.#fileSystem,
      random: this.#random,
      wait: this.#wait,
    })
    if (made && this.#isProduction()) {
      this.#warn(
        `A key was generated in ${this.#name}. Sessions end when that file is lost, as with a container or a release folder: set SESSION_KEYS (make one with: openssl rand -hex 32).`,
        'SESSION_KEY_FILE_CREATED',
      )
    }
    return this.#read()
  }

  async #attempt<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      if (error instanceof SessionError) throw error
      throw this.#unusable('cannot be used', { cause: withoutPath(error) })
    }
  }

  get #name(): string {
    return `${basename(this.#directory)}/${FILE}`
  }

  #unusable(why: string, options?: SessionErrorOptions): SessionError {
    return new SessionError(
      'ERR_SESSION_KEY_FILE',
      `${this.#name} ${why}: restore it, or remove it to begin with a new key, which ends all sessions`,
      options,
    )
  }
}

/**
 * `<data directory>/keys`, made like the folder of a store, so that the two agree on what is
 * private.
 */
function prepareDirectory(directory: string): Promise<void> {
  return new DataDirectory(nodeStoreFileSystem, dirname(directory), basename(directory)).prepare()
}

function isOurs(stats: BigIntStats): boolean {
  return process.geteuid === undefined || stats.uid === BigInt(process.geteuid())
}

/** Whether others may read it. On Windows the bits of the mode say nothing about that. */
function isShared(stats: BigIntStats): boolean {
  return process.platform !== 'win32' && (stats.mode & 0o077n) !== 0n
}

function signatureOf(stats: BigIntStats): string {
  return [stats.ino, stats.size, stats.mtimeNs, stats.ctimeNs].join(' ')
}

function writeRing(key: Buffer, now: number): string {
  const id = keyIdOfMaster(key).toString('hex')
  const created = new Date(now).toISOString()
  return `${JSON.stringify({ v: 1, keys: [{ id, key: key.toString('base64url'), created }] })}\n`
}

/** No error of `JSON.parse` is kept: its message quotes the text, and that holds the keys. */
function parseRing(text: string): readonly Buffer[] | undefined {
  try {
    const ring = JSON.parse(text)
    if (ring.v !== 1 || !Array.isArray(ring.keys) || ring.keys.length === 0) return undefined
    const keys: (Buffer | undefined)[] = ring.keys.map(parseKey)
    return keys.every((key) => key !== undefined) ? keys : undefined
  } catch {
    return undefined
  }
}

function parseKey({ id, key }: { id: unknown; key: unknown }): Buffer | undefined {
  if (typeof key !== 'string') return undefined
  const bytes = Buffer.from(key, 'base64url')
  const whole = bytes.length === KEY_BYTES && bytes.toString('base64url') === key
  return whole && keyIdOfMaster(bytes).toString('hex') === id ? bytes : undefined
}

/**
 * The error of a file system call without the absolute path in its message and members; any other
 * as it is.
 */
function withoutPath(error: unknown): unknown {
  const { code, errno, syscall } = error as NodeJS.ErrnoException
  if (syscall === undefined) return error
  return Object.assign(new Error(`${code}: ${syscall}`), { code, errno, syscall })
}

function emitWarning(message: string, code: string): void {
  process.emitWarning(message, { type: 'SessionWarning', code })
}
