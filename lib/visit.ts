import type { Data } from './data.ts'
import type { CommitConditions, Draft } from './draft.ts'
import { headersSent, type SessionError, sessionGone, toSessionError } from './errors.ts'
import { cookieEnd, type Expiry, remainingTime } from './expiry.ts'
import { refOf } from './id.ts'
import { OperationQueue } from './operation-queue.ts'
import { type SerializedData, splitData } from './record.ts'
import type { RegenerateOptions, Session, SessionHost } from './session.ts'
import { createTransform } from './transform.ts'
import type { StoredSession, Vault } from './vault.ts'
import type { Wire } from './wire.ts'
import { type Outcome, WorkingCopy, type WorkingCopyOptions } from './working-copy.ts'

/** What all visits of one `session()` work with. */
export interface VisitOptions extends WorkingCopyOptions {
  readonly vault: Vault
  /** Whether cookies outlive the browser unless `setExpiry()` says otherwise. */
  readonly persistent: boolean
}

/** A session that was ended; one that was never stored is none. */
type Ended = { readonly session: StoredSession | undefined }

/**
 * One visitor's session during one request. Its operations run one after the other, in the order
 * they were called: each begins with what the one before it has stored.
 */
export class Visit implements SessionHost {
  readonly #options: VisitOptions
  readonly #wire: Wire
  readonly #copy: WorkingCopy
  /** A session that was ended, until the store knows. */
  #ended: Ended | undefined
  /** Made with the first operation: most requests have none. */
  #queue: OperationQueue | undefined

  constructor(options: VisitOptions, wire: Wire, stored: StoredSession | undefined) {
    this.#options = options
    this.#wire = wire
    this.#copy = new WorkingCopy(this, stored, options)
  }

  /** What `ctx.session` is. */
  get session(): Session {
    return this.#copy.session
  }

  /** What assigning to `ctx.session` does: null ends the session, an object replaces its data. */
  set session(value: unknown) {
    if (value === null) this.#leave()
    else this.#copy.replace(value)
  }

  get isNew(): boolean {
    return this.#copy.stored === undefined
  }

  get ref(): string {
    return refOf((this.#copy.stored?.id ?? this.#copy.nextId).name)
  }

  get expiresIn(): number {
    return remainingTime(this.#copy.limits, this.#copy.active, this.now())
  }

  get expiresWithBrowser(): boolean {
    return !(this.#copy.limits.persistent ?? this.#options.persistent)
  }

  get maxAge(): number {
    const { idle, deadline } = this.#copy.limits
    return idle ?? Math.max(0, deadline - this.now())
  }

  now(): number {
    return this.#options.now()
  }

  setExpiry(expiry: Expiry, name: string): void {
    this.#copy.setExpiry(expiry, name)
  }

  save(): Promise<void> {
    return this.#enqueue(() => this.#save(this.#copy.draft()))
  }

  reload(): Promise<void> {
    return this.#enqueue(async () => {
      const { stored } = this.#copy
      const newest = stored && (await this.#options.vault.load(stored.id))
      if (stored !== undefined && newest === undefined) throw this.#gone()
      if (this.#ended === undefined) this.#copy.reset(newest)
    })
  }

  update<Result>(fn: (data: Data) => Result): Promise<Result> {
    return this.#enqueue(async () => {
      const draft = this.#copy.draft()
      const { transform, result } = createTransform(fn, (data) => this.#copy.serialize(data))
      if (this.#copy.stored !== undefined) await this.#commit(draft, transform)
      else await this.#create({ values: transform(draft.values), limits: draft.limits }, draft)
      return result()
    })
  }

  regenerate({ keep = false }: RegenerateOptions): Promise<void> {
    return this.#enqueue(async () => {
      if (this.#wire.isClosed) throw headersSent('the id of the session was not changed')
      const { stored } = this.#copy
      if (keep && stored !== undefined) return this.#rotate(this.#copy.draft())
      if (stored !== undefined) await this.#options.vault.discard(stored.id)
      this.#copy.hasOwnId = true
      if (keep) return
      this.#wire.dropCookie()
      this.#copy.leave()
    })
  }

  destroy(): Promise<void> {
    this.#leave()
    return this.#operations().drain()
  }

  /**
   * Waits for what is under way, and carries out an `= null`; `undefined` when there is neither.
   * Rejects with what failed without anybody having asked for the outcome: an `update()` not awaited.
   */
  settle(): Promise<void> | undefined {
    if (!this.#isUnsettled) return undefined
    return this.#operations().finish()
  }

  /** What is left to be done at the end of the request. Throws when the data cannot be stored. */
  conclude(): Outcome {
    return this.#copy.conclude()
  }

  /** Stores a new session, unless no cookie can be sent any more: nobody could come back to it. */
  create(draft: Draft = this.#copy.draft()): Promise<void> {
    const latest = this.#copy.latest(draft)
    return this.#finish(async () => {
      if (!this.#wire.isClosed) await this.#create(latest())
      else this.#wire.emit('error', headersSent('the new session was not stored'))
    })
  }

  /**
   * Stores that the session is in use, when that is due; `undefined` when it is not. A failure is
   * told, but does not harm the response: nothing of the visitor's is lost.
   */
  renew(): Promise<void> | undefined {
    if (!this.#copy.isRenewalDue) return undefined
    return this.#finish(async () => {
      const { stored } = this.#copy
      if (stored === undefined || !this.#copy.isRenewalDue) return
      const touched = await this.#options.vault.touch(stored).catch((error: unknown) => {
        this.#wire.emit('error', toSessionError(error, 'The session could not be renewed'))
      })
      if (typeof touched === 'object') this.#stored(touched, this.#copy.draft())
      else if (touched !== undefined) this.#copy.isGone = true
    })
  }

  /** Stores what the request changed; where the session is gone, only a sign-in among it. */
  commit(draft: Draft = this.#copy.draft()): Promise<void> {
    const latest = this.#copy.latest(draft)
    return this.#finish(async () => {
      if (this.#copy.isGone) return this.#signInAnew()
      await this.#commit(latest()).catch((error: unknown) => {
        if (!this.#copy.isGone) throw error
        return this.#signInAnew()
      })
    })
  }

  /** Sends the cookie of the session again, as under a new key. */
  resendCookie(): void {
    const { stored, isGone, hasOwnId } = this.#copy
    if (stored !== undefined && !isGone && !hasOwnId) this.#sendCookie(stored)
  }

  /**
   * Begins a new session with what the request changed of one that is gone, if it signed somebody
   * in: a double click on "sign in" signs in.
   */
  async #signInAnew(): Promise<void> {
    const { values, limits } = this.#copy.draft()
    if (this.#wire.isClosed || !this.#copy.isSignIn(values)) return
    const changes = this.#copy.changes(values)
    this.#copy.forget()
    await this.#create({ values: changes, limits })
  }

  async #save(draft: Draft): Promise<void> {
    const { stored } = this.#copy
    if (stored === undefined) return this.#create(draft)
    if (this.#copy.isChanged(draft)) return this.#commit(draft)
    if (this.#copy.isGone || (await this.#options.vault.load(stored.id)) === undefined) {
      throw this.#gone()
    }
  }

  async #create(draft: Draft, shown: Draft = draft): Promise<void> {
    if (this.#wire.isClosed) throw headersSent('the new session was not stored')
    if (draft.values.size === 0) return this.#copy.show(undefined, shown)
    const record = this.#copy.createRecord(draft)
    const stored = await this.#options.vault.begin(record, this.#copy.nextId)
    this.#copy.hasOwnId = true
    this.#stored(stored, shown)
    this.#sendCookie(stored)
  }

  async #commit(draft: Draft, transform?: CommitConditions['transform']): Promise<void> {
    const { vault, persistent } = this.#options
    const base = this.#copy.stored
    if (base === undefined || this.#copy.isGone) throw this.#gone()
    const isSignIn = (values: SerializedData): boolean => this.#copy.isSignIn(values)
    if (!this.#wire.isClosed && isSignIn(draft.values)) return this.#rotate(draft, transform)
    const conditions = { transform, isSignIn: this.#wire.isClosed ? undefined : isSignIn }
    const committed = await vault.commit(base, draft, transform ? conditions : {})
    if (committed === 'signed-in') return this.#rotate(draft, transform)
    if (committed === 'gone') {
      const refusal = this.#gone()
      if (transform === undefined && this.#copy.isReduced(draft)) return
      throw refusal
    }
    if (this.#wire.isClosed && isSignIn(splitData(committed.record.data))) {
      this.#wire.emit('error', headersSent('the id of the session was not changed'))
      this.#copy.hasOwnId = true
    }
    this.#stored(committed, draft)
    if (draft.limits === undefined) return
    const [before, after] = [base, committed].map(({ record }) => cookieEnd(record, persistent))
    if (before !== after) this.#sendCookie(committed)
  }

  async #rotate(draft: Draft, transform?: CommitConditions['transform']): Promise<void> {
    const base = this.#copy.stored
    if (base === undefined || this.#copy.isGone) throw this.#gone()
    const rotated = await this.#options.vault.rotate(base, draft, { transform })
    if (rotated === 'gone') throw this.#gone()
    this.#copy.hasOwnId = true
    this.#stored(rotated, draft)
    this.#sendCookie(rotated)
  }

  /** Takes over what was stored, unless the session was ended while it was under way. */
  #stored(stored: StoredSession, draft: Draft): void {
    if (this.#ended === undefined) this.#copy.show(stored, draft)
    else this.#ended = { session: stored }
  }

  #sendCookie({ id, record }: StoredSession): void {
    if (this.#wire.isClosed) return
    const end = cookieEnd(record, this.#options.persistent)
    this.#wire.setCookie(id, end === undefined ? undefined : end - this.now())
  }

  #leave(): void {
    this.#ended ??= { session: this.#copy.stored }
    this.#copy.leave()
  }

  #gone(): SessionError {
    if (this.#ended === undefined) this.#copy.isGone = true
    return sessionGone()
  }

  /**
   * Runs an operation on the session it was called on, once those before it are done and the store
   * knows of one that was ended. Rejects when that session was left meanwhile.
   */
  #enqueue<Result>(operation: () => Promise<Result>): Promise<Result> {
    const { generation } = this.#copy
    return this.#operations().run(() => {
      if (generation !== this.#copy.generation) throw sessionGone()
      return operation()
    })
  }

  /** As {@link #enqueue}, for what the end of the request awaits: there is nothing before it mostly. */
  #finish(operation: () => Promise<void>): Promise<void> {
    return this.#isUnsettled ? this.#enqueue(operation) : this.#operations().runFirst(operation)
  }

  get #isUnsettled(): boolean {
    return this.#queue !== undefined || this.#ended !== undefined
  }

  #operations(): OperationQueue {
    this.#queue ??= new OperationQueue(() => this.#ended && this.#end(this.#ended))
    return this.#queue
  }

  async #end(ended: Ended): Promise<void> {
    if (ended.session !== undefined) await this.#options.vault.destroy(ended.session.id)
    this.#ended = undefined
    this.#wire.clearCookie()
  }
}
