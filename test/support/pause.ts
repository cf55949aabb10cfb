import { Gate } from './gate.ts'

/** A place where a request waits until it is let go. */
export class Pause {
  readonly #arrival = new Gate()
  readonly #release = new Gate()
  /** Resolves when somebody waits there. */
  readonly arrived: Promise<void> = this.#arrival.passed

  letGo = (): void => this.#release.open()

  wait = (): Promise<void> => {
    this.#arrival.open()
    return this.#release.passed
  }
}
