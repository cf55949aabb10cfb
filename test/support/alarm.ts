import type { Schedule } from '../../lib/sweeper.ts'

/** A run that was asked for and has not come yet. */
interface Pending {
  readonly run: () => void
  readonly delay: number
}

/** Plays the timers: nothing runs before the test says so. */
export class Alarm {
  readonly #pending = new Set<Pending>()

  schedule: Schedule = (run, delay) => {
    const pending = { run, delay }
    this.#pending.add(pending)
    return () => this.#pending.delete(pending)
  }

  /** The delays of all that is to come, in milliseconds. */
  get delays(): readonly number[] {
    return [...this.#pending].map(({ delay }) => delay)
  }

  /** Runs all that is to come. */
  ring(): void {
    const pending = [...this.#pending]
    this.#pending.clear()
    for (const { run } of pending) run()
  }
}

/** Lets everything run that needs no time: promises, and what was put off until the next turn. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}
