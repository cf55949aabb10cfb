import { SessionError } from './errors.ts'

const UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const

/**
 * A duration: a number of milliseconds, or a whole or decimal number and its unit: `'500ms'`,
 * `'30s'`, `'30m'`, `'12h'`, `'1.5d'`, `'2w'`.
 */
export type Duration = number | `${number}${keyof typeof UNITS}`

/**
 * The longest duration accepted: a thousand years of 365 days, in milliseconds. Beyond it dates
 * stop being dates.
 */
const LONGEST = 365_000 * UNITS.d

/**
 * The milliseconds of a {@link Duration}, a whole number above 0.
 *
 * `name` is what the message calls it. Throws `ERR_SESSION_OPTION` for anything else, 0, negative
 * and endless ones too.
 */
export function parseDuration(name: string, value: unknown): number {
  const milliseconds = typeof value === 'string' ? parseText(value) : value
  if (typeof milliseconds === 'number' && milliseconds > 0 && milliseconds <= LONGEST) {
    return Math.max(1, Math.round(milliseconds))
  }
  throw new SessionError(
    'ERR_SESSION_OPTION',
    `Expected ${name} to be a duration, a number of milliseconds above 0 or a string such as '30m', '12h' or '14d', got ${describe(value)}`,
  )
}

function parseText(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d|w)$/.exec(text)
  return match ? Number(match[1]) * UNITS[match[2] as keyof typeof UNITS] : undefined
}

/**
 * What was given, for a message: short values in full, all others by their type. Not for secrets.
 */
export function describe(value: unknown): string {
  if (typeof value === 'string') return describeText(value)
  if (value === null || ['number', 'boolean', 'undefined'].includes(typeof value))
    return String(value)
  if (Array.isArray(value)) return 'an array'
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'an invalid Date' : 'a Date'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}

/** As {@link describe}, for what may be a secret in the wrong place: no text is shown. */
export function describeType(value: unknown): string {
  return typeof value === 'string' ? 'a string' : describe(value)
}

function describeText(text: string): string {
  if (text.length > 40) return 'a long string'
  return /^[\x20-\x7e]*$/.test(text) ? `'${text}'` : 'a string with unusual characters'
}
