/**
 * What sessions do, written a second time: from the promises, in plain data, without a store, a
 * cache, an await or a byte. `test/proof/model.test.ts` compares the library with it.
 */

/** The data of a session. */
export type ModelData = Readonly<Record<string, number | string>>

/** When a session ends, in milliseconds. */
export interface ModelLimits {
  readonly deadline: number
  readonly idle: number | null
  readonly persistent?: boolean
}

/** A session as it is stored. */
export interface ModelSession {
  readonly data: ModelData
  readonly created: number
  readonly active: number
  readonly limits: ModelLimits
}

/** The cookie that a response is to carry. */
export type ModelCookie = { readonly id: number; readonly maxAge: number | undefined } | 'clear'

/** What a handler does. An expiry is what `setExpiry()` is given; `at` counts from now. */
export type ModelAction =
  | { readonly kind: 'set'; readonly key: string; readonly value: number | string }
  | { readonly kind: 'delete'; readonly key: string }
  | { readonly kind: 'save' | 'reload' | 'count' | 'null' | 'destroy' }
  | { readonly kind: 'regenerate'; readonly keep: boolean }
  | {
      readonly kind: 'expiry'
      readonly expiry: number | 'browser' | null | { readonly at: number }
    }

/** The default of the option `idle`. */
export const IDLE: number = 86_400_000
/** The default of the option `absolute`. */
export const ABSOLUTE: number = 14 * IDLE

/** All there is: what is stored, and the time. */
export class ModelWorld {
  now: number
  readonly sessions: Map<number, ModelSession> = new Map()
  /** Those that were ended, for good. */
  readonly ended: Set<number> = new Set()
  /** The keys of all conflicts, in order. */
  readonly conflicts: string[] = []
  lastId = 0

  constructor(now: number) {
    this.now = now
  }

  /** One that goes its own way. */
  copy(): ModelWorld {
    const copy = new ModelWorld(this.now)
    for (const [id, session] of this.sessions) copy.sessions.set(id, session)
    for (const id of this.ended) copy.ended.add(id)
    copy.conflicts.push(...this.conflicts)
    copy.lastId = this.lastId
    return copy
  }

  /** The session, unless it was ended or is over. */
  find(id: number | undefined): ModelSession | undefined {
    const session = id === undefined ? undefined : this.sessions.get(id)
    return session && this.now < endOf(session) ? session : undefined
  }

  add(session: ModelSession): number {
    this.lastId += 1
    this.sessions.set(this.lastId, session)
    return this.lastId
  }

  remove(id: number): void {
    this.sessions.delete(id)
    this.ended.add(id)
  }
}

/** When a session is over: the idle time and what activity may not have been stored, or its deadline. */
export function endOf({ active, limits: { deadline, idle } }: ModelSession): number {
  return idle === null ? deadline : Math.min(deadline, Math.ceil(active + idle + throttle(idle)))
}

/** How often activity alone is stored, at the most. */
export function throttle(idle: number): number {
  return Math.min(idle / 20, 300_000)
}

/** One request, from its load to its end. */
export interface ModelVisit {
  readonly hadCookie: boolean
  readonly began: number
  readonly first: ModelData
  id: number | undefined
  /** What is stored, as it was last seen. */
  base: ModelSession | undefined
  /** What the handler sees. */
  data: ModelData
  limits: ModelLimits | undefined
  hasOwnId: boolean
  isGone: boolean
  ending: { readonly id: number | undefined } | undefined
  isCleared: boolean
  cookie: ModelCookie | undefined
}
