import { SessionError } from '../../lib/errors.ts'
import type { ChangeFunction, Entry, Updated } from '../../lib/store.ts'
import type { Commit, Decision } from './commit.ts'
import { planChanges } from './plan.ts'

/** How one change is to be committed. */
export interface QueueOptions {
  readonly durable: boolean
  /** The longest time to wait for another process's lock, in milliseconds; 0 tries once. */
  readonly wait: number
}

interface Waiting extends QueueOptions {
  readonly change: ChangeFunction
  deadline: number
  resolve(updated: Updated): void
  reject(error: unknown): void
}

/**
 * The commits of one store in this process: those of one session come one after the other, and all
 * that wait join the next.
 */
export class CommitQueue {
  readonly #commit: Commit
  readonly #monotonic: () => number
  readonly #lines = new Map<string, Waiting[]>()

  constructor(commit: Commit, monotonic: () => number) {
    this.#commit = commit
    this.#monotonic = monotonic
  }

  /** As the store's `update()`. */
  update(name: string, change: ChangeFunction, { durable, wait }: QueueOptions): Promise<Updated> {
    return new Promise((resolve, reject) => {
      this.#enqueue(name, { change, durable, wait, deadline: 0, resolve, reject })
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
    while (line.length > 0) await this.#commitLine(name, line)
    this.#lines.delete(name)
  }

  async #commitLine(name: string, line: Waiting[]): Promise<void> {
    const batch: Waiting[] = []
    let plan = planChanges([], undefined)
    const decide = (newest: Entry | 'damaged' | undefined): Decision | undefined => {
      batch.push(...line.splice(0))
      plan = planChanges(
        batch.map(({ change }) => change),
        newest,
      )
      const durable = batch.some((waiting) => waiting.durable)
      if (plan.outcome === 'keep') return undefined
      return { entry: plan.outcome === 'remove' ? undefined : plan.outcome, durable }
    }
    const deadline = (): number =>
      Math.min(...[...batch, ...line].map((waiting) => waiting.deadline))
    try {
      const version = await this.#commit(name, decide, deadline)
      for (const [index, waiting] of batch.entries()) {
        const answer = plan.answers[index]
        if (answer?.kind === 'failed') waiting.reject(answer.error)
        else if (answer?.kind === 'again') this.#enqueueAfter(name, waiting, answer.after)
        else waiting.resolve(index === plan.author && version ? { version } : {})
      }
    } catch (error) {
      this.#fail(error, batch, line)
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
      else waiting.reject(error)
    }
    line.unshift(...patient)
  }

  #enqueueAfter(name: string, waiting: Waiting, after: Promise<unknown>): void {
    const enqueue = (): void => this.#enqueue(name, waiting)
    Promise.resolve(after).then(enqueue, enqueue)
  }
}
