import { type Limits, limitsOf } from './expiry.ts'
import { mergeData } from './merge.ts'
import {
  createRecord,
  joinData,
  type SerializedData,
  type SessionRecord,
  splitData,
} from './record.ts'
import { checkSize } from './serializer.ts'

/** What a request wants a session to become. */
export interface Draft {
  /** The whole data as the request sees it. */
  readonly values: SerializedData
  /** The same as one text, where that is known. */
  readonly text?: string
  /** What `setExpiry()` set in this request. Default: it was not called. */
  readonly limits?: Limits | undefined
}

/** What else a commit does to the merged values. */
export interface CommitConditions {
  /** Changes them; may throw. Default: nothing. */
  readonly transform?: ((values: SerializedData) => SerializedData) | undefined
  /** Whether they must not be stored under the same id. Default: never. */
  readonly isSignIn?: ((values: SerializedData) => boolean) | undefined
}

/** A draft laid over the newest version. */
export interface MergedDraft {
  readonly record: SessionRecord
  /** The keys that both sides changed, where the draft won. */
  readonly conflicts: readonly string[]
  readonly signedIn: boolean
}

const NONE: readonly string[] = []

/** What a conflict of limits is called: no data can have the name of a member. */
const LIMITS_KEY = 'setExpiry'

/**
 * Lays what a request changed since `base` over the newest version, key by key. Activity is now or
 * the newest's, whichever is later; limits are one value.
 *
 * Throws `ERR_SESSION_TOO_LARGE` when the outcome is larger than `maxBytes`, and what `transform`
 * throws.
 */
export function mergeDraft(
  base: SessionRecord,
  draft: Draft,
  newest: SessionRecord,
  now: number,
  maxBytes: number,
  conditions: CommitConditions,
): MergedDraft {
  const data =
    newest.data === base.data
      ? { merged: draft.values, conflicts: NONE }
      : mergeData(splitData(base.data), draft.values, splitData(newest.data))
  const values = conditions.transform?.(data.merged) ?? data.merged
  const isDraft = values === draft.values && draft.text !== undefined
  const text = isDraft ? draft.text : joinData(values)
  checkSize(values, text, maxBytes)
  const limits = mergeLimits(base, draft.limits, newest)
  const { created, active } = newest
  return {
    record: createRecord(limits.merged, created, Math.max(active, now), text),
    conflicts:
      limits.conflicts.length > 0 ? [...data.conflicts, ...limits.conflicts] : data.conflicts,
    signedIn: conditions.isSignIn?.(values) ?? false,
  }
}

function mergeLimits(
  base: Limits,
  mine: Limits | undefined,
  theirs: Limits,
): { merged: Limits; conflicts: readonly string[] } {
  const text = (limits: Limits): string => JSON.stringify(limitsOf(limits))
  if (mine === undefined) return { merged: theirs, conflicts: NONE }
  const conflict = text(theirs) !== text(base) && text(mine) !== text(theirs)
  return { merged: limitsOf(mine), conflicts: conflict ? [LIMITS_KEY] : [] }
}

/** Whether values say nothing that `base` does not say, at whatever level. */
export function isReduced(base: SerializedData, values: SerializedData): boolean {
  return [...values].every(([key, value]) => isPart(value, base.get(key)))
}

/**
 * Whether a JSON text says nothing that `whole` does not say: it is the same, but for members left
 * out.
 */
function isPart(text: string, whole: string | undefined): boolean {
  if (text === whole) return true
  if (whole === undefined || !text.startsWith('{') || !whole.startsWith('{')) return false
  return isReduced(splitData(whole), splitData(text))
}
