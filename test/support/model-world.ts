import { assembleSessions } from '../../lib/assembly.ts'
import { type RandomBytes, toSessionId } from '../../lib/id.ts'
import { Keyring } from '../../lib/keyring.ts'
import type { Sessions } from '../../lib/middleware.ts'
import type { SessionRecord } from '../../lib/record.ts'
import { SealedStore } from '../../lib/sealed-store.ts'
import type { Store } from '../../lib/store.ts'
import { MemoryStore } from '../../stores/memory.ts'
import { Clock } from './clock.ts'
import { Disk } from './disk.ts'
import { nextProcess, openEngine } from './engine.ts'
import { interceptAll } from './held-calls.ts'
import { IndoorServer } from './indoor-server.ts'
import { keyOf } from './keys.ts'
import { drawFrom } from './power.ts'

/** What sessions are kept in: memory, or files by either way of committing them. */
export type Medium = 'memory' | 'replace' | 'overwrite'

/** One server: as a process of its own, on the store that all share. */
export interface Process {
  readonly sessions: Sessions
  readonly server: IndoorServer
  readonly store: Store
  close(): Promise<void>
}

const KEY = keyOf('model')

/** Plays a machine: servers on one store, and the time. */
export class Machine {
  readonly clock: Clock = new Clock()
  /** The keys of the conflicts that were told of. */
  readonly conflicts: string[] = []
  readonly processes: Process[] = []
  readonly #medium: Medium
  readonly #memory = new MemoryStore()
  readonly #disk = new Disk(() => this.clock.monotonic())
  readonly #keyring = new Keyring({ load: async () => [KEY] }, 'sid', () => 0)
  readonly #random: RandomBytes
  readonly #pause: (count: number) => number

  /** Everything that chance decides follows from `seed`. */
  constructor(medium: Medium, seed: number) {
    this.#medium = medium
    this.#pause = drawFrom(seed)
    const byte = drawFrom(seed + 1)
    this.#random = (length) => Buffer.from(Array.from({ length }, () => byte(256)))
  }

  /** Starts a server in the place of the one there was. */
  async start(index: number): Promise<void> {
    await this.processes[index]?.close()
    const { store, close } = await this.#openStore()
    const sessions = assembleSessions(
      { store, keys: KEY },
      {
        now: this.clock.now,
        monotonic: this.clock.monotonic,
        random: this.#random,
        jitter: () => 0.5,
        schedule: () => () => undefined,
        isProduction: () => false,
        variables: {},
        warn: () => undefined,
        trace: () => undefined,
      },
    )
    sessions.on('conflict', ({ key }) => this.conflicts.push(key))
    const server = new IndoorServer(sessions)
    this.processes[index] = { sessions, server, store, close: () => sessions.close().then(close) }
  }

  /** The record under an id, as one reads it who has never seen it. */
  async recordOf(id: Buffer): Promise<SessionRecord | string | undefined> {
    const { store } = this.processes[0] as Process
    const read = await new SealedStore(store, this.#keyring, this.#random, 0).read(toSessionId(id))
    return typeof read === 'object' ? read.record : read
  }

  async close(): Promise<void> {
    for (const { close } of this.processes) await close()
    if (this.#disk.descriptors > 0) throw new Error('There are descriptors left open')
  }

  async #openStore(): Promise<{ store: Store; close: () => Promise<void> }> {
    if (this.#medium === 'memory') return { store: shared(this.#memory), close: async () => {} }
    // Whoever runs at the same time is now first, now last.
    const fs = interceptAll(this.#disk, async ({ proceed }) => {
      for (let ticks = this.#pause(4); ticks > 0; ticks--) await undefined
      return proceed()
    })
    const engine = openEngine({
      disk: this.#disk,
      fs,
      way: this.#medium,
      monotonic: this.clock.monotonic,
      process: nextProcess(),
      verdict: 'alive',
    })
    await engine.store.ready()
    if ((await engine.isAlone()) !== (this.#medium === 'overwrite')) {
      throw new Error('It commits the other way')
    }
    return engine
  }
}

/** The memory for a server that may end before others. */
function shared(memory: MemoryStore): Store {
  return {
    read: (name, known) => memory.read(name, known),
    update: (name, change, options) => memory.update(name, change, options),
    entries: () => memory.entries(),
    sweep: (options) => memory.sweep(options),
    close: async () => {},
  }
}
