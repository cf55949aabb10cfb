import { bytesToText } from './byte-text.ts'
import { keyIdOf, open, seal } from './envelope.ts'
import { endOf } from './expiry.ts'
import type { RandomBytes, SessionId } from './id.ts'
import type { Keyring } from './keyring.ts'
import { decodeRecord, encodeRecord, type SessionRecord } from './record.ts'
import { type CachedRecord, RecordCache } from './record-cache.ts'
import type { Change, ChangeFunction, Entry, Store, Version } from './store.ts'

/** Why an entry that is there is no session to us. */
export type Unreadable = 'damaged' | 'unopened' | 'unknown-key'

/** A record that was read. */
export interface ReadRecord {
  readonly record: SessionRecord
  /** `true` when it is sealed under another key than the first. */
  readonly isStale: boolean
}

/** What is to become of a record: stored in place of the newest, left alone, or removed. */
export type RecordChange = SessionRecord | 'keep' | 'remove'

/** A record, and how it was sealed. */
type OpenedRecord = Omit<CachedRecord, 'version'>

/**
 * Records, sealed, in a store: here ids become names and records become bytes, and back. It
 * remembers what it read last, so that an unchanged entry is neither read nor opened again.
 */
export class SealedStore {
  readonly #store: Store
  readonly #keyring: Keyring
  readonly #random: RandomBytes
  readonly #cache: RecordCache

  /** `cacheBytes`: the most that is remembered, in bytes. */
  constructor(store: Store, keyring: Keyring, random: RandomBytes, cacheBytes: number) {
    this.#store = store
    this.#keyring = keyring
    this.#random = random
    this.#cache = new RecordCache(cacheBytes)
  }

  /**
   * The newest record of an id, `undefined` when there is none, or why it cannot be read. Rejects
   * when the store cannot tell.
   */
  async read(id: SessionId): Promise<ReadRecord | Unreadable | undefined> {
    if (!this.#keyring.isReady) await this.#keyring.ready()
    const cached = this.#usable(id.name)
    const found = await this.#store.read(id.name, cached?.version)
    if (found === 'unchanged' && cached !== undefined) return this.#present(cached)
    if (typeof found !== 'object') {
      this.#cache.delete(id.name)
      return found === 'damaged' ? found : undefined
    }
    if (this.#isForeign(found.entry)) await this.#keyring.refresh()
    const opened = this.#openNewest(id, found.entry.bytes)
    if (opened !== undefined) {
      this.#remember(id.name, opened, found.version)
      return this.#present(opened)
    }
    this.#cache.delete(id.name)
    return this.#isForeign(found.entry) ? 'unknown-key' : 'unopened'
  }

  /** As {@link read}, at once: `undefined` where only that can tell. */
  recall(id: SessionId): ReadRecord | undefined {
    const cached = this.#usable(id.name)
    if (cached === undefined || !this.#isCurrent(id.name, cached.version)) return undefined
    return this.#present(cached)
  }

  /** A store that throws, which it must not, is asked by the other way: that failure is told. */
  #isCurrent(name: string, version: Version): boolean {
    try {
      return this.#store.isCurrent?.(name, version) === true
    } catch {
      return false
    }
  }

  /**
   * Runs `change` on the newest record and does what it answers, atomically. Like the change of a
   * store it may run several times, and only its last answer counts. What cannot be read may be
   * removed, but not replaced.
   */
  async update(
    id: SessionId,
    change: (newest: SessionRecord | Unreadable | undefined) => RecordChange,
    durable: boolean,
  ): Promise<void> {
    if (!this.#keyring.isReady) await this.#keyring.ready()
    let refreshed = false
    let refusal: { readonly error: unknown } | undefined
    let written: OpenedRecord | undefined
    const changeEntry: ChangeFunction = (entry, version): Change => {
      written = undefined
      if (refusal !== undefined) throw refusal.error
      const opened = typeof entry === 'object' ? this.#openNewest(id, entry.bytes, version) : entry
      if (typeof entry === 'object' && opened === undefined && !refreshed) {
        refreshed = true
        const refuse = (error: unknown): void => {
          refusal = { error }
        }
        if (this.#isForeign(entry)) {
          return { kind: 'again', after: this.#keyring.refresh().catch(refuse) }
        }
      }
      const newest = typeof entry === 'object' && opened === undefined ? 'unopened' : opened
      const answer = change(typeof newest === 'object' ? newest.record : newest)
      if (answer === 'keep' || answer === 'remove') return { kind: answer }
      const { primary } = this.#keyring
      const bytes = seal(primary, id, encodeRecord(answer), this.#random)
      const sealed = version === undefined ? bytesToText(bytes) : undefined
      written = { record: answer, key: primary, sealed }
      return { kind: 'replace', entry: { bytes, expires: Math.max(0, endOf(answer)) } }
    }
    try {
      const { version } = await this.#store.update(id.name, changeEntry, { durable })
      if (written === undefined || version === undefined) this.#cache.delete(id.name)
      else this.#remember(id.name, written, version)
    } catch (error) {
      this.#cache.delete(id.name)
      throw error
    }
  }

  /** Whether an entry is sealed under a key that is in no ring of ours. */
  #isForeign(entry: Entry): boolean {
    const keyId = keyIdOf(entry.bytes)
    return keyId !== undefined && this.#keyring.withId(keyId).length === 0
  }

  /** As {@link #open}; what is remembered, by its version or byte for byte, was opened before. */
  #openNewest(
    id: SessionId,
    bytes: Uint8Array,
    version?: Version | undefined,
  ): OpenedRecord | undefined {
    const cached = this.#usable(id.name)
    if (version !== undefined && cached?.version === version) return cached
    const sealed = bytesToText(bytes)
    return sealed === cached?.sealed ? cached : this.#open(id, bytes, sealed)
  }

  #open(id: SessionId, bytes: Uint8Array, sealed: string): OpenedRecord | undefined {
    const opened = open(this.#keyring, id, bytes)
    const record = opened && decodeRecord(opened.text)
    return opened && record && { record, key: opened.key, sealed }
  }

  #present({ record, key }: OpenedRecord): ReadRecord {
    return { record, isStale: key !== this.#keyring.primary }
  }

  /**
   * A remembered record, unless its key has left the ring: what that sealed does not open any more.
   */
  #usable(name: string): CachedRecord | undefined {
    const cached = this.#cache.get(name)
    if (cached === undefined || this.#keyring.holds(cached.key)) return cached
    this.#cache.delete(name)
    return undefined
  }

  #remember(name: string, { record, key, sealed }: OpenedRecord, version: Version): void {
    this.#cache.set(name, { version, record, key, sealed })
  }
}
