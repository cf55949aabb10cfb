import type { Store } from '../../lib/store.ts'
import { removing, storing } from './file-store.ts'

/** One commit of a session: a text, or `undefined` for its removal. */
interface Commit {
  readonly text: string | undefined
  readonly durable: boolean
  isAcknowledged: boolean
}

/** What was done to sessions, and what was acknowledged of it: the truth that a disk is compared with. */
export class History {
  readonly #commits = new Map<string, Commit[]>()

  /** Stores a text under a name, or removes what is there, and notes it. */
  async commit(
    store: Store,
    name: string,
    text: string | undefined,
    durable: boolean,
  ): Promise<void> {
    const commit = { text, durable, isAcknowledged: false }
    this.#commits.set(name, [...(this.#commits.get(name) ?? []), commit])
    await store.update(name, text === undefined ? removing : storing(text), { durable })
    commit.isAcknowledged = true
  }

  /** A copy, as of now. */
  copy(): History {
    const copy = new History()
    for (const [name, commits] of this.#commits) {
      copy.#commits.set(
        name,
        commits.map((commit) => ({ ...commit })),
      )
    }
    return copy
  }

  /** The sessions there ever were. */
  get names(): readonly string[] {
    return [...this.#commits.keys()]
  }

  /** What may be found after every process was killed: the last that was acknowledged, or later. */
  afterKill(name: string): ReadonlySet<string | undefined> {
    const commits = this.#commits.get(name) ?? []
    const last = commits.findLastIndex(({ isAcknowledged }) => isAcknowledged)
    return new Set(this.#from(name, last))
  }

  /**
   * What may be found after a power cut: the last durable one that was acknowledged, or later.
   * Whoever stores without `durable` over it may lose it.
   */
  afterPowerCut(name: string): ReadonlySet<string | undefined> {
    const commits = this.#commits.get(name) ?? []
    const last = commits.findLastIndex((commit) => commit.isAcknowledged && commit.durable)
    const found = new Set(this.#from(name, last))
    const later = commits.slice(last + 1)
    if (later.some(({ durable, text }) => !durable && text !== undefined)) {
      found.add(undefined)
      found.add('damaged')
    }
    return found
  }

  #from(name: string, index: number): (string | undefined)[] {
    const commits = this.#commits.get(name) ?? []
    const texts = commits.slice(Math.max(0, index)).map(({ text }) => text)
    // One that never came to be may leave a file that is none: nobody has its cookie.
    return index < 0 ? [undefined, 'damaged', ...texts] : texts
  }
}
