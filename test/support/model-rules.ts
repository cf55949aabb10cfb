import {
  ABSOLUTE,
  IDLE,
  type ModelAction,
  type ModelData,
  type ModelLimits,
  type ModelSession,
  type ModelVisit,
  type ModelWorld,
} from './model.ts'

/** What a request changed, over the newest; and the keys that both changed. */
export function merge(
  { data, limits }: ModelVisit,
  base: ModelSession,
  newest: ModelSession,
): { data: ModelData; conflicts: string[] } {
  const merged: Record<string, number | string> = { ...newest.data }
  const conflicts: string[] = []
  for (const key of new Set([...Object.keys(base.data), ...Object.keys(data)])) {
    const [mine, before, theirs] = [data[key], base.data[key], newest.data[key]]
    if (mine === before) continue
    if (theirs !== before && theirs !== mine) conflicts.push(key)
    if (mine === undefined) delete merged[key]
    else merged[key] = mine
  }
  const isMoved = !isSame(newest.limits, base.limits)
  if (limits && isMoved && !isSame(limits, newest.limits)) conflicts.push('setExpiry')
  return { data: merged, conflicts }
}

/** What `setExpiry()` sets. */
export function limitsFor(
  world: ModelWorld,
  { base, began }: ModelVisit,
  expiry: Extract<ModelAction, { kind: 'expiry' }>['expiry'],
): ModelLimits {
  const { now } = world
  const natural = (base?.created ?? began) + ABSOLUTE
  const deadline = natural > now ? natural : now + IDLE
  if (expiry === null) return { deadline, idle: IDLE }
  if (expiry === 'browser') return { deadline, idle: IDLE, persistent: false }
  if (typeof expiry === 'object') {
    return { deadline: now + expiry.at, idle: null, persistent: true }
  }
  return { deadline: Math.max(deadline, now + expiry), idle: expiry, persistent: true }
}

/** A sign-in is a new `user`, in a session whose id others may know. */
export function isSignIn({ hasOwnId, first }: ModelVisit, data: ModelData): boolean {
  return !hasOwnId && data.user !== undefined && data.user !== first.user
}

/** Whether anything is to be stored. */
export function isChanged({ base, data, limits }: ModelVisit): boolean {
  if (limits && base && !isSame(limits, base.limits)) return true
  return !isSame(data, base?.data ?? {})
}

/** Whether a request only took away. */
export function isReduced({ data, limits }: ModelVisit, base: ModelSession): boolean {
  return !limits && Object.entries(data).every(([key, value]) => base.data[key] === value)
}

/** Whether two have the same members. */
export function isSame(one: object, other: object): boolean {
  const [a, b] = [Object.entries(one), new Map(Object.entries(other))]
  return a.length === b.size && a.every(([key, value]) => b.get(key) === value)
}

/** When the cookie ends; undefined: with the browser. */
export function cookieEnd({ persistent, deadline }: ModelLimits): number | undefined {
  return persistent ? deadline : undefined
}
