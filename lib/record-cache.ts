import type { SealKey } from './keyring.ts'
import { KEPT_BYTES_PER_UNIT } from './known-data.ts'
import { RecentMap } from './recent-map.ts'
import type { SessionRecord } from './record.ts'
import type { Version } from './store.ts'

/** A record as it was last seen in the store. */
export interface CachedRecord {
  readonly version: Version
  readonly record: SessionRecord
  /** The key it is sealed under. */
  readonly key: SealKey
  /**
   * The envelope it was sealed in, as a text. Undefined where the store tells versions apart when an
   * entry is changed, so that nobody needs it.
   */
  readonly sealed: string | undefined
}

/**
 * What an entry takes beside its texts, in bytes: names, numbers and the map's own share, rounded
 * up.
 */
const OVERHEAD_BYTES = 512

/**
 * The records used lately, by name, up to a number of bytes. What their data say is counted as if it
 * were kept as much as it may be.
 */
export class RecordCache {
  readonly #maxBytes: number
  #records = new RecentMap<CachedRecord>()
  #bytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  get(name: string): CachedRecord | undefined {
    return this.#records.get(name)
  }

  set(name: string, cached: CachedRecord): void {
    this.#bytes += sizeOf(cached)
    this.#release(this.#records.set(name, cached))
    while (this.#bytes > this.#maxBytes) this.#release(this.#records.deleteOldest())
  }

  delete(name: string): void {
    this.#release(this.#records.delete(name))
  }

  clear(): void {
    this.#records = new RecentMap()
    this.#bytes = 0
  }

  #release(removed: CachedRecord | undefined): void {
    if (removed !== undefined) this.#bytes -= sizeOf(removed)
  }
}

function sizeOf({ record, sealed }: CachedRecord): number {
  const { length } = record.data
  return (2 + KEPT_BYTES_PER_UNIT) * length + (sealed?.length ?? 0) + OVERHEAD_BYTES
}
