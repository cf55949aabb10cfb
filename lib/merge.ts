import type { SerializedData } from './record.ts'

/** What {@link mergeData} makes. */
export interface Merged {
  /** The values that are to be stored. */
  readonly merged: SerializedData
  /** The keys that both sides changed, to different values. */
  readonly conflicts: readonly string[]
}

/**
 * Three-way merge by top-level key: the keys `mine` changed since `base` go over `theirs`, the
 * newest.
 *
 * Changed means added, removed or another JSON text. A key that both changed differently is a
 * conflict, and `mine`, the later commit, wins.
 */
export function mergeData(
  base: SerializedData,
  mine: SerializedData,
  theirs: SerializedData,
): Merged {
  const merged = new Map(theirs)
  const conflicts: string[] = []
  for (const key of new Set([...theirs.keys(), ...mine.keys(), ...base.keys()])) {
    const value = mine.get(key)
    const before = base.get(key)
    if (value === before) continue
    const other = theirs.get(key)
    if (other !== before && other !== value) conflicts.push(key)
    if (value === undefined) merged.delete(key)
    else merged.set(key, value)
  }
  return { merged, conflicts }
}
