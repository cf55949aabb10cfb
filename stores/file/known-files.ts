import { bytesToText, textToBytes } from '../../lib/byte-text.ts'
import { RecentMap } from '../../lib/recent-map.ts'
import type { Entry, Version } from '../../lib/store.ts'
import type { FileState } from './version.ts'

/** An entry to be kept: its bytes as a text. */
export type KeptEntry = Omit<Entry, 'bytes'> & { readonly text: string }

/** What a sole tenant knows of a session's file: nobody else changes it. */
export interface KnownFile {
  /** What the file holds, and where in it. */
  readonly kept: KeptEntry
  readonly sequence: number
  readonly slot: 0 | 1
  /**
   * The slot of a durable commit, as long as the other may be older on the disk; undefined when there
   * is none.
   */
  readonly durableSlot: 0 | 1 | undefined
  /** Whether the file's name survives a power cut, as far as this process has seen to it. */
  readonly isNameDurable: boolean
  /** Bytes of a slot: half the file. */
  readonly capacity: number
  /** Stands for this very state: another one for each that was read or written. */
  readonly version: Version
  /** The file's inode; undefined as long as nobody has looked at a new one. */
  inode: bigint | undefined
  /** What the last look at the file saw; undefined when we have written to it since. */
  stats: FileState | undefined
  /** When that look was, in milliseconds of the monotonic clock. */
  lookedAt: number
  /** The look that is under way: whether the file is still this one. */
  look: Promise<boolean> | undefined
}

/** What an entry takes beside its bytes: names, numbers and the map's own share, rounded up. */
const OVERHEAD_BYTES = 1024

/** The files used last, by name, up to a number of bytes. */
export class KnownFiles {
  readonly #maxBytes: number
  #files = new RecentMap<KnownFile>()
  /** The reads under way of files that are not known, by name. */
  readonly #reads = new Map<string, Set<object>>()
  #bytes = 0

  /** Default: 16 MiB. */
  constructor(maxBytes: number = 16 * 2 ** 20) {
    this.#maxBytes = maxBytes
  }

  get(name: string): KnownFile | undefined {
    return this.#files.get(name)
  }

  /** What a commit has made of a file: whoever is reading it meanwhile may have seen less. */
  set(name: string, known: KnownFile): void {
    this.#reads.delete(name)
    this.#keep(name, known)
  }

  /** A file that was removed, or of which nothing is known any more. */
  forget(name: string): void {
    this.#reads.delete(name)
    const known = this.#files.delete(name)
    if (known !== undefined) this.#bytes -= sizeOf(known)
  }

  /**
   * Says that a file is about to be read outside of the queue of its commits. What is returned takes
   * what was seen, and keeps it unless a commit has been there meanwhile.
   */
  beginRead(name: string): (seen: KnownFile | undefined) => void {
    const read = {}
    const reads = this.#reads.get(name) ?? new Set()
    this.#reads.set(name, reads.add(read))
    return (seen) => {
      const isCurrent = this.#reads.get(name) === reads
      reads.delete(read)
      if (!isCurrent) return
      if (reads.size === 0) this.#reads.delete(name)
      if (seen !== undefined && this.#files.get(name) === undefined) this.#keep(name, seen)
    }
  }

  /** Forgets all of it. */
  clear(): void {
    this.#files = new RecentMap()
    this.#reads.clear()
    this.#bytes = 0
  }

  #keep(name: string, known: KnownFile): void {
    const before = this.#files.set(name, known)
    this.#bytes += sizeOf(known) - (before === undefined ? 0 : sizeOf(before))
    while (this.#bytes > this.#maxBytes) {
      const oldest = this.#files.deleteOldest()
      if (oldest === undefined) return
      this.#bytes -= sizeOf(oldest)
    }
  }
}

function sizeOf({ kept }: KnownFile): number {
  return kept.text.length + OVERHEAD_BYTES
}

/** An entry for keeping: whoever changes what he gave changes nothing here, as with a file. */
export function keepEntry({ bytes, expires, subject }: Entry): KeptEntry {
  return { text: bytesToText(bytes), expires, subject }
}

/** The opposite of {@link keepEntry}. */
export function restoreEntry({ text, expires, subject }: KeptEntry): Entry {
  const bytes = textToBytes(text)
  return subject === undefined ? { bytes, expires } : { bytes, expires, subject }
}
