import type { BigIntStats } from 'node:fs'

/**
 * A file's change time moves in steps of the kernel's clock tick, 10 ms at the longest (100 Hz).
 * Twice that, for safety.
 */
const SETTLED_MILLISECONDS = 20

/** The part of a file's metadata that tells its states apart, a fifth of the whole. */
export type FileState = Pick<BigIntStats, 'ino' | 'size' | 'mtimeNs' | 'ctimeNs'>

/** That part of what a look has seen, for keeping. */
export function stateOf({ ino, size, mtimeNs, ctimeNs }: BigIntStats): FileState {
  return { ino, size, mtimeNs, ctimeNs }
}

/** Whether two looks at a file have seen it in the same state, as far as looks can tell. */
export function isSameState(one: FileState, other: FileState): boolean {
  return (
    one.ino === other.ino &&
    one.size === other.size &&
    one.mtimeNs === other.mtimeNs &&
    one.ctimeNs === other.ctimeNs
  )
}

/** What tells two states of a session file apart. */
export class FileVersion {
  readonly #state: FileState
  /** When this very state was first seen, in milliseconds of the monotonic clock. */
  readonly seen: number
  /**
   * Whether equal stats prove equal content.
   *
   * A change within the same clock tick as the last one leaves all times as they are (Git's "racily
   * clean" entries). So content counts as known only when it was read so long after these stats
   * were first seen that any later change must have a later time.
   */
  readonly clean: boolean

  constructor(stats: BigIntStats, seen: number, clean = false) {
    this.#state = stateOf(stats)
    this.seen = seen
    this.clean = clean
  }

  /** Whether these are the stats of this version. */
  matches(stats: BigIntStats): boolean {
    return isSameState(this.#state, stats)
  }

  /**
   * The version of content that began to be read at `readAt`, under `stats` that were there by
   * then.
   */
  static ofContent(stats: BigIntStats, readAt: number, known: unknown): FileVersion {
    if (!(known instanceof FileVersion && known.matches(stats)))
      return new FileVersion(stats, readAt)
    return new FileVersion(stats, known.seen, readAt - known.seen >= SETTLED_MILLISECONDS)
  }
}
