import { type Draft, isReduced } from './draft.ts'
import { describeType } from './duration.ts'
import { SessionError } from './errors.ts'
import {
  type DefaultLimits,
  defaultLimits,
  type Expiry,
  equalLimits,
  isRenewalDue,
  type Limits,
  limitsOf,
  parseExpiry,
} from './expiry.ts'
import { createId, type RandomBytes, type SessionId } from './id.ts'
import { hasSignedIn } from './identity.ts'
import { isPlainObject, writePlainData } from './plain-data.ts'
import {
  createRecord,
  joinData,
  parseData,
  type SerializedData,
  type SessionRecord,
  serializeData,
  serializeWhole,
  splitData,
} from './record.ts'
import { MOST_BYTES_PER_UNIT } from './serializer.ts'
import {
  createSession,
  detachSession,
  RESERVED_KEYS,
  replaceData,
  type Session,
  type SessionHost,
} from './session.ts'
import { showStored } from './show.ts'
import type { StoredSession } from './vault.ts'

/** What a working copy works with. */
export interface WorkingCopyOptions {
  readonly now: () => number
  readonly random: RandomBytes
  readonly limits: DefaultLimits
  readonly maxBytes: number
  /** See the option `regenerateOn`. */
  readonly regenerateOn: readonly (readonly string[])[]
}

/** What a request made of a session; `middleware.ts` has the table of what follows from it. */
export type Outcome =
  | { readonly kind: 'empty' | 'unchanged' | 'gone' }
  | { readonly kind: 'new' | 'changed'; readonly draft: Draft }

const EMPTY: Outcome = { kind: 'empty' }
const UNCHANGED: Outcome = { kind: 'unchanged' }
const GONE: Outcome = { kind: 'gone' }

/** A session as one request has it: what is stored, and what the handler has made of it. No I/O. */
export class WorkingCopy {
  readonly #options: WorkingCopyOptions
  readonly #host: SessionHost
  /** The data the request began with: what a sign-in is measured against. */
  readonly #firstData: string
  #split: SerializedData | undefined
  readonly #began: number
  #stored: StoredSession | undefined
  #session: Session | undefined
  #limits: Limits | undefined
  /** When `setExpiry()` was called. */
  #changed = 0
  #nextId: SessionId | undefined

  /** `true` once the id was made in this request: nobody else can have planted it. */
  hasOwnId = false
  /** Another one for each session the request has had: one that was left takes no more changes. */
  generation = 0
  /** `true` once the store said that the session is gone. */
  isGone = false

  constructor(host: SessionHost, stored: StoredSession | undefined, options: WorkingCopyOptions) {
    this.#host = host
    this.#options = options
    this.#stored = stored
    this.#firstData = stored?.record.data ?? '{}'
    this.#began = options.now()
  }

  /** What is stored, as this request last saw it: what its changes are measured against. */
  get stored(): StoredSession | undefined {
    return this.#stored
  }

  /** The object a handler holds, made when first asked for. */
  get session(): Session {
    this.#session ??= createSession(this.#host, this.#openData())
    return this.#session
  }

  /** Whether the request asked for the session at all. */
  get isTouched(): boolean {
    return this.#session !== undefined || this.#limits !== undefined
  }

  /** The id a new session of this request will have. */
  get nextId(): SessionId {
    this.#nextId ??= createId(this.#options.random)
    return this.#nextId
  }

  /** When the session was last in use: this request counts, and what it stored since. */
  get active(): number {
    return Math.max(this.#began, this.#changed, this.#stored?.record.active ?? 0)
  }

  /** Whether the activity of this request is to be stored, or the session sealed anew. */
  get isRenewalDue(): boolean {
    const stored = this.#stored
    return (
      stored !== undefined && (stored.isStale || isRenewalDue(stored.record, this.#options.now()))
    )
  }

  get limits(): Limits {
    return this.#limits ?? this.#stored?.record ?? defaultLimits(this.#options.limits, this.#began)
  }

  setExpiry(expiry: Expiry, name: string): void {
    const { limits, now } = this.#options
    const created = this.#stored?.record.created ?? this.#began
    this.#limits = parseExpiry(name, expiry, limits, created, now())
    this.#changed = now()
  }

  /** Makes `value` the data of the session. Throws `ERR_SESSION_OPTION` for what is no object. */
  replace(value: unknown): void {
    if (value !== undefined && value === this.#session) return
    if (!isPlainObject(value)) {
      throw new SessionError(
        'ERR_SESSION_OPTION',
        `Expected ctx.session to be set to a plain object or null, got ${describeType(value)}`,
      )
    }
    replaceData(this.session, value)
  }

  /** What is left to be done at the end of the request. Throws when the data cannot be stored. */
  conclude(): Outcome {
    if (this.isGone) return GONE
    if (!this.isTouched) return this.#stored === undefined ? EMPTY : UNCHANGED
    if (this.#isAsKnown) return UNCHANGED
    const text = this.#writePlainData()
    // To the letter what is stored: no member need be looked at.
    const isAsStored = text !== undefined && text === this.#stored?.record.data
    if (isAsStored && this.#limits === undefined) return UNCHANGED
    const draft = this.#draftOf(text)
    if (this.#stored === undefined) return draft.values.size === 0 ? EMPTY : { kind: 'new', draft }
    return this.isChanged(draft) ? { kind: 'changed', draft } : UNCHANGED
  }

  /** What is to be stored. Throws when the data has no JSON form or is too large. */
  draft(): Draft {
    return this.#draftOf(this.#writePlainData())
  }

  #draftOf(plain: string | undefined): Draft {
    const limits = this.#limits
    if (this.#session === undefined) {
      return { values: this.#storedValues, text: this.#storedData, limits }
    }
    const whole = serializeWhole(this.#session, RESERVED_KEYS, this.#maxBytes, plain)
    return { values: whole.values, text: whole.text, limits }
  }

  /** A draft or, when another version than it was made from is stored by then, a new one. */
  latest(draft: Draft): () => Draft {
    const stored = this.#stored
    return () => (this.#stored === stored ? draft : this.draft())
  }

  /** A draft as the record of a session that begins with this request. */
  createRecord({ values, text = joinData(values), limits = this.limits }: Draft): SessionRecord {
    return createRecord(limits, this.#began, this.#options.now(), text)
  }

  /** Data as it is stored. Throws like {@link draft}. */
  serialize(data: object): SerializedData {
    return serializeData(data, RESERVED_KEYS, this.#options.maxBytes)
  }

  /** Whether a draft differs from what is stored, other than by the order of its keys. */
  isChanged({ values, text = joinData(values), limits }: Draft): boolean {
    const record = this.#stored?.record
    if (record === undefined) return values.size > 0
    if (limits !== undefined && !equalLimits(limits, limitsOf(record))) return true
    if (text === record.data) return false
    // In another order it would be as long.
    if (text.length !== record.data.length) return true
    const base = this.#storedValues
    if (values.size !== base.size) return true
    for (const [key, value] of values) if (base.get(key) !== value) return true
    return false
  }

  /**
   * Whether a draft only takes away, as a sign-out does: where the session is gone, that is done.
   */
  isReduced({ values, limits }: Draft): boolean {
    return limits === undefined && isReduced(this.#storedValues, values)
  }

  /** The values that are not stored as they are. */
  changes(values: SerializedData): SerializedData {
    const base = this.#storedValues
    return new Map([...values].filter(([key, value]) => base.get(key) !== value))
  }

  /** Whether values mean that somebody signed in under an id that others may know. */
  isSignIn(values: SerializedData): boolean {
    const { regenerateOn } = this.#options
    if (this.hasOwnId || regenerateOn.length === 0) return false
    const before = this.#firstValues
    const isSame = ([key = '']: readonly string[]) => values.get(key) === before.get(key)
    if (regenerateOn.every(isSame)) return false
    return hasSignedIn(regenerateOn, parseData(this.#firstData), parseData(joinData(values)))
  }

  /**
   * Takes over what was stored, and shows it. What was changed since `committed` stays as it is,
   * and is still to be stored.
   */
  show(stored: StoredSession | undefined, { values, text, limits }: Draft): void {
    this.#stored = stored
    if (stored !== undefined && this.#limits === limits) this.#limits = undefined
    if (this.#session === undefined || text === this.#storedData) return
    showStored(this.#session, values, this.#storedData)
  }

  /** Takes over what is stored, and forgets what was changed. */
  reset(stored: StoredSession | undefined): void {
    this.#stored = stored
    this.#limits = undefined
    replaceData(this.session, parseData(this.#storedData))
  }

  /** Lets go of what is stored, and keeps the data. */
  forget(): void {
    this.#stored = undefined
    this.#nextId = undefined
    this.isGone = false
  }

  /** Lets go of it all: what {@link session} gives next is a new, empty one. */
  leave(): void {
    this.generation += 1
    if (this.#session !== undefined) detachSession(this.#session)
    this.#session = undefined
    this.#limits = undefined
    this.forget()
  }

  /** What is stored, as an object that nobody else has. */
  #openData(): object {
    const record = this.#stored?.record
    return record === undefined ? {} : record.known.open(record.data, parseData)
  }

  /** Whether nothing was changed, as far as that can be told without writing it. */
  get #isAsKnown(): boolean {
    if (this.#limits !== undefined || this.#session === undefined) return false
    return this.#stored?.record.known.isWrittenBy(this.#session) === true
  }

  #writePlainData(): string | undefined {
    return this.#session && writePlainData(this.#session, this.#maxBytes)
  }

  /** What is stored may be larger than it may be by now: to read it is no mistake. */
  get #maxBytes(): number {
    const { maxBytes } = this.#options
    const text = this.#storedData
    const isSmall = MOST_BYTES_PER_UNIT * text.length <= maxBytes
    return isSmall ? maxBytes : Math.max(maxBytes, Buffer.byteLength(text))
  }

  /** The values of the data the request began with. */
  get #firstValues(): SerializedData {
    this.#split ??= splitData(this.#firstData)
    return this.#split
  }

  get #storedValues(): SerializedData {
    const data = this.#storedData
    return data === this.#firstData ? this.#firstValues : splitData(data)
  }

  get #storedData(): string {
    return this.#stored?.record.data ?? '{}'
  }
}
