import { RecentMap } from '../../lib/recent-map.ts'

/** The highest sequence seen of each session, for the latest of them only: memory stays bounded. */
export class HighWater {
  readonly #capacity: number
  readonly #marks = new RecentMap<number>()

  /** Remembers at most `capacity` sessions. */
  constructor(capacity = 10_000) {
    this.#capacity = capacity
  }

  /** The highest sequence read or acknowledged here; 0 when none is remembered. */
  get(name: string): number {
    return this.#marks.get(name) ?? 0
  }

  /** Raises the mark. */
  note(name: string, sequence: number): void {
    this.#marks.set(name, Math.max(sequence, this.get(name)))
    if (this.#marks.size > this.#capacity) this.#marks.deleteOldest()
  }

  /** Forgets the mark: what the file holds is not known any more. */
  forget(name: string): void {
    this.#marks.delete(name)
  }
}
