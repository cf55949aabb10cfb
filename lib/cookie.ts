import type { IncomingMessage } from 'node:http'
import type { ResolvedCookieOptions } from './cookie-options.ts'
import type { SessionId } from './id.ts'
import type { Keyring, VerifiedCookie } from './keyring.ts'

/** The part of a key ring a cookie needs. */
export type CookieKeys = Pick<Keyring, 'recognizeCookie' | 'verifyCookie'>

/** What the Cookie header of a request says. */
export type ReadCookie =
  | { readonly kind: 'none' }
  | { readonly kind: 'forged'; readonly reason: 'malformed' | 'signature' | 'ambiguous' }
  | { readonly kind: 'valid'; readonly id: SessionId; readonly primary: boolean }

/** 400 days in seconds: what browsers cut a longer lifetime down to (RFC 6265bis section 5.5). */
const LONGEST_MAX_AGE = 400 * 86_400

/**
 * How many cookies of our name one request may have verified that were not seen before: more than
 * the 230 for which a header of 16 KB has room, the most Node takes by default. Each costs some 5
 * microseconds.
 */
const MOST_UNKNOWN = 256

/** What a cookie value looks like: base64url of 48 bytes, which has one form only. */
const VALUE = /^[A-Za-z0-9_-]{64}$/

const LOOPBACK_HOST = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?$/i
const PRIVATE_PEER =
  /^(?:::ffff:)?(?:127\.|10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.)[\d.]+$|^::1$|^f[cd][0-9a-f]{2}:/i

/**
 * The session cookie of one application: which name it has for a request, one header in, one header
 * out.
 */
export class SessionCookie {
  readonly #options: ResolvedCookieOptions
  readonly #mayBePlain: boolean
  readonly #warn: (message: string) => void
  readonly #secureName: string
  #sawProxy = false
  #warned = false

  /** `production`: no request is taken for one of development. `warn` is called at most once. */
  constructor(
    options: ResolvedCookieOptions,
    production: boolean,
    warn: (message: string) => void,
  ) {
    this.#options = options
    this.#mayBePlain =
      options.secure === 'auto' &&
      !production &&
      options.sameSite !== 'none' &&
      !options.partitioned
    this.#warn = warn
    const { name, domain, path } = options
    const isOfHost = domain === undefined && path === '/'
    this.#secureName = isOfHost ? `__Host-${name}` : `__Secure-${name}`
  }

  /** Whether the cookie of this request is `Secure`, which its name tells too. */
  isSecure(request: IncomingMessage): boolean {
    if (this.#options.secure !== 'auto') return this.#options.secure
    if (!this.#mayBePlain) return true
    this.#sawProxy ||= hasProxySign(request)
    return this.#sawProxy || !isPlainDevelopment(request)
  }

  /** The name the cookie has when it is `Secure` and when it is not. */
  nameOf(secure: boolean): string {
    return secure ? this.#secureName : this.#options.name
  }

  /**
   * The one valid session cookie among the {@link values} of a request. Junk beside it is ignored;
   * two valid ones of different sessions are refused, since one of them was planted.
   */
  read(values: readonly string[], keys: CookieKeys): ReadCookie {
    if (values.length === 0) return { kind: 'none' }
    const known = this.recognize(values, keys)
    if (known !== undefined) return { kind: 'valid', id: known.id, primary: known.primary }
    const wellFormed = values.filter((value) => VALUE.test(value))
    const verified = verifyAll(wellFormed, keys)
    const [first] = verified
    if (first === undefined) {
      return { kind: 'forged', reason: wellFormed.length > 0 ? 'signature' : 'malformed' }
    }
    if (verified.some(({ id }) => !id.bytes.equals(first.id.bytes))) {
      return { kind: 'forged', reason: 'ambiguous' }
    }
    return { kind: 'valid', id: first.id, primary: verified.some(({ primary }) => primary) }
  }

  /** What {@link read} says of most requests: the one value they carry is known to be right. */
  recognize(values: readonly string[], keys: CookieKeys): VerifiedCookie | undefined {
    const [value] = values
    return value === undefined || values.length > 1 ? undefined : keys.recognizeCookie(value)
  }

  /** The distinct values the request carries under our name. */
  values(request: IncomingMessage): readonly string[] {
    // Every request is looked at: a sign of a proxy counts for all that come after it.
    const name = this.nameOf(this.isSecure(request))
    const { cookie } = request.headers
    return cookie === undefined ? [] : findValues(cookie, name)
  }

  /**
   * The Set-Cookie that gives the visitor `value`, until `lifetime` milliseconds from now or with
   * the browser.
   */
  set(request: IncomingMessage, value: string, lifetime: number | undefined): string {
    if (lifetime === undefined) return this.#write(request, value, '')
    const maxAge = Math.min(LONGEST_MAX_AGE, Math.max(0, Math.floor(lifetime / 1000)))
    return this.#write(request, value, `; Max-Age=${maxAge}`)
  }

  /**
   * The Set-Cookie that takes it away, with the attributes it was given with: browsers refuse any
   * other.
   */
  clear(request: IncomingMessage): string {
    return this.#write(request, '', '; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT')
  }

  #write(request: IncomingMessage, value: string, lifetime: string): string {
    const { path, domain, sameSite, partitioned, priority } = this.#options
    const secure = this.isSecure(request)
    if (secure) this.#warnOfRefusal(request)
    return [
      `${this.nameOf(secure)}=${value}; Path=${path}`,
      domain === undefined ? '' : `; Domain=${domain}`,
      lifetime,
      '; HttpOnly',
      secure ? '; Secure' : '',
      `; SameSite=${capitalize(sameSite)}`,
      partitioned ? '; Partitioned' : '',
      priority === undefined ? '' : `; Priority=${capitalize(priority)}`,
    ].join('')
  }

  #warnOfRefusal(request: IncomingMessage): void {
    if (this.#warned || !isRefused(request)) return
    this.#warned = true
    this.#warn(
      'The session cookie is Secure, but this request came over plain http: a browser will refuse the cookie. ' +
        'Behind a proxy that ends https, have it send X-Forwarded-Proto and set app.proxy = true; ' +
        'without https, use session({ cookie: { secure: false } })',
    )
  }
}

/**
 * The right ones among the values: all that are known to be, and what the first of the others prove
 * to be.
 */
function verifyAll(values: readonly string[], keys: CookieKeys): readonly VerifiedCookie[] {
  let unknown = 0
  return values.flatMap((value) => {
    const known = keys.recognizeCookie(value)
    if (known !== undefined) return [known]
    unknown += 1
    const verified = unknown > MOST_UNKNOWN ? undefined : keys.verifyCookie(value)
    return verified === undefined ? [] : [verified]
  })
}

/**
 * The distinct values of the cookies with exactly this name, as they stand: nothing is decoded and
 * no quotes are taken off, and only space and tab are trimmed, so that no other bytes pass for the
 * name.
 */
function findValues(header: string, name: string): readonly string[] {
  if (!header.includes(name)) return []
  const values: string[] = []
  for (let start = 0; start < header.length; ) {
    const semicolon = header.indexOf(';', start)
    const end = semicolon === -1 ? header.length : semicolon
    const named = skipBlanks(header, start, end)
    if (header.startsWith(name, named)) {
      const equals = skipBlanks(header, named + name.length, end)
      if (equals < end && header[equals] === '=') values.push(trim(header, equals + 1, end))
    }
    start = end + 1
  }
  return values.length > 1 ? [...new Set(values)] : values
}

/** The part of a text from `start` to `end`, without the blanks around it. */
function trim(text: string, start: number, end: number): string {
  const first = skipBlanks(text, start, end)
  let last = end
  while (last > first && isBlank(text, last - 1)) last -= 1
  return text.slice(first, last)
}

function skipBlanks(text: string, start: number, end: number): number {
  let index = start
  while (index < end && isBlank(text, index)) index += 1
  return index
}

function isBlank(text: string, index: number): boolean {
  return text[index] === ' ' || text[index] === '\t'
}

function capitalize(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1)
}

function isEncrypted(request: IncomingMessage): boolean {
  return (request.socket as { readonly encrypted?: boolean }).encrypted === true
}

/** HTTP/2 has it under another name (RFC 9113 section 8.3.1). */
function hostOf({ headers }: IncomingMessage): string {
  return headers.host ?? String(headers[':authority'] ?? '')
}

function hasProxySign({ headers, httpVersion }: IncomingMessage): boolean {
  if (headers.via !== undefined || headers.forwarded !== undefined || httpVersion === '1.0')
    return true
  if (headers.origin?.startsWith('https:') || headers.referer?.startsWith('https:')) return true
  for (const name in headers) if (name.startsWith('x-forwarded-')) return true
  return false
}

function isPlainDevelopment(request: IncomingMessage): boolean {
  return (
    !isEncrypted(request) &&
    LOOPBACK_HOST.test(hostOf(request)) &&
    PRIVATE_PEER.test(request.socket.remoteAddress ?? '')
  )
}

/**
 * Whether a browser sees this response as plain http. Browsers take Secure cookies from loopback
 * hosts all the same.
 */
function isRefused(request: IncomingMessage): boolean {
  if (isEncrypted(request) || LOOPBACK_HOST.test(hostOf(request))) return false
  const forwarded = String(request.headers['x-forwarded-proto'] ?? request.headers.forwarded ?? '')
  if (forwarded !== '') return !/https/i.test(forwarded)
  return !hasProxySign(request)
}
