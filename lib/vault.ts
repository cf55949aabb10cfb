import { type CommitConditions, type Draft, type MergedDraft, mergeDraft } from './draft.ts'
import { SessionError } from './errors.ts'
import type { Emit } from './events.ts'
import { type DefaultLimits, isExpired, renewLimits } from './expiry.ts'
import { createId, type RandomBytes, refOf, type SessionId } from './id.ts'
import { createRecord, encodeRecord, type SessionRecord } from './record.ts'
import type { RecordChange, SealedStore, Unreadable } from './sealed-store.ts'

/** A session as it was last seen in the store. */
export interface StoredSession {
  readonly id: SessionId
  readonly record: SessionRecord
  /** `true` when it is sealed under another key than the first. */
  readonly isStale: boolean
}

/**
 * What became of a commit: stored; gone, and nothing written; or nothing written since the id has
 * to change.
 */
export type Committed = StoredSession | 'gone' | 'signed-in'

/** What a vault works with. Durations in milliseconds. */
export interface VaultOptions {
  readonly now: () => number
  readonly random: RandomBytes
  readonly emit: Emit
  readonly limits: DefaultLimits
  readonly durable: boolean
  readonly maxBytes: number
}

/** How many ids in a row may be taken before something is wrong with the randomness. */
const ID_ATTEMPTS = 5

/** How many unreadable sessions are remembered, so that each is reported once. */
const REPORTED_REFS = 1000

/**
 * The life of stored sessions: they are created, loaded, committed, renewed, moved to a new id and
 * destroyed here.
 */
export class Vault {
  readonly #sealed: SealedStore
  readonly #options: VaultOptions
  readonly #reported = new Set<string>()

  constructor(sealed: SealedStore, options: VaultOptions) {
    this.#sealed = sealed
    this.#options = options
  }

  /**
   * The session, or `undefined` when it is missing, over, or does not open. Rejects when the store
   * cannot tell.
   */
  async load(id: SessionId): Promise<StoredSession | undefined> {
    const read = await this.#sealed.read(id)
    if (read === undefined) return undefined
    if (typeof read === 'string') return this.#reportUnreadable(id, read)
    if (isExpired(read.record, this.#options.now())) {
      this.#options.emit('expire', { ref: refOf(id.name) })
      return undefined
    }
    return { id, record: read.record, isStale: read.isStale }
  }

  /** As {@link load}, at once: `undefined` where only that can tell. */
  recall(id: SessionId): StoredSession | undefined {
    const read = this.#sealed.recall(id)
    if (read === undefined || isExpired(read.record, this.#options.now())) return undefined
    return { id, record: read.record, isStale: read.isStale }
  }

  /**
   * Stores a new session under `id` or, when that is taken, under another one: never over what is
   * there.
   */
  async create(record: SessionRecord, id: SessionId, durable: boolean): Promise<StoredSession> {
    let candidate = id
    for (let attempt = 0; attempt < ID_ATTEMPTS; attempt += 1) {
      let taken = false
      await this.#sealed.update(
        candidate,
        (current) => {
          taken = current !== undefined
          return taken ? 'keep' : record
        },
        durable,
      )
      if (!taken) return { id: candidate, record, isStale: false }
      candidate = createId(this.#options.random)
    }
    throw new SessionError(
      'ERR_SESSION_STORE',
      'Every new session id was taken: the random number generator of this machine is broken',
    )
  }

  /** As {@link create}, for what begins with this request. */
  async begin(record: SessionRecord, id: SessionId): Promise<StoredSession> {
    const created = await this.create(record, id, this.#options.durable)
    this.#options.emit('create', { ref: refOf(created.id.name) })
    return created
  }

  /** Lays a draft over the newest version and stores it. */
  async commit(
    base: StoredSession,
    draft: Draft,
    conditions: CommitConditions = {},
  ): Promise<Committed> {
    const { now, durable, maxBytes } = this.#options
    const outcome: { merged?: MergedDraft | undefined } = {}
    const change = (newest: SessionRecord | Unreadable | undefined): RecordChange => {
      outcome.merged = undefined
      if (!this.#isThere(newest)) return 'keep'
      const merged = mergeDraft(base.record, draft, newest, now(), maxBytes, conditions)
      outcome.merged = merged
      return merged.signedIn ? 'keep' : merged.record
    }
    await this.#sealed.update(base.id, change, durable)
    const { merged } = outcome
    if (merged === undefined) return this.#gone(base.id)
    if (merged.signedIn) return 'signed-in'
    this.#options.emit('save', { ref: refOf(base.id.name) })
    this.#reportConflicts(base.id, merged.conflicts)
    return { id: base.id, record: merged.record, isStale: false }
  }

  /**
   * Stores that the session is in use, and seals it under the first key. As durable as a save: it
   * takes the place of one, and must not cost it in a power cut.
   */
  async touch(base: StoredSession): Promise<Committed> {
    const { now, durable } = this.#options
    const outcome: { record?: SessionRecord | undefined } = {}
    const change = (newest: SessionRecord | Unreadable | undefined): RecordChange => {
      outcome.record = undefined
      if (!this.#isThere(newest)) return 'keep'
      const active = Math.max(newest.active, now())
      outcome.record = createRecord(newest, newest.created, active, newest.data)
      return outcome.record
    }
    await this.#sealed.update(base.id, change, durable)
    const { record } = outcome
    if (record === undefined) return this.#gone(base.id)
    this.#options.emit('touch', { ref: refOf(base.id.name) })
    return { id: base.id, record, isStale: false }
  }

  /**
   * Moves a session, with a draft laid over it, to a new id. The new one is on the disk before the
   * old one is removed, and the old one is removed only if it still is what was carried over: so at
   * every instant there is at least one, and of two who do this at once one wins.
   */
  async rotate(
    base: StoredSession,
    draft: Draft,
    conditions: CommitConditions = {},
  ): Promise<StoredSession | 'gone'> {
    const newest = (await this.load(base.id))?.record
    if (newest === undefined) return this.#gone(base.id)
    const carry = (from: SessionRecord): MergedDraft => this.#carry(base, draft, from, conditions)
    const carried = carry(newest)
    const next = await this.create(carried.record, createId(this.#options.random), true)
    const moved = await this.#supersede(base.id, newest, next.id, carried, carry).catch(
      (error: unknown) => this.#abandon(next.id, error),
    )
    if (moved === 'gone') {
      await this.#remove(next.id)
      return this.#gone(base.id)
    }
    const ref = refOf(next.id.name)
    this.#options.emit('regenerate', { ref, formerRef: refOf(base.id.name) })
    this.#reportConflicts(next.id, moved.conflicts)
    return { ...next, record: moved.record }
  }

  /** Removes a session for every process, on the disk too. */
  async destroy(id: SessionId): Promise<void> {
    if (await this.#remove(id)) this.#options.emit('destroy', { ref: refOf(id.name) })
  }

  /** Removes a session in whose place a new one will begin. */
  async discard(id: SessionId): Promise<void> {
    await this.#remove(id)
    this.#options.emit('regenerate', { formerRef: refOf(id.name) })
  }

  /** Whether the newest version of a session is one that can be changed. */
  #isThere(newest: SessionRecord | Unreadable | undefined): newest is SessionRecord {
    return typeof newest === 'object' && !isExpired(newest, this.#options.now())
  }

  /** What a session is under its new id. */
  #carry(
    base: StoredSession,
    draft: Draft,
    newest: SessionRecord,
    { transform }: CommitConditions,
  ): MergedDraft {
    const { now, limits, maxBytes } = this.#options
    const merged = mergeDraft(base.record, draft, newest, now(), maxBytes, { transform })
    const renewed = renewLimits(merged.record, limits, now())
    const { active, data } = merged.record
    return { ...merged, record: createRecord(renewed, now(), active, data) }
  }

  /** Removes the old id once the new one holds the newest there was under it. */
  async #supersede(
    oldId: SessionId,
    newest: SessionRecord,
    nextId: SessionId,
    carried: MergedDraft,
    carry: (newest: SessionRecord) => MergedDraft,
  ): Promise<MergedDraft | 'gone'> {
    const outcome = await this.#removeUnchanged(oldId, newest)
    if (outcome === 'removed') return carried
    if (outcome === 'gone') return outcome
    const again = carry(outcome)
    await this.#sealed.update(nextId, () => again.record, true)
    return this.#supersede(oldId, outcome, nextId, again, carry)
  }

  /** Removes a session if it still is `expected`; else says what it is now. */
  async #removeUnchanged(
    id: SessionId,
    expected: SessionRecord,
  ): Promise<'removed' | 'gone' | SessionRecord> {
    let outcome: 'removed' | 'gone' | SessionRecord = 'gone'
    await this.#sealed.update(
      id,
      (newest) => {
        outcome = 'gone'
        if (!this.#isThere(newest)) return 'keep'
        const same = encodeRecord(newest) === encodeRecord(expected)
        outcome = same ? 'removed' : newest
        return same ? 'remove' : 'keep'
      },
      true,
    )
    return outcome
  }

  /**
   * Takes back a new id whose old one could not be removed. When that failed with an unknown
   * outcome the old one may be gone, and the new one must stay: it may be the only one.
   */
  async #abandon(id: SessionId, error: unknown): Promise<never> {
    const unknown = error instanceof SessionError && error.committed === 'unknown'
    if (!unknown) await this.#remove(id).catch(() => undefined)
    throw error
  }

  async #remove(id: SessionId): Promise<boolean> {
    let existed = false
    await this.#sealed.update(
      id,
      (newest) => {
        existed = newest !== undefined
        return existed ? 'remove' : 'keep'
      },
      true,
    )
    return existed
  }

  #gone(id: SessionId): 'gone' {
    this.#options.emit('gone', { ref: refOf(id.name) })
    return 'gone'
  }

  #reportConflicts(id: SessionId, keys: readonly string[]): void {
    for (const key of keys) this.#options.emit('conflict', { ref: refOf(id.name), key })
  }

  #reportUnreadable(id: SessionId, reason: Unreadable): undefined {
    const ref = refOf(id.name)
    if (this.#reported.has(ref)) return
    if (this.#reported.size >= REPORTED_REFS) this.#reported.clear()
    this.#reported.add(ref)
    this.#options.emit('corrupt', { ref, reason })
  }
}
