import type { Burst } from './load/burst.ts'
import { sumUsage } from './measurement.ts'
import { formatCount, formatMilliseconds } from './report/format.ts'
import type { Delay } from './servers/process.ts'
import { median } from './statistics.ts'
import type { RunningServer, Workbench } from './workbench.ts'

/** A burst, and how the server took it. */
export interface Watched extends Burst {
  /** How late the event loop was. */
  readonly delay: Delay
  /** All the CPU time that the server used meanwhile. */
  readonly cpuMicroseconds: number
}

/** One burst for each of two servers that are alike, one right after the other. */
export interface Pair {
  /** The one that may do something else besides. */
  readonly server: Watched
  readonly twin: Watched
}

/** How far a loop over files came, and what it took. */
export interface Passage {
  readonly files: number
  readonly removed: number
  readonly milliseconds: number
  readonly cpuMicroseconds: number
}

/**
 * What a saturated server did besides its requests, and how those went. Its CPU time is what the
 * server used above what so many requests cost its twin; its seconds are those of both.
 */
export interface LoadedPassage extends Passage {
  /** Requests a second to those of the twin, and that to the ratio without any other work. */
  readonly ratio: number
  readonly pairs: readonly Pair[]
}

/** Work on files that can be ended early, and then tells how far it came. */
export interface Work {
  readonly name: string
  begin(): Promise<{ files: number; removed: number }>
  end(): Promise<unknown>
}

/** Load on two servers in turn: what one of them does besides shows beside the other. */
export class PairedLoad {
  readonly #workbench: Workbench
  readonly #server: RunningServer
  readonly #twin: RunningServer
  readonly #milliseconds: number
  readonly #undisturbed: Pair[] = []

  /** `burst` in milliseconds. */
  constructor(workbench: Workbench, server: RunningServer, twin: RunningServer, burst: number) {
    this.#workbench = workbench
    this.#server = server
    this.#twin = twin
    this.#milliseconds = burst
  }

  /** What was measured so far without any other work. */
  get undisturbed(): readonly Pair[] {
    return this.#undisturbed
  }

  async warmUp(rounds: number): Promise<void> {
    this.#workbench.log('warming up')
    for (let round = 0; round < rounds; round++) await this.#runPair()
  }

  /** Measures the two as they are by themselves. */
  async run(rounds: number): Promise<void> {
    for (let round = 0; round < rounds; round++) this.#undisturbed.push(await this.#runPair())
  }

  /** Runs while `work` is under way, so many pairs at most. */
  async runDuring({ name, begin, end }: Work, longest: number): Promise<LoadedPassage> {
    this.#workbench.log(`${name} begins`)
    const pairs: Pair[] = []
    const before = await sumUsage(this.#server)
    const begun = performance.now()
    let isDone = false
    const working = begin().finally(() => {
      isDone = true
    })
    // It is waited for below: what befalls it meanwhile must not end the run without a word.
    working.catch(() => {})
    while (!isDone && pairs.length < longest) pairs.push(await this.#runPair())
    const milliseconds = performance.now() - begun
    const after = await sumUsage(this.#server)
    const twinMicroseconds = pairs.reduce((sum, { twin }) => sum + twin.cpuMicroseconds, 0)
    // The last burst outlives the work.
    if (isDone && pairs.length > 1) pairs.pop()
    await end()
    const count = await working
    this.#workbench.log(`${name}: ${count.files} files, ${count.removed} removed`)
    const ratio = ratioOf(pairs) / ratioOf(this.#undisturbed)
    const used = after.cpuMicroseconds - before.cpuMicroseconds
    const cpuMicroseconds = used - ratio * twinMicroseconds
    return { ...count, milliseconds, cpuMicroseconds, ratio, pairs }
  }

  /** The server stands still while its twin has its turn, so that its other work disturbs nobody. */
  async #runPair(): Promise<Pair> {
    const server = await this.#watchBurst(this.#server)
    for (const child of this.#server.processes) child.pause()
    const twin = await this.#watchBurst(this.#twin).finally(() => {
      for (const child of this.#server.processes) child.resume()
    })
    const rates = [server, twin].map(({ requestsPerSecond }) => formatCount(requestsPerSecond))
    const late = formatMilliseconds(server.delay.p99)
    this.#workbench.log(`${rates.join(', its twin ')} requests/s, event loop p99 ${late} ms`)
    return { server, twin }
  }

  async #watchBurst(server: RunningServer): Promise<Watched> {
    const [process] = server.processes
    const before = await sumUsage(server)
    await process?.call('watchDelay')
    const spec = { operation: 'mix', connections: 32, milliseconds: this.#milliseconds } as const
    const burst = await this.#workbench.load.call('burst', { id: server.contender.id, spec })
    const delay = (await process?.call('readDelay')) ?? { p50: 0, p99: 0, longest: 0 }
    const after = await sumUsage(server)
    return { ...burst, delay, cpuMicroseconds: after.cpuMicroseconds - before.cpuMicroseconds }
  }
}

/** The median of the pairs' ratios. */
function ratioOf(pairs: readonly Pair[]): number {
  return median(pairs.map(({ server, twin }) => server.requestsPerSecond / twin.requestsPerSecond))
}
