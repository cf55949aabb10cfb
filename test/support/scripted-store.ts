import type {
  ChangeFunction,
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

type Answer = Found | 'unchanged' | 'damaged' | undefined

/** An `update()` that was done. */
interface DoneUpdate {
  readonly name: string
  readonly durable: boolean
  /** What the change answered in the end. */
  readonly kind: string
}

/**
 * Plays a store to which things happen: it is a store in memory, and the test stands between it and
 * who asks, so that it can let something else go before, let it fail, or answer in its place.
 */
export class ScriptedStore implements Store {
  readonly memory: MemoryStore = new MemoryStore()
  /** Every `read()`, with whether it knew a version. */
  readonly reads: { readonly name: string; readonly knew: boolean }[] = []
  /** Every `update()` that reached the memory, in order. */
  readonly updates: DoneUpdate[] = []
  closed = 0
  /** Whether a change is given the version of what it is run on. */
  tellsVersions = false
  /** Comes between a run of the next change that does not count, as when another writer was faster, and the one that does. */
  between: (() => Promise<unknown>) | undefined

  onRead: (proceed: () => Promise<Answer>, name: string) => Promise<Answer> = (proceed) => proceed()
  onUpdate: (proceed: () => Promise<Updated>, name: string) => Promise<Updated> = (proceed) =>
    proceed()

  read(name: string, known?: Version): Promise<Answer> {
    this.reads.push({ name, knew: known !== undefined })
    return this.onRead(() => this.memory.read(name, known), name)
  }

  update(name: string, change: ChangeFunction, options: UpdateOptions = {}): Promise<Updated> {
    return this.onUpdate(async () => {
      await this.#runInVain(name, change)
      let kind = ''
      const updated = await this.memory.update(name, (current, version) => {
        const answer = this.tellsVersions ? change(current, version) : change(current)
        kind = answer.kind
        return answer
      })
      this.updates.push({ name, durable: options.durable === true, kind })
      return updated
    }, name)
  }

  entries(): AsyncIterable<ListedEntry> {
    return this.memory.entries()
  }

  sweep(options: SweepOptions): Promise<SweepReport> {
    return this.memory.sweep(options)
  }

  close(): Promise<void> {
    this.closed += 1
    return this.memory.close()
  }

  /** Puts bytes under a name, whatever they are. */
  async put(
    name: string,
    bytes: Uint8Array,
    expires: number = Number.MAX_SAFE_INTEGER,
  ): Promise<void> {
    await this.memory.update(name, () => ({ kind: 'replace', entry: { bytes, expires } }))
  }

  /** The names there are. */
  async names(): Promise<readonly string[]> {
    const names: string[] = []
    for await (const { name } of this.memory.entries()) names.push(name)
    return names.sort()
  }

  async #runInVain(name: string, change: ChangeFunction): Promise<void> {
    const { between } = this
    if (between === undefined) return
    this.between = undefined
    const found = await this.memory.read(name)
    change(typeof found === 'object' ? found.entry : undefined)
    await between()
  }
}
