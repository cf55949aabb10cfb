import type { Data } from './data.ts'
import { SessionError, sessionGone } from './errors.ts'
import type { Expiry } from './expiry.ts'

/** A Node callback: the error or null, called once and outside of the promise. */
export type Callback = (error: Error | null) => void

/** Options of `regenerate()`. */
export interface RegenerateOptions {
  /** Keep the object and its data under the new id. Default `false`: begin with an empty object. */
  readonly keep?: boolean
}

/**
 * What a session object asks of the visit it belongs to. Every method rejects or throws only
 * `SessionError`s and what `fn` throws.
 */
export interface SessionHost {
  readonly isNew: boolean
  readonly ref: string
  readonly expiresIn: number
  readonly expiresWithBrowser: boolean
  readonly maxAge: number
  save(): Promise<void>
  reload(): Promise<void>
  update<Result>(fn: (data: Data) => Result): Promise<Result>
  regenerate(options: RegenerateOptions): Promise<void>
  destroy(): Promise<void>
  setExpiry(expiry: Expiry, name: string): void
  now(): number
}

/**
 * The object a handler holds as `ctx.session`. Its own enumerable properties are the data and
 * nothing else; what is listed here lives on a prototype whose chain ends in null, so
 * `session['__proto__']` is an ordinary key (and a refused one).
 *
 * Assigning to a member's name throws `ERR_SESSION_KEY_RESERVED`.
 */
class SessionObject {
  #host: SessionHost | undefined
  #lastRef = ''

  constructor(host: SessionHost, data: object) {
    this.#host = host
    assignData(this, data)
  }

  /**
   * `true` as long as nothing of it is stored: a first visit, or the moment after `destroy()` and
   * `regenerate()`.
   */
  get isNew(): boolean {
    return this.#host?.isNew ?? false
  }

  /**
   * A handle for logs, 12 hexadecimal digits. Not the id: it opens nothing. Another one after each
   * change of id.
   */
  get ref(): string {
    return this.#host?.ref ?? this.#lastRef
  }

  /** Milliseconds until the session ends if no further request comes. 0 when it is over. */
  get expiresIn(): number {
    return this.#host?.expiresIn ?? 0
  }

  /** The moment of {@link expiresIn}. */
  get expiresAt(): Date {
    return new Date((this.#host?.now() ?? 0) + this.expiresIn)
  }

  /** `true` when the cookie goes with the browser, `false` when it outlives it. */
  get expiresWithBrowser(): boolean {
    return this.#host?.expiresWithBrowser ?? true
  }

  /**
   * koa-session's name: milliseconds the session lives without a request. Assigning is
   * `setExpiry()`; `'session'` means `'browser'`.
   */
  get maxAge(): number {
    return this.#host?.maxAge ?? 0
  }

  set maxAge(value: Expiry | 'session') {
    this.#host?.setExpiry(value === 'session' ? 'browser' : value, 'maxAge')
  }

  /**
   * Writes the session now, merged with what parallel requests wrote. Afterwards the object shows
   * what was stored, and later changes are written at the end of the request as usual. Stands even
   * when the request fails later.
   *
   * Rejects with `ERR_SESSION_GONE` (unless all it was to do is take keys away, as a sign-out
   * does), `ERR_SESSION_VALUE`, `ERR_SESSION_TOO_LARGE`, `ERR_SESSION_HEADERS_SENT` (a new session
   * whose cookie cannot be sent any more), or the store's error.
   */
  save(): Promise<void>
  save(callback: Callback): void
  save(callback?: Callback): Promise<void> | undefined {
    return answer(this.#host?.save() ?? gone(), callback)
  }

  /**
   * Reads the session again: changes of this request that were not saved are dropped. Rejects with
   * `ERR_SESSION_GONE`.
   */
  reload(): Promise<void>
  reload(callback: Callback): void
  reload(callback?: Callback): Promise<void> | undefined {
    return answer(this.#host?.reload() ?? gone(), callback)
  }

  /**
   * Changes the session atomically: `fn` runs on the newest version under the lock, after the
   * changes this request made before, and what it leaves is stored. Counters are exact however many
   * requests and processes count. Resolves to what `fn` returned.
   *
   * `fn` is synchronous and may run more than once: it must do nothing but change `data`. When it
   * throws, nothing is written. Rejects like {@link save}, and with `ERR_SESSION_UPDATE` when `fn`
   * returns a promise.
   */
  update<Result>(fn: (data: Data) => Result): Promise<Result> {
    return this.#host?.update(fn) ?? gone()
  }

  /**
   * Gives the session a new id; the old one is dead at once. `ctx.session` is a new empty object
   * then and this one is left as it was, but without effect; with `keep` this object and its data
   * move to the new id.
   *
   * Seldom needed: see the option `regenerateOn`. Rejects with `ERR_SESSION_HEADERS_SENT` when no
   * cookie can be sent any more, and with `keep` with `ERR_SESSION_GONE`.
   */
  regenerate(options?: RegenerateOptions): Promise<void>
  regenerate(callback: Callback): void
  regenerate(options: RegenerateOptions, callback: Callback): void
  regenerate(
    options: RegenerateOptions | Callback = {},
    callback?: Callback,
  ): Promise<void> | undefined {
    return typeof options === 'function'
      ? answer(this.#host?.regenerate({}) ?? gone(), options)
      : answer(this.#host?.regenerate(options ?? {}) ?? gone(), callback)
  }

  /**
   * Ends the session, whatever the status of the response: it is gone for every process, on the
   * disk too, and the cookie is cleared.
   */
  destroy(): Promise<void>
  destroy(callback: Callback): void
  destroy(callback?: Callback): Promise<void> | undefined {
    return answer(this.#host?.destroy() ?? Promise.resolve(), callback)
  }

  /**
   * Says when this session ends. A duration: after that long without a request, and its absolute
   * deadline moves to at least that long from now. A `Date`: at that moment, however busy it is.
   * Both make the cookie outlive the browser (at most 400 days, RFC 6265bis section 5.5).
   * `'browser'` or 0: with the browser. `null`: as the options say.
   *
   * Throws `ERR_SESSION_OPTION` for anything else, and for a number from 1 to 999, which is more
   * likely a number of seconds.
   */
  setExpiry(expiry: Expiry): void {
    this.#host?.setExpiry(expiry, 'setExpiry()')
  }

  /**
   * Cuts a session off from its visit: it keeps its data, and nothing it does has an effect any
   * more.
   */
  static detach(session: SessionObject): void {
    session.#lastRef = session.#host?.ref ?? session.#lastRef
    session.#host = undefined
  }
}

/** The names of the members, which data may not have. */
export const RESERVED_KEYS: ReadonlySet<string> = reserveKeys(SessionObject.prototype)

/** A session as a handler sees it: its data, and the members of {@link SessionObject}. */
export type Session = SessionObject & Data

/** A session object for `host`, with a shallow copy of `data`. */
export function createSession(host: SessionHost, data: object): Session {
  return new SessionObject(host, data) as Session
}

/** Makes a session object inert: it stays as it is, and nothing it does has an effect. */
export function detachSession(session: Session): void {
  SessionObject.detach(session)
}

/**
 * Makes `data` the whole data of `target`. Throws `ERR_SESSION_KEY_RESERVED`, and then has changed
 * nothing.
 */
export function replaceData(target: Session, data: object): void {
  const copy = Object.entries(data)
  for (const [key] of copy) if (RESERVED_KEYS.has(key)) throw reserved(key)
  for (const key of Object.keys(target)) delete (target as Data)[key as never]
  assignData(target, Object.fromEntries(copy))
}

/**
 * Plain assignment, where that is the same: the chain ends in null, so that only a member's name is
 * not free.
 */
function assignData(target: object, data: object): void {
  for (const key of Object.keys(data)) {
    const value = data[key as never] as unknown
    if (RESERVED_KEYS.has(key)) {
      Object.defineProperty(target, key, {
        value,
        writable: true,
        enumerable: true,
        configurable: true,
      })
    } else (target as Record<string, unknown>)[key] = value
  }
}

function answer(promise: Promise<void>, callback: Callback | undefined): Promise<void> | undefined {
  if (typeof callback !== 'function') return promise
  promise.then(
    () => process.nextTick(callback, null),
    (error: Error) => process.nextTick(callback, error),
  )
  return undefined
}

function gone(): Promise<never> {
  return Promise.reject(sessionGone())
}

function reserved(key: string): SessionError {
  return new SessionError(
    'ERR_SESSION_KEY_RESERVED',
    `session.${key} is a member of every session and cannot hold data: choose another key`,
  )
}

/**
 * Gives every member without a setter one that throws: in sloppy code an assignment to it would
 * otherwise be lost in silence.
 */
function reserveKeys(prototype: object): ReadonlySet<string> {
  const names = Object.getOwnPropertyNames(prototype).filter((name) => name !== 'constructor')
  for (const name of names) {
    const { get, set, value } = Object.getOwnPropertyDescriptor(prototype, name) ?? {}
    Object.defineProperty(prototype, name, {
      get: get ?? (() => value),
      set:
        set ??
        (() => {
          throw reserved(name)
        }),
      enumerable: false,
      configurable: false,
    })
  }
  Object.defineProperty(prototype, Symbol.for('nodejs.util.inspect.custom'), {
    value(this: object) {
      return { ...this }
    },
  })
  Reflect.deleteProperty(prototype, 'constructor')
  Object.setPrototypeOf(prototype, null)
  return new Set(names)
}
