import type { IncomingMessage } from 'node:http'
import { type ReadCookie, SessionCookie } from './cookie.ts'
import { keyIdOf } from './envelope.ts'
import type { Environment } from './environment.ts'
import { SessionError } from './errors.ts'
import { SessionEmitter } from './events.ts'
import { refOf, type SessionId } from './id.ts'
import { Keyring, type KeySource } from './keyring.ts'
import type { ResolvedOptions } from './options.ts'
import { SealedStore } from './sealed-store.ts'
import type { Store, SweepReport } from './store.ts'
import { Sweeper } from './sweeper.ts'
import { type StoredSession, Vault } from './vault.ts'
import { Visit, type VisitOptions } from './visit.ts'
import type { Wire } from './wire.ts'

/** A stored session as an operator may see it: never its contents, never its id. */
export interface ListedSession {
  /** The log-safe handle: the `ref` of events and of `ctx.session.ref`. */
  readonly ref: string
  /** When it ends if nobody comes back: milliseconds since the epoch. */
  readonly expires: number
}

/** A visit, and what its cookie was like. */
export interface OpenedVisit {
  readonly visit: Visit
  /** `true` when the cookie is to be sent again, under the first key. */
  readonly isCookieStale: boolean
}

/** What the read cache may hold: 32 MiB. */
const CACHE_BYTES = 32 * 2 ** 20

/** How long `close()` waits for the requests under way, in milliseconds. */
const CLOSING_TIME = 5000

/** How many sessions `ready()` looks at to see whether it knows their keys. */
const SAMPLE_SIZE = 32

/** How many sessions `destroyAll()` ends at a time. */
const DESTROYED_AT_ONCE = 8

const DAY = 86_400_000

/**
 * Everything of one `session()` that outlives a request: store, keys, cookie, events and the
 * sweeper.
 */
export class SessionService {
  readonly events: SessionEmitter
  readonly cookie: SessionCookie
  readonly #environment: Environment
  readonly #store: Store
  readonly #keyring: Keyring
  readonly #vault: Vault
  readonly #sweeper: Sweeper
  readonly #visitOptions: VisitOptions
  /** How many requests have begun and are not over. */
  #underWay = 0
  #closing: Promise<void> | undefined
  #onIdle: (() => void) | undefined

  constructor(options: ResolvedOptions, store: Store, keys: KeySource, environment: Environment) {
    const { now, monotonic, random, jitter, schedule, warn, trace } = environment
    this.#environment = environment
    this.#store = store
    this.events = new SessionEmitter(trace)
    const { emit } = this.events
    this.cookie = new SessionCookie(options.cookie, environment.isProduction(), warn)
    this.#keyring = new Keyring(keys, options.cookie.name, monotonic)
    const sealed = new SealedStore(store, this.#keyring, random, CACHE_BYTES)
    const { durable, maxBytes, regenerateOn } = options
    this.#vault = new Vault(sealed, { now, random, emit, limits: options, durable, maxBytes })
    this.#visitOptions = {
      vault: this.#vault,
      now,
      random,
      limits: options,
      maxBytes,
      regenerateOn,
      persistent: options.cookie.persistent,
    }
    this.#sweeper = new Sweeper({
      store,
      interval: options.sweep,
      damagedAfter: options.absolute + DAY,
      now,
      monotonic,
      schedule,
      jitter,
      onError: (error) => this.report(error),
    })
    this.#sweeper.start()
  }

  /** Rejects when sessions could not be served: no keys, or no usable store. */
  async ready(): Promise<void> {
    this.#refuseWhenClosed()
    await this.#keyring.ready()
    await this.#store.ready?.()
    await this.#warnOfForeignKeys()
  }

  clearExpired(): Promise<SweepReport> {
    this.#refuseWhenClosed()
    return this.#sweeper.sweep()
  }

  async *list(): AsyncGenerator<ListedSession, void, void> {
    const { now } = this.#environment
    for await (const { name, expires, damaged } of this.#store.entries()) {
      if (damaged !== true && expires > now()) yield { ref: refOf(name), expires }
    }
  }

  async destroyAll(): Promise<number> {
    let destroyed = 0
    const failures: unknown[] = []
    const underWay = new Set<Promise<void>>()
    const destroy = async (name: string): Promise<void> => {
      try {
        await this.#store.update(name, () => ({ kind: 'remove' }), { durable: true })
        destroyed += 1
        this.events.emit('destroy', { ref: refOf(name) })
      } catch (error) {
        failures.push(error)
      }
    }
    for await (const { name, damaged } of this.#store.entries()) {
      if (damaged === true) continue
      const task = destroy(name).finally(() => underWay.delete(task))
      underWay.add(task)
      if (underWay.size >= DESTROYED_AT_ONCE) await Promise.race(underWay)
    }
    await Promise.all(underWay)
    if (failures.length > 0) throw failures[0]
    return destroyed
  }

  /**
   * Says that a request has begun. Returns what says that it is over. Throws `ERR_SESSION_CLOSED`.
   */
  begin(): () => void {
    this.#refuseWhenClosed()
    let isOver = false
    this.#underWay += 1
    return () => {
      if (isOver) return
      isOver = true
      this.#underWay -= 1
      if (this.#underWay === 0) this.#onIdle?.()
    }
  }

  /**
   * The visit of a request: at once when there is nothing to wait for, as for most of them. Rejects
   * with a status of 503 when the session cannot be read: that is never taken for "no session".
   */
  open(request: IncomingMessage, wire: Wire): OpenedVisit | Promise<OpenedVisit> {
    const values = this.cookie.values(request)
    if (values.length === 0) return this.#visitOf(wire, undefined, false)
    const known = this.cookie.recognize(values, this.#keyring)
    const stored = known && this.#vault.recall(known.id)
    return stored === undefined
      ? this.#openSlowly(values, wire)
      : this.#visitOf(wire, stored, !known?.primary)
  }

  async #openSlowly(values: readonly string[], wire: Wire): Promise<OpenedVisit> {
    try {
      if (!this.#keyring.isReady) await this.#keyring.ready()
      let read = this.cookie.read(values, this.#keyring)
      if (read.kind === 'forged') read = await this.#readAgain(values, read)
      if (read.kind === 'forged') wire.emit('forged', { reason: read.reason })
      const stored = read.kind === 'valid' ? await this.#vault.load(read.id) : undefined
      return this.#visitOf(wire, stored, read.kind === 'valid' && !read.primary)
    } catch (cause) {
      if (!(cause instanceof SessionError)) {
        const message = 'The session cannot be read'
        throw new SessionError('ERR_SESSION_STORE', message, { cause, status: 503 })
      }
      throw new SessionError(cause.code, cause.message, { cause: cause.cause, status: 503 })
    }
  }

  /** The value of the cookie for a session id. */
  signId(id: SessionId): string {
    return this.#keyring.signId(id)
  }

  /** Lets the requests under way finish, for 5 seconds at most, then stops it all. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  /** Tells the operator. */
  warn(message: string): void {
    this.#environment.warn(message)
  }

  /** Tells of an error that nobody waits for. */
  report(error: SessionError): void {
    if (this.events.has('error')) this.events.emit('error', error)
    else this.#environment.warn(`${error.code}: ${error.message}`)
  }

  #visitOf(wire: Wire, stored: StoredSession | undefined, isCookieStale: boolean): OpenedVisit {
    return { visit: new Visit(this.#visitOptions, wire, stored), isCookieStale }
  }

  /** A signature that is wrong may be right under keys that were added since. */
  async #readAgain(values: readonly string[], read: ReadCookie): Promise<ReadCookie> {
    if (read.kind !== 'forged' || read.reason !== 'signature') return read
    return (await this.#keyring.refresh()) ? this.cookie.read(values, this.#keyring) : read
  }

  async #close(): Promise<void> {
    if (this.#underWay > 0) {
      await new Promise<void>((resolve) => {
        const cancel = this.#environment.schedule(resolve, CLOSING_TIME)
        this.#onIdle = () => {
          cancel()
          resolve()
        }
      })
    }
    await this.#sweeper.stop()
    await this.#store.close()
  }

  #refuseWhenClosed(): void {
    if (this.#closing === undefined) return
    throw new SessionError('ERR_SESSION_CLOSED', 'Sessions are closed: the server is shutting down')
  }

  async #warnOfForeignKeys(): Promise<void> {
    let seen = 0
    for await (const { name, damaged } of this.#store.entries()) {
      if (damaged === true) continue
      const found = await this.#store.read(name)
      const keyId = typeof found === 'object' ? keyIdOf(found.entry.bytes) : undefined
      if (keyId === undefined) continue
      if (this.#keyring.withId(keyId).length > 0) return
      seen += 1
      if (seen === SAMPLE_SIZE) break
    }
    if (seen === 0) return
    this.#environment.warn(
      'None of the stored sessions was sealed under one of these keys, so nobody stays signed in. ' +
        "Are these the right keys? To replace a key, put the new one before the old one: keys: ['new', 'old']",
    )
  }
}
