import { SessionError } from '../../lib/errors.ts'
import type { ChangeFunction, Updated, Version } from '../../lib/store.ts'
import type { Commit, Decide } from './commit.ts'
import { type Plan, planChanges } from './plan.ts'

/** How one change is to be committed. */
export interface QueueOptions {
  readonly durable: boolean
  /** The longest time to wait for another process's lock, in milliseconds; 0 tries once. */
  readonly wait: number
}

interface Waiting extends QueueOptions {
  readonly change: ChangeFunction
  readonly onSettled: () => void
  deadline: number
  resolve(updated: Updated): void
  reject(error: unknown): void
}

const NOTHING: Updated = {}

/** Those whose changes are one commit: all that wait when it decides. */
class Batch {
  readonly waiting: Waiting[] = []
  /** What was decided last; absent until then. */
  plan: Plan | undefined
  readonly #line: Waiting[]

  constructor(line: Waiting[]) {
    this.#line = line
  }

  readonly decide: Decide = (newest, version) => {
    this.waiting.push(...this.#line.splice(0))
    this.plan = planChanges(this.waiting, newest, version)
    const { outcome } = this.plan
    if (outcome === 'keep') return undefined
    const durable = this.waiting.some((one) => one.durable)
    return { entry: outcome === 'remove' ? undefined : outcome, durable }
  }

  readonly deadline = (): number =>
    Math.min(...[...this.waiting, ...this.#line].map(({ deadline }) => deadline))
}

function resolve(waiting: Waiting, updated: Updated): void {
  waiting.onSettled()
  waiting.resolve(updated)
}

function reject(waiting: Waiting, error: unknown): void {
  waiting.onSettled()
  waiting.reject(error)
}

/**
 * The commits of one tenant, all stores of a thread on one directory: those of one session come one
 * after the other, and all that wait join the next.
 */
export class CommitQueue {
  readonly #commit: Commit
  readonly #monotonic: () => number
  readonly #lines = new Map<string, Waiting[]>()

  constructor(commit: Commit, monotonic: () => number) {
    this.#commit = commit
    this.#monotonic = monotonic
  }

  /**
   * As the store's `update()`. `onSettled` is called when it is about to resolve or reject; default:
   * nobody is.
   */
  update(
    name: string,
    change: ChangeFunction,
    { durable, wait }: QueueOptions,
    onSettled: () => void = () => {},
  ): Promise<Updated> {
    return new Promise((resolve, reject) => {
      this.#enqueue(name, { change, durable, wait, onSettled, deadline: 0, resolve, reject })
    })
  }

  #enqueue(name: string, waiting: Waiting): void {
    waiting.deadline = this.#monotonic() + waiting.wait
    const line = this.#lines.get(name)
    if (line) {
      line.push(waiting)
      return
    }
    const started = [waiting]
    this.#lines.set(name, started)
    void this.#run(name, started)
  }

  async #run(name: string, line: Waiting[]): Promise<void> {
    while (line.length > 0) {
      const batch = new Batch(line)
      try {
        const version = await this.#commit(name, batch.decide, batch.deadline)
        this.#answer(name, batch, version)
      } catch (error) {
        this.#fail(error, batch.waiting, line)
      }
    }
    this.#lines.delete(name)
  }

  #answer(name: string, { waiting, plan }: Batch, version: Version | undefined): void {
    for (let index = 0; index < waiting.length; index += 1) {
      const one = waiting[index] as Waiting
      const answer = plan?.answers[index]
      if (answer?.kind === 'failed') reject(one, answer.error)
      else if (answer?.kind === 'again') this.#enqueueAfter(name, one, answer.after)
      else resolve(one, index === plan?.author && version ? { version } : NOTHING)
    }
  }

  /**
   * Rejects those who were part of the commit, or could not be. Whoever has waited less than it may
   * has another go.
   */
  #fail(error: unknown, batch: readonly Waiting[], line: Waiting[]): void {
    const timeout = error instanceof SessionError && error.code === 'ERR_SESSION_LOCK_TIMEOUT'
    const concerned = batch.length > 0 && !timeout ? batch : [...batch, ...line.splice(0)]
    const now = this.#monotonic()
    const patient: Waiting[] = []
    for (const waiting of concerned) {
      if (timeout && waiting.deadline > now) patient.push(waiting)
      else reject(waiting, error)
    }
    line.unshift(...patient)
  }

  #enqueueAfter(name: string, waiting: Waiting, after: Promise<unknown>): void {
    const enqueue = (): void => this.#enqueue(name, waiting)
    Promise.resolve(after).then(enqueue, enqueue)
  }
}
