import { SessionError } from './errors.ts'
import { checkOption, type Given, readOptions } from './option-check.ts'

/** The cookie that carries a session. */
export interface CookieOptions {
  /**
   * Its name; where it is `Secure`, `__Host-` or `__Secure-` is put before it (RFC 6265bis section
   * 4.1.3). Letters, digits, `-`, `_` and `.`. Default `'sid'`.
   */
  readonly name?: string | undefined
  /** The path it is sent for. Default `'/'`. */
  readonly path?: string | undefined
  /** The domain whose subdomains get it too. Default: none, it goes to this host alone. */
  readonly domain?: string | undefined
  /**
   * Whether requests from other sites carry it. `'strict'` also leaves it out when somebody follows
   * a link to you, and breaks sign-in by OAuth. Default `'lax'`; with `partitioned` `'none'`.
   */
  readonly sameSite?: 'strict' | 'lax' | 'none' | undefined
  /**
   * Whether it travels over https only. `'auto'`: always, but on plain http in development (a
   * loopback `Host`, a loopback or private peer, no sign of a proxy, not `NODE_ENV=production`).
   * Default `'auto'`.
   */
  readonly secure?: boolean | 'auto' | undefined
  /** Whether it outlives the browser. `setExpiry()` decides for one session. Default `false`. */
  readonly persistent?: boolean | undefined
  /**
   * For applications embedded in other sites: a jar of its own for each of them. Default `false`.
   */
  readonly partitioned?: boolean | undefined
  /** Which cookies a full browser drops last. Default: none is sent. */
  readonly priority?: 'low' | 'medium' | 'high' | undefined
}

/** The cookie options that have a default. */
export type CookieDefaults = Required<
  Pick<Given<CookieOptions>, 'name' | 'path' | 'sameSite' | 'secure' | 'persistent'>
>

/** {@link CookieOptions}, checked and complete. */
export interface ResolvedCookieOptions {
  readonly name: string
  readonly path: string
  readonly domain: string | undefined
  readonly sameSite: 'strict' | 'lax' | 'none'
  readonly secure: boolean | 'auto'
  readonly persistent: boolean
  readonly partitioned: boolean
  readonly priority: 'low' | 'medium' | 'high' | undefined
}

const NAMES = new Set([
  'name',
  'path',
  'domain',
  'sameSite',
  'secure',
  'persistent',
  'partitioned',
  'priority',
])

/** Checks the cookie options and fills in the defaults. Throws `ERR_SESSION_OPTION`. */
export function resolveCookieOptions(
  given: CookieOptions,
  defaults: CookieDefaults,
): ResolvedCookieOptions {
  const { partitioned = false, ...read } = readOptions("the option 'cookie'", given, NAMES)
  const sameSite = partitioned ? { sameSite: 'none' as const } : {}
  const cookie = { ...defaults, ...sameSite, ...read }
  const { name, path, domain, secure, persistent, priority } = cookie
  checkOption(
    'cookie.name',
    name,
    "a name of letters, digits, '-', '_' and '.', without the prefix __Host- or __Secure-, which is added where it belongs",
    isCookieName(name),
  )
  checkOption(
    'cookie.path',
    path,
    "a path that begins with '/'",
    typeof path === 'string' && /^\/[\x21-\x3a\x3c-\x7e]{0,1023}$/.test(path),
  )
  checkOption('cookie.domain', domain, 'a host name', domain === undefined || isHostName(domain))
  checkOption(
    'cookie.sameSite',
    cookie.sameSite,
    "'strict', 'lax' or 'none'",
    ['strict', 'lax', 'none'].includes(cookie.sameSite),
  )
  checkOption(
    'cookie.secure',
    secure,
    "true, false or 'auto'",
    [true, false, 'auto'].includes(secure),
  )
  checkOption('cookie.persistent', persistent, 'true or false', typeof persistent === 'boolean')
  checkOption('cookie.partitioned', partitioned, 'true or false', typeof partitioned === 'boolean')
  checkOption(
    'cookie.priority',
    priority,
    "'low', 'medium' or 'high'",
    priority === undefined || ['low', 'medium', 'high'].includes(priority),
  )
  if (secure === false && (cookie.sameSite === 'none' || partitioned)) {
    throw new SessionError(
      'ERR_SESSION_OPTION',
      "Browsers refuse a cookie with sameSite: 'none' or partitioned: true that is not Secure: leave out the option 'cookie.secure'",
    )
  }
  return {
    name,
    path,
    domain,
    sameSite: cookie.sameSite,
    secure,
    persistent,
    partitioned,
    priority,
  }
}

function isCookieName(value: unknown): boolean {
  return (
    typeof value === 'string' &&
    /^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,63}$/.test(value) &&
    !/^__(host|secure)-/i.test(value)
  )
}

function isHostName(value: unknown): boolean {
  return (
    typeof value === 'string' &&
    value.length <= 253 &&
    /^\.?[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/i.test(value)
  )
}
