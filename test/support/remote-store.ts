import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { SweepReport } from '../../lib/store.ts'

/** How a store in a process of its own is opened. */
export interface RemoteOptions {
  readonly directory: string
  readonly lockTimeout?: number
  /** The wall clock of the process jumps by up to a year and a half with every look at it. */
  readonly madClock?: boolean
}

/** How its process is started. */
export interface RemoteProcess {
  /** A command to start it with, such as `unshare` and its arguments. */
  readonly under?: readonly string[]
  readonly variables?: Readonly<Record<string, string>>
}

/** What a store in a process of its own can be told. */
export type Order =
  | { readonly verb: 'ready' | 'close' | 'hoard' | 'release' }
  | { readonly verb: 'store'; name: string; text: string; durable?: boolean; expires?: number }
  | { readonly verb: 'append'; name: string; text: string; durable?: boolean }
  | { readonly verb: 'remove'; name: string; durable?: boolean }
  | { readonly verb: 'read'; name: string }
  | { readonly verb: 'sweep'; now: number }
  | { readonly verb: 'become'; user: number }

/** An error on its way between processes. */
export interface StoreFailure {
  readonly code: string
  readonly message: string
  readonly committed?: string | undefined
  /** The system's code. */
  readonly reason?: string | undefined
}

/** What comes back for an order. */
export interface Answer {
  readonly number: number
  readonly value?: unknown
  readonly failure?: StoreFailure
}

/** What an order was answered: `'done'`, the text found, or why not. */
export type Outcome = { readonly value: unknown } | { readonly failure: StoreFailure } | 'killed'

const PROGRAM = fileURLToPath(new URL('remote-store-child.js', import.meta.url))

/** A file store in a process of its own. */
export class RemoteStore {
  readonly child: ChildProcess
  readonly ended: Promise<unknown>
  readonly #waiting = new Map<number, (outcome: Outcome) => void>()
  #orders = 0
  #isOver = false

  constructor(options: RemoteOptions, { under = [], variables = {} }: RemoteProcess = {}) {
    const [command = '', ...words] = [...under, process.execPath, PROGRAM, JSON.stringify(options)]
    this.child = spawn(command, words, {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, ...variables },
    })
    this.child.stdin?.on('error', () => {})
    const lines = createInterface({ input: this.child.stdout as NodeJS.ReadableStream })
    lines.on('line', (line) => {
      const { number, value, failure } = JSON.parse(line) as Answer
      this.#settle(number, failure ? { failure } : { value })
    })
    this.ended = Promise.all([once(this.child, 'exit'), once(lines, 'close')]).then(() => {
      this.#isOver = true
      for (const number of [...this.#waiting.keys()]) this.#settle(number, 'killed')
    })
  }

  /** Never rejects. */
  tell(order: Order): Promise<Outcome> {
    if (this.#isOver) return Promise.resolve('killed')
    const number = this.#orders++
    return new Promise((resolve) => {
      this.#waiting.set(number, resolve)
      this.child.stdin?.write(`${JSON.stringify({ number, order })}\n`)
    })
  }

  /** As `tell()`; rejects when it could not be done. */
  async order(order: Order): Promise<unknown> {
    const outcome = await this.tell(order)
    if (outcome === 'killed') throw new Error(`The process ended before it could ${order.verb}`)
    if ('value' in outcome) return outcome.value
    throw new Error(`${outcome.failure.code}: ${outcome.failure.message}`)
  }

  /** The failure of an order that must fail. */
  async failure(order: Order): Promise<StoreFailure> {
    const outcome = await this.tell(order)
    if (outcome !== 'killed' && 'failure' in outcome) return outcome.failure
    throw new Error(`Nothing kept it from this: ${JSON.stringify(order)}`)
  }

  async read(name: string): Promise<string | undefined> {
    return (await this.order({ verb: 'read', name })) as string | undefined
  }

  async sweep(now: number): Promise<SweepReport> {
    return (await this.order({ verb: 'sweep', now })) as SweepReport
  }

  /** SIGKILL, and waits for the end. */
  async kill(): Promise<void> {
    this.child.kill('SIGKILL')
    await this.ended
  }

  #settle(number: number, outcome: Outcome): void {
    this.#waiting.get(number)?.(outcome)
    this.#waiting.delete(number)
  }
}

/** Starts a store in a process of its own, which ends with the test. */
export function startRemoteStore(
  t: { teardown(work: () => unknown): void },
  options: RemoteOptions,
  start: RemoteProcess = {},
): RemoteStore {
  const remote = new RemoteStore(options, start)
  t.teardown(() => remote.kill())
  return remote
}
