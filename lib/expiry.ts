import { type Duration, describe, parseDuration } from './duration.ts'
import { SessionError } from './errors.ts'

/**
 * When a session is to end: after a {@link Duration} without a request, at a `Date`, with the
 * browser (`'browser'` or 0), or as the options say (`null`).
 */
export type Expiry = Duration | Date | 'browser' | null

/** The times of a session. All in milliseconds, moments since the epoch. */
export interface Lifetime {
  /** When it began. Only a change of id moves it. */
  readonly created: number
  /** When it ends, whatever happens. */
  readonly deadline: number
  /** How long it lives without a request; `null`: no such limit. */
  readonly idle: number | null
  /**
   * The last activity that was stored: less than {@link renewalInterval} before the last one there
   * was.
   */
  readonly active: number
  /** Whether its cookie outlives the browser. Default: as the cookie option says. */
  readonly persistent?: boolean
}

/** The part of a {@link Lifetime} that `setExpiry()` sets. It merges as one value. */
export type Limits = Pick<Lifetime, 'deadline' | 'idle' | 'persistent'>

/** The limits of a session that never said otherwise, in milliseconds. */
export interface DefaultLimits {
  readonly idle: number
  readonly absolute: number
}

/** The longest {@link renewalInterval}: 5 minutes in milliseconds. */
const LONGEST_RENEWAL_INTERVAL = 300_000

/** The limits of a session that began at `created`. */
export function defaultLimits(defaults: DefaultLimits, created: number): Limits {
  return { deadline: created + defaults.absolute, idle: defaults.idle }
}

/**
 * The limits that `setExpiry(expiry)` gives a session that began at `created`. `name` is what a
 * message calls it. Throws `ERR_SESSION_OPTION` for what is no {@link Expiry}, and for a number
 * from 1 to 999: Django counts seconds, so it is more likely one of those.
 */
export function parseExpiry(
  name: string,
  expiry: unknown,
  defaults: DefaultLimits,
  created: number,
  now: number,
): Limits {
  const limits = currentLimits(defaults, created, now)
  if (expiry === null) return limits
  if (expiry === 'browser' || expiry === 0) return { ...limits, persistent: false }
  if (expiry instanceof Date && !Number.isNaN(expiry.getTime())) {
    return { idle: null, deadline: Math.max(0, expiry.getTime()), persistent: true }
  }
  if (typeof expiry === 'number' && expiry > 0 && expiry < 1000) {
    throw new SessionError(
      'ERR_SESSION_OPTION',
      `Expected ${name} to be in milliseconds, got ${describe(expiry)}: did you mean '${expiry}s'?`,
    )
  }
  const idle = parseDuration(name, expiry)
  return { idle, deadline: Math.max(limits.deadline, now + idle), persistent: true }
}

/**
 * The default limits, of which a session that lives longer by then may have the idle time at least.
 */
function currentLimits(defaults: DefaultLimits, created: number, now: number): Limits {
  const limits = defaultLimits(defaults, created)
  return limits.deadline > now ? limits : { ...limits, deadline: now + defaults.idle }
}

/** The limits under a new id: the absolute deadline starts anew, a `Date` that was set stands. */
export function renewLimits(limits: Limits, defaults: DefaultLimits, now: number): Limits {
  if (limits.idle === null) return limits
  return { ...limits, deadline: Math.max(limits.deadline, now + defaults.absolute) }
}

/** The limits alone, of a lifetime that may carry more. */
export function limitsOf({ deadline, idle, persistent }: Limits): Limits {
  return persistent === undefined ? { deadline, idle } : { deadline, idle, persistent }
}

/** Whether two limits are the same. */
export function equalLimits(a: Limits, b: Limits): boolean {
  return a.deadline === b.deadline && a.idle === b.idle && a.persistent === b.persistent
}

/** How often at the most activity alone is stored: a twentieth of `idle`, 5 minutes at the most. */
export function renewalInterval(idle: number): number {
  return Math.min(idle / 20, LONGEST_RENEWAL_INTERVAL)
}

/**
 * The moment a session ends. The {@link renewalInterval} is added to the idle time, since that much
 * activity may not have been stored: nobody is put out early.
 */
export function endOf({ deadline, idle, active }: Lifetime): number {
  if (idle === null) return deadline
  return Math.min(deadline, Math.ceil(active + idle + renewalInterval(idle)))
}

/** Whether a session is over. Final: nothing revives it. */
export function isExpired(lifetime: Lifetime, now: number): boolean {
  return now >= endOf(lifetime)
}

/** Whether activity now is to be stored. */
export function isRenewalDue({ idle, active }: Lifetime, now: number): boolean {
  return idle !== null && now - active >= renewalInterval(idle)
}

/** Milliseconds a session has left when it was last in use at `active`. */
export function remainingTime({ idle, deadline }: Limits, active: number, now: number): number {
  const end = idle === null ? deadline : Math.min(deadline, active + idle)
  return Math.max(0, end - now)
}

/** When the cookie of a session ends, `undefined`: with the browser. `lasts` is the default. */
export function cookieEnd({ persistent, deadline }: Limits, lasts: boolean): number | undefined {
  return (persistent ?? lasts) ? deadline : undefined
}
