import { SessionError } from '../lib/errors.ts'
import type {
  ChangeFunction,
  Entry,
  Found,
  ListedEntry,
  Store,
  SweepOptions,
  SweepReport,
  Updated,
  UpdateOptions,
  Version,
} from '../lib/store.ts'

const NAME = /^[0-9a-f]{64}$/

/**
 * Sessions in the memory of this process: for tests, for development, and for an application that
 * runs as one process and may forget everybody when it ends.
 *
 * Instances share nothing. `durable` changes nothing here: no entry outlives the process. There is
 * no limit on the number of entries; whoever uses it without the background removal calls
 * `sweep()`.
 */
export class MemoryStore implements Store {
  readonly #entries = new Map<string, Found>()
  readonly #begun = new Set<Promise<unknown>>()
  #lastVersion = 0
  #closed = false

  /**
   * See {@link Store.read}. Answers `'unchanged'` whenever it can. Never `'damaged'`: memory has no
   * such entry.
   */
  async read(name: string, known?: Version): Promise<Found | 'unchanged' | undefined> {
    this.#check(name)
    const found = this.#entries.get(name)
    if (!found) return undefined
    if (found.version === known) return 'unchanged'
    return { entry: copyEntry(found.entry), version: found.version }
  }

  /** See {@link Store.isCurrent}. */
  isCurrent(name: string, version: Version): boolean {
    return !this.#closed && this.#entries.get(name)?.version === version
  }

  /** See {@link Store.update}. */
  async update(name: string, change: ChangeFunction, _options?: UpdateOptions): Promise<Updated> {
    this.#check(name)
    const updated = this.#apply(name, change)
    this.#begun.add(updated)
    try {
      return await updated
    } finally {
      this.#begun.delete(updated)
    }
  }

  /** See {@link Store.entries}. */
  async *entries(): AsyncGenerator<ListedEntry, void, undefined> {
    this.#checkOpen()
    for (const name of [...this.#entries.keys()]) {
      this.#checkOpen()
      const entry = this.#entries.get(name)?.entry
      if (entry) yield { name, expires: entry.expires, subject: entry.subject }
    }
  }

  /** See {@link Store.sweep}. Never skipped, and nothing is ever damaged, litter or failed. */
  async sweep({ now, grace, signal }: SweepOptions): Promise<SweepReport> {
    this.#checkOpen()
    let scanned = 0
    let removed = 0
    for (const [name, { entry }] of this.#entries) {
      if (signal?.aborted) break
      scanned += 1
      if (now - entry.expires >= grace && this.#entries.delete(name)) removed += 1
    }
    return { scanned, removed, damaged: 0, litter: 0, failed: 0, skipped: false }
  }

  /** See {@link Store.close}. The entries are gone with it. */
  async close(): Promise<void> {
    this.#closed = true
    await Promise.allSettled(this.#begun)
    this.#entries.clear()
  }

  async #apply(name: string, change: ChangeFunction): Promise<Updated> {
    for (;;) {
      const found = this.#entries.get(name)
      const wanted = change(found && copyEntry(found.entry), found?.version)
      switch (wanted.kind) {
        case 'keep':
          return { version: found?.version }
        case 'replace': {
          const version = ++this.#lastVersion
          this.#entries.set(name, { entry: copyEntry(wanted.entry), version })
          return { version }
        }
        case 'remove':
          this.#entries.delete(name)
          return {}
        case 'again':
          await Promise.allSettled([wanted.after])
      }
    }
  }

  #check(name: string): void {
    this.#checkOpen()
    if (typeof name === 'string' && NAME.test(name)) return
    throw new SessionError(
      'ERR_SESSION_OPTION',
      'Expected the name of an entry to be 64 lowercase hexadecimal digits',
    )
  }

  #checkOpen(): void {
    if (!this.#closed) return
    throw new SessionError('ERR_SESSION_CLOSED', 'This store is closed: make a new one')
  }
}

// A copy on the way in and on the way out: whoever changes a buffer of his own afterwards changes
// nothing here, as with a file.
function copyEntry({ bytes, expires, subject }: Entry): Entry {
  return { bytes: new Uint8Array(bytes), expires, subject }
}
