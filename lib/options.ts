import {
  type CookieDefaults,
  type CookieOptions,
  type ResolvedCookieOptions,
  resolveCookieOptions,
} from './cookie-options.ts'
import { type Duration, parseDuration } from './duration.ts'
import { checkOption, type Given, readOptions } from './option-check.ts'
import type { Store } from './store.ts'

/** One secret, or several: the first seals, all open. See the option `keys`. */
export type Keys =
  | Secret
  | readonly Secret[]
  | (() => Secret | readonly Secret[] | Promise<Secret | readonly Secret[]>)

/**
 * A secret: 32 random bytes, in hex, base64 or base64url, or a passphrase of 32 characters or more.
 */
export type Secret = string | Uint8Array | import('node:crypto').KeyObject

/** The options of `session()`. None is needed. */
export interface SessionOptions {
  /**
   * Where the default store keeps its files: below it, in a folder named after the cookie. Made
   * when missing, for its owner alone. In production name a lasting, absolute one. Default
   * `'.sessions'`.
   */
  readonly directory?: string | URL | undefined
  /** Where sessions are kept. Default: a `FileStore` in `directory`. */
  readonly store?: Store | undefined
  /**
   * The secret that seals sessions and signs cookies, or several: the first seals, all open. A
   * string may hold several, separated by commas. Default: the environment's `SESSION_KEYS` or
   * `SESSION_SECRET`; else, for the default store, a key ring it makes in `<directory>/keys`.
   * Required with a `store` other than the default one or a `MemoryStore`.
   */
  readonly keys?: Keys | undefined
  /**
   * A session ends after this long without a request: never earlier, at most 5 % later. Default
   * `'1d'`.
   */
  readonly idle?: Duration | undefined
  /** A session ends this long after it began, whatever happens. Default `'14d'`. */
  readonly absolute?: Duration | undefined
  /** The cookie. */
  readonly cookie?: CookieOptions | undefined
  /**
   * How often expired sessions are removed; `false`: never by itself. At most 24 days. Default
   * `'10m'`.
   */
  readonly sweep?: Duration | false | undefined
  /**
   * `true`: a save is on the disk before the response begins. `destroy()` and a change of id always
   * are. Default `false`: a save survives the end of the process, not a power cut.
   */
  readonly durable?: boolean | undefined
  /** The largest session, in bytes of its JSON text, from 64 to 4,194,304. Default 65,536. */
  readonly maxBytes?: number | undefined
  /**
   * The keys whose appearance or replacement means that somebody signed in: the id changes then by
   * itself. A nested one is an array: `['passport', 'user']`. Default: `user`, `userId`, `uid`,
   * `passport`, `role`, `roles`, `isAdmin`. `[]`: never.
   */
  readonly regenerateOn?: readonly (string | readonly string[])[] | undefined
}

type Defaulted =
  | 'directory'
  | 'idle'
  | 'absolute'
  | 'cookie'
  | 'sweep'
  | 'durable'
  | 'maxBytes'
  | 'regenerateOn'

/** Every default. */
export const DEFAULTS: Required<Pick<Given<SessionOptions>, Defaulted>> & {
  readonly cookie: CookieDefaults
} = {
  directory: '.sessions',
  idle: '1d',
  absolute: '14d',
  cookie: { name: 'sid', path: '/', sameSite: 'lax', secure: 'auto', persistent: false },
  sweep: '10m',
  durable: false,
  maxBytes: 65_536,
  regenerateOn: ['user', 'userId', 'uid', 'passport', 'role', 'roles', 'isAdmin'],
}

/**
 * {@link SessionOptions}, checked and complete; durations in milliseconds. `keys` is checked where
 * it is read.
 */
export interface ResolvedOptions {
  readonly directory: string | URL
  readonly store: Store | undefined
  readonly keys: unknown
  readonly idle: number
  readonly absolute: number
  readonly cookie: ResolvedCookieOptions
  readonly sweep: number | false
  readonly durable: boolean
  readonly maxBytes: number
  readonly regenerateOn: readonly (readonly string[])[]
}

/** Setting an interval beyond 2^31 - 1 milliseconds makes Node fire it at once. */
const LONGEST_INTERVAL = 24 * 86_400_000

/**
 * Checks the options and fills in the defaults. Reads each option once, and does no I/O.
 *
 * Throws `ERR_SESSION_OPTION` with the option's name, what was wanted and what was given.
 */
export function resolveOptions(given: SessionOptions = {}): ResolvedOptions {
  const options = { ...DEFAULTS, ...readOptions('the options', given, OPTION_NAMES) }
  const { directory, store, durable, maxBytes, regenerateOn } = options
  checkOption('directory', directory, 'a path or a file: URL', isDirectory(directory))
  checkOption(
    'store',
    store,
    'a store, with read(), update(), entries() and close()',
    store === undefined || isStore(store),
  )
  checkOption('durable', durable, 'true or false', typeof durable === 'boolean')
  checkOption('maxBytes', maxBytes, 'a whole number from 64 to 4194304', isSize(maxBytes))
  checkOption('regenerateOn', regenerateOn, 'an array of keys', Array.isArray(regenerateOn))
  return {
    directory,
    store,
    keys: options.keys,
    idle: parseDuration("the option 'idle'", options.idle),
    absolute: parseDuration("the option 'absolute'", options.absolute),
    cookie: resolveCookieOptions(options.cookie, DEFAULTS.cookie),
    sweep: resolveInterval(options.sweep),
    durable,
    maxBytes,
    regenerateOn: regenerateOn.map(resolvePath),
  }
}

const OPTION_NAMES = new Set([...Object.keys(DEFAULTS), 'store', 'keys'])
function resolveInterval(value: unknown): number | false {
  if (value === false) return false
  const interval = parseDuration("the option 'sweep'", value)
  checkOption('sweep', value, 'at most 24 days', interval <= LONGEST_INTERVAL)
  return interval
}

function resolvePath(value: unknown): readonly string[] {
  const path = typeof value === 'string' ? [value] : value
  const valid =
    Array.isArray(path) && path.length > 0 && path.every((key) => typeof key === 'string')
  checkOption('regenerateOn', value, 'an array of keys, nested ones as arrays of keys', valid)
  return [...(path as string[])]
}

function isDirectory(value: unknown): boolean {
  return value instanceof URL
    ? value.protocol === 'file:' && value.host === '' && !/%2f|%00/i.test(value.pathname)
    : typeof value === 'string' && value !== '' && !value.includes('\0')
}

function isStore(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const verbs: readonly (keyof Store)[] = ['read', 'update', 'entries', 'close']
  return verbs.every((verb) => typeof (value as Partial<Store>)[verb] === 'function')
}

function isSize(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= 64 && (value as number) <= 4_194_304
}
