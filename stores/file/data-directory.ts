import { dirname, join, sep } from 'node:path'
import {
  inspectDirectory,
  isDataDirectory,
  preparePrivateDirectory,
  writeGitIgnore,
} from './directory.ts'
import { DirectorySync } from './directory-sync.ts'
import { storeError } from './failure.ts'
import { codeOf, type FileSystem, ignoring } from './file-system.ts'

/** Where all that belongs to one session stands. */
export interface SessionPaths {
  /** The directory of its shard: one of 256. */
  readonly shard: string
  readonly file: string
  /** Its lock: a directory, there while a process commits. */
  readonly lock: string
}

/** The name of a session's file, its shard's digits first. */
export const SESSION_FILE: RegExp = /^([0-9a-f]{64})\.session$/
/** The name of a session's lock. */
export const SESSION_LOCK: RegExp = /^([0-9a-f]{64})\.session\.lock$/
/** The name of a shard. */
export const SHARD: RegExp = /^[0-9a-f]{2}$/

/** The directory tree of one store. */
export class DataDirectory {
  /** The directory that holds it, with what other stores and the key ring keep. */
  readonly parent: string
  readonly path: string
  readonly #fs: FileSystem
  readonly #sync: DirectorySync
  #prepared: Promise<void> | undefined
  #inspected = false
  /** Directories whose own entry is known to be on the disk. */
  readonly #anchored = new Set<string>()

  /** `parent` is an absolute path. */
  constructor(fs: FileSystem, parent: string, name: string) {
    this.parent = parent
    this.path = join(parent, name)
    this.#fs = fs
    this.#sync = new DirectorySync(fs)
  }

  /** The paths of a session; `name` was checked to be 64 hexadecimal digits. */
  pathsOf(name: string): SessionPaths {
    const file = this.fileOf(name)
    return { shard: `${this.path}${sep}${name.slice(0, 2)}`, file, lock: `${file}.lock` }
  }

  /** The path of a session's file alone, of all that is asked for most often. */
  fileOf(name: string): string {
    return `${this.path}${sep}${name.slice(0, 2)}${sep}${name}.session`
  }

  /** Makes and checks the directory, once; again after a failure. */
  prepare(): Promise<void> {
    this.#prepared ??= this.#prepare().catch((error: unknown) => {
      this.#prepared = undefined
      throw error
    })
    return this.#prepared
  }

  async #prepare(): Promise<void> {
    const mayNarrow = (): Promise<boolean> => isDataDirectory(this.#fs, this.parent)
    await preparePrivateDirectory(this.#fs, this.parent, undefined, mayNarrow)
    await writeGitIgnore(this.#fs, this.parent)
    await preparePrivateDirectory(this.#fs, this.path)
    this.#inspected = true
  }

  /** Makes it anew, with all that belongs there, when somebody deleted it. */
  async restore(): Promise<void> {
    try {
      await this.#fs.lstat(this.path)
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error
      await this.#prepareAnew()
    }
  }

  #prepareAnew(): Promise<void> {
    this.forget()
    return this.prepare()
  }

  /** Looks at everything anew from now on: somebody may have deleted it. */
  forget(): void {
    this.#prepared = undefined
    this.#inspected = false
    this.#anchored.clear()
  }

  /**
   * Refuses a directory that is not to be read from, and makes none. Resolves to whether there is
   * one.
   */
  async inspect(): Promise<boolean> {
    if (this.#inspected) return true
    const isThere = [this.parent, this.path].map((path) => inspectDirectory(this.#fs, path))
    this.#inspected = (await Promise.all(isThere)).every(Boolean)
    return this.#inspected
  }

  /** Makes the shard of a session, and the whole directory anew when somebody deleted it. */
  async makeShard(name: string): Promise<void> {
    const { shard } = this.pathsOf(name)
    const make = async (): Promise<void> => {
      await this.prepare()
      await ignoring(['EEXIST'], this.#fs.mkdir(shard, 0o700))
    }
    try {
      await make().catch(async (error: unknown) => {
        if (codeOf(error) !== 'ENOENT') throw error
        await this.#prepareAnew()
        await make()
      })
    } catch (error) {
      throw storeError('make a directory of the store', error)
    }
  }

  /** Resolves when every change of a session's name made before survives a power cut. */
  async sync(name: string): Promise<void> {
    const { shard } = this.pathsOf(name)
    await Promise.all([this.#sync.sync(shard), this.#anchor(shard)])
  }

  /** A file is no safer than the entries of the directories above it. */
  async #anchor(directory: string): Promise<void> {
    if (this.#anchored.has(directory)) return
    const above = dirname(directory)
    if (directory === this.parent) {
      // What is above is not ours, and may not even be readable. mkdir itself was allowed there, so
      // only the proof is missing.
      await ignoring(['EACCES', 'EPERM'], this.#sync.sync(above))
    } else {
      await Promise.all([this.#sync.sync(above), this.#anchor(above)])
    }
    this.#anchored.add(directory)
  }
}
