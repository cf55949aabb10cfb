import { SessionError } from '../../lib/errors.ts'
import type {
  Change,
  ChangeFunction,
  Entry,
  Found,
  ListedEntry,
  Store,
  SweepOptions,
  SweepReport,
  Updated,
  UpdateOptions,
  Version,
} from '../../lib/store.ts'
import { MemoryStore } from '../../stores/memory.ts'
import { Pause } from './pause.ts'

type Verb = 'read' | 'update'

/** Plays a store one can watch, make fail, hold up, and be quicker than. Keeps its entries in memory. */
export class StageStore implements Store {
  /** Every call of the two verbs, in order. */
  readonly calls: Verb[] = []
  /** What was written, in order; whatever wrote nothing is left out. */
  readonly writes: { readonly kind: Change['kind']; readonly durable: boolean }[] = []
  readonly #memory = new MemoryStore()
  readonly #failures = new Map<Verb, Error>()
  readonly #waiting = new Map<Verb, () => Promise<unknown>>()

  /** From now on `verb` rejects with `error`. */
  fail(verb: Verb, error: Error = storeDown()): void {
    this.#failures.set(verb, error)
  }

  /** Nothing fails any more. */
  heal(): void {
    this.#failures.clear()
  }

  /** The next call of `verb` waits until it is let go. */
  hold(verb: Verb): Pause {
    const pause = new Pause()
    this.intrude(verb, pause.wait)
    return pause
  }

  /** The next call of `verb` finds that somebody else was quicker. */
  intrude(verb: Verb, action: () => Promise<unknown>): void {
    this.#waiting.set(verb, action)
  }

  /** Forgets what was watched. */
  forget(): void {
    this.calls.length = 0
    this.writes.length = 0
  }

  /** What is kept, by name. */
  async contents(): Promise<Map<string, Entry>> {
    const contents = new Map<string, Entry>()
    for await (const { name } of this.#memory.entries()) {
      const found = await this.#memory.read(name)
      if (typeof found === 'object') contents.set(name, found.entry)
    }
    return contents
  }

  /** The one entry there is, under its name. */
  async sole(): Promise<readonly [name: string, entry: Entry]> {
    const [only, ...more] = await this.contents()
    if (only === undefined || more.length > 0) throw new Error('There is not one entry')
    return only
  }

  /** Puts an entry in, as whoever has the disk can. */
  async plant(name: string, entry: Entry): Promise<void> {
    await this.#memory.update(name, () => ({ kind: 'replace', entry }))
  }

  async read(name: string, known?: Version): Promise<Found | 'unchanged' | undefined> {
    await this.#enter('read')
    return this.#memory.read(name, known)
  }

  async update(
    name: string,
    change: ChangeFunction,
    options: UpdateOptions = {},
  ): Promise<Updated> {
    await this.#enter('update')
    let kind: Change['kind'] = 'keep'
    const updated = await this.#memory.update(name, (current) => {
      const answer = change(current)
      kind = answer.kind
      return answer
    })
    if ((kind as Change['kind']) !== 'keep') {
      this.writes.push({ kind, durable: options.durable ?? false })
    }
    return updated
  }

  entries(): AsyncIterable<ListedEntry> {
    return this.#memory.entries()
  }

  sweep(options: SweepOptions): Promise<SweepReport> {
    return this.#memory.sweep(options)
  }

  close(): Promise<void> {
    return this.#memory.close()
  }

  async #enter(verb: Verb): Promise<void> {
    this.calls.push(verb)
    const action = this.#waiting.get(verb)
    this.#waiting.delete(verb)
    await action?.()
    const failure = this.#failures.get(verb)
    if (failure !== undefined) throw failure
  }
}

/** What a store says that cannot answer. */
export function storeDown(): SessionError {
  return new SessionError('ERR_SESSION_STORE', 'The store is down', {
    cause: Object.assign(new Error('EIO: i/o error'), { code: 'EIO' }),
  })
}

/** What a store says whose lock somebody else keeps. */
export function lockTimeout(): SessionError {
  return new SessionError('ERR_SESSION_LOCK_TIMEOUT', 'The lock was held for too long')
}
