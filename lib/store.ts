/**
 * What a store keeps of a session. To the store all of it is opaque: it never sees a key, an id or
 * data.
 */
export interface Entry {
  /** The sealed session. Kept and given back byte for byte. */
  readonly bytes: Uint8Array
  /** When the entry may be forgotten: milliseconds since the epoch, a whole number. */
  readonly expires: number
  /**
   * A pseudonym of the user the session belongs to: at most 64 printable ASCII characters. Default:
   * none.
   */
  readonly subject?: string | undefined
}

/**
 * Tells two states of an entry apart, as an HTTP ETag does. Opaque: only the store that made it
 * looks inside.
 */
export type Version = NonNullable<unknown>

/** An entry that was found, and the version to ask for again. */
export interface Found {
  readonly entry: Entry
  readonly version: Version
}

/**
 * What `update()` is to do with an entry:
 *
 * - `keep`: nothing is written.
 * - `replace`: `entry` takes its place, or is created.
 * - `remove`: it is gone, for every process, before `update()` resolves.
 * - `again`: nothing is written; once `after` has settled, `change` runs again on what is then the
 *   newest entry.
 */
export type Change =
  | { readonly kind: 'keep' }
  | { readonly kind: 'replace'; readonly entry: Entry }
  | { readonly kind: 'remove' }
  | { readonly kind: 'again'; readonly after: Promise<unknown> }

/**
 * What `update()` runs on the newest entry: `undefined` when there is none, `'damaged'` when it
 * cannot be read. `version` is that of `current`, as `read()` gives it, where the store knows it
 * without more work: who has seen that version need not look at the bytes.
 */
export type ChangeFunction = (
  current: Entry | 'damaged' | undefined,
  version?: Version | undefined,
) => Change

/** How one `update()` is to be done. */
export interface UpdateOptions {
  /**
   * `true`: the outcome survives a power cut before `update()` resolves. Default `false`: it
   * survives the end of the process.
   */
  readonly durable?: boolean | undefined
}

/** What `update()` resolves to. */
export interface Updated {
  /**
   * The version of the entry this change asked for; absent when there is none, or when another
   * change went over it at once.
   */
  readonly version?: Version | undefined
}

/** One line of `entries()`. */
export interface ListedEntry {
  readonly name: string
  /** As in {@link Entry}; 0 for a damaged one. */
  readonly expires: number
  readonly subject?: string | undefined
  /** Something has this name, but it cannot be read as an entry. */
  readonly damaged?: true | undefined
}

/** What `sweep()` is to remove. */
export interface SweepOptions {
  /** The time now, in milliseconds since the epoch. */
  readonly now: number
  /** An entry is removed when it expired this many milliseconds ago, or more. */
  readonly grace: number
  /** A damaged entry is removed when nobody changed it for this many milliseconds. */
  readonly damagedAfter: number
  /** Ends the sweep early; what was done until then is reported. Default: none. */
  readonly signal?: AbortSignal | undefined
}

/** What a sweep did. */
export interface SweepReport {
  /** Entries looked at. */
  readonly scanned: number
  /** Expired and long damaged entries removed. */
  readonly removed: number
  /** Damaged entries left alone for now. */
  readonly damaged: number
  /** Left-overs of ended processes removed: locks, unfinished writes. */
  readonly litter: number
  /**
   * Entries that could not be looked at or removed, as when one is in use; the next sweep tries
   * them again.
   */
  readonly failed: number
  /** `true` when nothing was done: another process is sweeping, or the clock has just jumped. */
  readonly skipped: boolean
}

/**
 * Where sessions are kept: opaque bytes under an opaque name. Two verbs carry everything, `read()`
 * and `update()`; creating, saving, renewing, destroying and each removal of a sweep are
 * `update()`s with a different `change`.
 *
 * A name is 64 lowercase hexadecimal digits, and never used again once its entry was removed.
 * `read()` and `update()` refuse anything else with `ERR_SESSION_OPTION` before they touch
 * anything.
 *
 * In every verb:
 *
 * - Missing is an answer (`undefined`), not an error.
 * - Expired is not the store's business: an expired entry may still be given back (its caller
 *   decides), or be gone.
 * - Damaged (cut off, unreadable, not a plain entry) is the answer `'damaged'`, and the entry is
 *   left as it is.
 * - A store that cannot answer (down, disk error, no permission, no descriptors) rejects with a
 *   `SessionError` of the code `ERR_SESSION_STORE`, `ERR_SESSION_LOCK_TIMEOUT` or, when where it keeps
 *   entries is not what it must be, `ERR_SESSION_DIRECTORY`. It never answers
 *   "missing" instead, and never waits without bound.
 * - After `close()` every verb rejects with `ERR_SESSION_CLOSED`.
 *
 * `koa-sealed-session/testing` has the suite that holds a store to all this.
 */
export interface Store {
  /**
   * The entry, or `undefined`. With `known`, a store that can tell cheaply may answer `'unchanged'`
   * when its newest version is that one (as HTTP's If-None-Match, RFC 9110 section 13.1.2); it need
   * not. A reader sees a whole entry, old or new, and never goes back in time.
   */
  read(name: string, known?: Version): Promise<Found | 'unchanged' | 'damaged' | undefined>

  /**
   * Optional: whether `version` certainly is the newest of an entry, told at once, where `read()`
   * would answer `'unchanged'` without waiting for anything. `false` when only `read()` can tell, and
   * after `close()`. Never throws.
   */
  isCurrent?(name: string, version: Version): boolean

  /**
   * Runs `change` on the newest entry and does what it answers, atomically across every process
   * that shares the store: between what `change` was given and what is written, nobody else writes.
   * When the promise resolves, every later `read()` in any process sees it.
   *
   * `change` is synchronous, has no effect outside its result, and may run several times: only its
   * last answer counts. When it throws, nothing is written and `update()` rejects with the same
   * error. `replace` over a damaged entry is refused with `ERR_SESSION_STORE`; `remove` removes
   * that too. `remove` of what is missing succeeds.
   *
   * When `update()` rejects, the old entry is still there whole, unless the error has `committed:
   * 'unknown'`: then the old or the new one is.
   */
  update(name: string, change: ChangeFunction, options?: UpdateOptions): Promise<Updated>

  /**
   * Every entry, in no order, streamed. One that comes or goes meanwhile may be listed or not.
   * Expired ones may be listed.
   */
  entries(): AsyncIterable<ListedEntry>

  /**
   * Optional: rejects when the store cannot be used, so that an application fails at start. Makes
   * what must be there.
   */
  ready?(): Promise<void>

  /**
   * For stores that do not expire entries by themselves: removes expired ones, damaged ones past
   * their time, and the store's own litter.
   */
  sweep?(options: SweepOptions): Promise<SweepReport>

  /** Finishes what was begun and lets go of everything. A second call does nothing. */
  close(): Promise<void>
}
