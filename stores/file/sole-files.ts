import type { BigIntStats } from 'node:fs'
import { entryOf } from './commit.ts'
import type { DataDirectory } from './data-directory.ts'
import type { Environment } from './environment.ts'
import { codeOf, isPrivate, READ_WRITE_FLAGS } from './file-system.ts'
import { type DecodedFile, otherSlot } from './frame.ts'
import type { HighWater } from './high-water.ts'
import { type KnownFile, KnownFiles, keepEntry } from './known-files.ts'
import { OpenFiles } from './open-files.ts'
import { readFrame } from './reader.ts'
import { type FileState, isSameState, stateOf } from './version.ts'

/** How long a look at a file is trusted, in milliseconds: who deletes one has signed people out. */
const TRUST_MILLISECONDS = 1000

/** What a sole tenant finds under a name: `'tombstone'` is a removal that was not finished. */
export type SoleFinding = KnownFile | 'missing' | 'damaged' | 'tombstone'

/** What the files of a sole tenant are found with. */
export interface SoleFilesContext {
  readonly environment: Environment
  readonly directory: DataDirectory
  readonly highWater: HighWater
  /** How many files are kept open between commits. */
  readonly keptDescriptors: number
}

/**
 * The files of a sole tenant. Nobody else writes to them, so that what is known of one need not be
 * read again; a look at it once a second is for whoever deletes or restores files by hand.
 */
export class SoleFiles {
  readonly known: KnownFiles = new KnownFiles()
  readonly open: OpenFiles
  readonly #context: SoleFilesContext

  constructor(context: SoleFilesContext) {
    this.#context = context
    this.open = new OpenFiles(context.environment, context.keptDescriptors)
  }

  /** What is under a name. Rejects with the system's error when that cannot be told. */
  async find(name: string): Promise<SoleFinding> {
    const known = this.known.get(name)
    if (known === undefined) return this.#read(name)
    if (this.#isTrusted(known) || (await this.#look(name, known))) return known
    if (this.known.get(name) === known) this.forget(name)
    return this.find(name)
  }

  /**
   * As {@link find}, at once: `undefined` where that would wait, or finds something else. What it
   * would wait for has begun then.
   */
  recall(name: string): KnownFile | undefined {
    const known = this.known.get(name)
    if (known === undefined || this.#isTrusted(known)) return known
    const look = this.#look(name, known)
    // Whoever waits for the look is told of what failed.
    if (typeof look !== 'boolean') look.catch(() => {})
    return look === true ? known : undefined
  }

  /**
   * Opens a file that is known, to write to it, if it is still that and nobody else's too.
   */
  async openKnown(name: string, known: KnownFile): Promise<number | undefined> {
    const { environment, directory } = this.#context
    const { fs } = environment
    const file = directory.fileOf(name)
    let descriptor: number
    try {
      descriptor = await this.open.makeRoom(() => fs.open(file, READ_WRITE_FLAGS))
    } catch {
      // To replace it needs no right to the file itself, and says what is wrong if that fails too.
      return undefined
    }
    const stats = await fs.fstat(descriptor).catch(() => undefined)
    const isOurs =
      stats !== undefined &&
      stats.ino === known.inode &&
      stats.isFile() &&
      stats.size === BigInt(2 * known.capacity) &&
      isNobodyElses(stats)
    if (isOurs) return descriptor
    await fs.close(descriptor).catch(() => {})
    return undefined
  }

  /** Forgets a file, and closes it. */
  forget(name: string): void {
    this.known.forget(name)
    this.open.close(name)
  }

  /** Ends the tenure: whatever was known is not any more. */
  async end(): Promise<void> {
    this.known.clear()
    await this.open.closeAll()
  }

  #isTrusted({ lookedAt }: KnownFile): boolean {
    return this.#now() - lookedAt < TRUST_MILLISECONDS
  }

  #now(): number {
    return this.#context.environment.monotonic()
  }

  async #read(name: string): Promise<SoleFinding> {
    const { environment, directory, highWater } = this.#context
    const mark = highWater.get(name)
    const keep = this.known.beginRead(name)
    let seen: KnownFile | undefined
    try {
      const file = directory.fileOf(name)
      const reading = await this.open.makeRoom(() => readFrame(environment, file))
      if (reading.state !== 'found') return reading.state
      const { frame, slot, stats, readAt } = reading
      highWater.note(name, frame.sequence)
      const entry = entryOf(reading, mark)
      if (entry === 'damaged') return entry
      if (entry === undefined) return 'tombstone'
      seen = {
        kept: keepEntry(entry),
        sequence: frame.sequence,
        slot,
        durableSlot: findDurableSlot(reading),
        isNameDurable: false,
        capacity: Number(stats.size) / 2,
        version: {},
        inode: stats.ino,
        stats: stateOf(stats),
        lookedAt: readAt,
        look: undefined,
      }
      return seen
    } finally {
      keep(seen)
    }
  }

  /**
   * Looks whether a file is still the one that is known: at once, if it is open. Those who ask at the
   * same time share a look.
   */
  #look(name: string, known: KnownFile): boolean | Promise<boolean> {
    if (known.look !== undefined) return known.look
    const isQuick = known.inode !== undefined && this.open.has(name)
    const look = isQuick ? this.#lookAtOnce(name, known) : this.#lookSlowly(name, known)
    if (typeof look === 'boolean') return look
    known.look = look.finally(() => {
      known.look = undefined
    })
    return known.look
  }

  #lookAtOnce(name: string, known: KnownFile): boolean | Promise<boolean> {
    const { environment, directory } = this.#context
    const before = known.stats
    const lookedAt = this.#now()
    try {
      const seen = environment.fs.lstatOpen(directory.fileOf(name))
      return seen instanceof Promise
        ? seen.then((stats) => this.#judge(known, before, stats, lookedAt), isNoFile)
        : this.#judge(known, before, seen, lookedAt)
    } catch (error) {
      return codeOf(error) === 'ENOENT' ? false : Promise.reject(error)
    }
  }

  async #lookSlowly(name: string, known: KnownFile): Promise<boolean> {
    const { environment, directory } = this.#context
    const { fs } = environment
    const file = directory.fileOf(name)
    const before = known.stats
    const lookedAt = this.#now()
    // So that the looks to come are quick, and a write too.
    if (known.inode !== undefined && !this.open.has(name)) {
      await this.open.keepNew(name, known.inode, () => this.openKnown(name, known))
    }
    let stats: BigIntStats
    try {
      stats = await (this.open.has(name) ? fs.lstatOpen(file) : fs.lstat(file))
    } catch (error) {
      return isNoFile(error)
    }
    known.inode ??= await this.open.findInode(name)
    return this.#judge(known, before, stats, lookedAt)
  }

  /**
   * Whether `stats` are those of a known file; `before`: what was known of it when the look began. One
   * that is not the same is read again, and replaced at the next commit.
   */
  #judge(
    known: KnownFile,
    before: FileState | undefined,
    stats: BigIntStats,
    lookedAt: number,
  ): boolean {
    // Times that a write of ours has moved tell nothing of others.
    const isSame = before
      ? isSameState(before, stats)
      : stats.ino === known.inode && stats.size === BigInt(2 * known.capacity)
    if (!isSame || !isNobodyElses(stats)) return false
    known.stats = stateOf(stats)
    known.lookedAt = lookedAt
    return true
  }
}

/** A file that is not there is another answer than that nobody can tell. */
function isNoFile(error: unknown): false {
  if (codeOf(error) === 'ENOENT') return false
  throw error
}

/** Whether nobody else can read a file, by its rights or by a second name, such as a backup's. */
function isNobodyElses(stats: BigIntStats): boolean {
  return isPrivate(stats) && stats.nlink === 1n
}

/** See {@link KnownFile.durableSlot}. */
function findDurableSlot({ frame, slot, older }: DecodedFile): 0 | 1 | undefined {
  if (older === undefined) return undefined
  if (frame.durable) return slot
  return older.durable ? otherSlot(slot) : undefined
}
