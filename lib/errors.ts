/**
 * Every code an error of this library can have. Codes are stable: match on them, not on messages.
 *
 * - `ERR_SESSION_OPTION`: an option or argument is not what it must be.
 * - `ERR_SESSION_KEY_WEAK`: a secret can be guessed; the application must not start with it.
 * - `ERR_SESSION_KEY_FILE`: the generated key ring is damaged, or not a private file of ours.
 * - `ERR_SESSION_KEY_RESERVED`: a session key has the name of a member (`save`, `maxAge`, …) or is
 *   `__proto__`.
 * - `ERR_SESSION_VALUE`: a session value has no JSON form (a BigInt, a cycle, a function, a Map,
 *   …).
 * - `ERR_SESSION_TOO_LARGE`: the session is larger than `maxBytes`.
 * - `ERR_SESSION_UPDATE`: the function given to `update()` is not synchronous.
 * - `ERR_SESSION_GONE`: the session was destroyed or has expired meanwhile.
 * - `ERR_SESSION_HEADERS_SENT`: the response has begun, so no cookie can be sent any more.
 * - `ERR_SESSION_NOT_READY`: `ctx.session` was assigned before `app.use(session())` ran.
 * - `ERR_SESSION_LOCK_TIMEOUT`: another process held a session's lock for too long.
 * - `ERR_SESSION_DIRECTORY`: the data directory is not one that sessions may be kept in.
 * - `ERR_SESSION_STORE`: the store failed; `cause` has the reason.
 * - `ERR_SESSION_CLOSED`: `close()` was called.
 */
export type SessionErrorCode =
  | 'ERR_SESSION_OPTION'
  | 'ERR_SESSION_KEY_WEAK'
  | 'ERR_SESSION_KEY_FILE'
  | 'ERR_SESSION_KEY_RESERVED'
  | 'ERR_SESSION_VALUE'
  | 'ERR_SESSION_TOO_LARGE'
  | 'ERR_SESSION_UPDATE'
  | 'ERR_SESSION_GONE'
  | 'ERR_SESSION_HEADERS_SENT'
  | 'ERR_SESSION_NOT_READY'
  | 'ERR_SESSION_LOCK_TIMEOUT'
  | 'ERR_SESSION_DIRECTORY'
  | 'ERR_SESSION_STORE'
  | 'ERR_SESSION_CLOSED'

/** What a {@link SessionError} may carry beside its code and message. */
export interface SessionErrorOptions {
  /** The error beneath, kept as `error.cause`. */
  readonly cause?: unknown
  /**
   * The status of the response that it becomes. Default: 503 for what may pass by itself, else 500.
   */
  readonly status?: 500 | 503
  /**
   * Only for a failed write: `'unknown'` when it may or may not have reached the store. Default:
   * absent.
   */
  readonly committed?: 'unknown'
}

/** What is wrong with the server for now, rather than with a request or the application. */
const PASSING: ReadonlySet<SessionErrorCode> = new Set<SessionErrorCode>([
  'ERR_SESSION_LOCK_TIMEOUT',
  'ERR_SESSION_KEY_FILE',
  'ERR_SESSION_DIRECTORY',
  'ERR_SESSION_CLOSED',
])

/**
 * The one error class of this library. Its message says what to do, and never holds an id, a key, a
 * value or an absolute path.
 */
export class SessionError extends Error {
  /** See {@link SessionErrorCode}. */
  readonly code: SessionErrorCode
  /** `'unknown'` when a failed write may or may not have reached the store. */
  declare readonly committed?: 'unknown'
  /** The status Koa answers with when nobody catches it: 503 or 500. */
  readonly status: 500 | 503
  /** Koa then sends the reason phrase of the status alone, never the message. */
  readonly expose = false
  /**
   * Koa sends these with the status: `Retry-After`, in seconds, with a 503 (RFC 9110 section
   * 15.6.4).
   */
  readonly headers: Readonly<Record<string, string>>

  constructor(code: SessionErrorCode, message: string, options: SessionErrorOptions = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined)
    this.code = code
    this.status = options.status ?? (PASSING.has(code) ? 503 : 500)
    this.headers = this.status === 503 ? { 'Retry-After': '1' } : {}
    if (options.committed) this.committed = options.committed
  }

  override get name(): string {
    return 'SessionError'
  }
}

/**
 * The error of an operation that needs a cookie, once no cookie can be sent any more. `outcome`:
 * what was not done.
 */
export function headersSent(outcome: string): SessionError {
  return new SessionError(
    'ERR_SESSION_HEADERS_SENT',
    `The response has begun, so no cookie can be sent any more: ${outcome}. Do it before the first byte`,
  )
}

/** The error of an operation on a session that there is no more. */
export function sessionGone(): SessionError {
  return new SessionError(
    'ERR_SESSION_GONE',
    'The session was destroyed, regenerated or has expired meanwhile: nothing was stored. Take ctx.session again',
  )
}

/**
 * An error as it is told of: one of ours as it is, any other as the cause of one with `message`.
 */
export function toSessionError(error: unknown, message: string): SessionError {
  if (error instanceof SessionError) return error
  return new SessionError('ERR_SESSION_STORE', message, { cause: error })
}
