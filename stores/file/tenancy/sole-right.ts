/**
 * The right to write in place, and what relies on it.
 *
 * It is given up at once when anybody comes, and is not there again before all that relied on it has
 * ended.
 */
export class SoleRight {
  readonly #onChange: () => Promise<void>
  #isHeld = false
  #promises = 0
  #begun = 0
  #waiting: (() => void)[] = []
  #ending: Promise<void> | undefined

  /** `onChange` is awaited before it is held, and after what relied on it has ended. */
  constructor(onChange: () => Promise<void>) {
    this.#onChange = onChange
  }

  /** Whether it is held now. */
  get isHeld(): boolean {
    return this.#isHeld
  }

  /** Whether it is held, or something that relied on it is still under way. */
  get isReliedOn(): boolean {
    return this.#isHeld || this.#ending !== undefined
  }

  /** How many newcomers were promised that nobody holds it. */
  get promises(): number {
    return this.#promises
  }

  /** Begins a commit in place; returns what ends it. `undefined` when the right is not held. */
  begin(): (() => void) | undefined {
    if (!this.#isHeld) return undefined
    this.#begun++
    let isEnded = false
    return () => {
      if (isEnded) return
      isEnded = true
      this.#begun--
      if (this.#begun > 0) return
      for (const wake of this.#waiting.splice(0)) wake()
    }
  }

  /**
   * Takes it, after a claim. `promises`: how many there were before the claim began. Resolves to
   * whether it is held; not, when a newcomer came so soon that it was promised otherwise.
   */
  async take(promises: number, signal: AbortSignal): Promise<boolean> {
    while (this.#ending) await this.#ending
    await this.#onChange()
    if (this.#promises === promises && !signal.aborted) this.#isHeld = true
    return this.#isHeld
  }

  /** As `end()`, for a newcomer that relies on it. */
  promise(): Promise<void> {
    this.#promises++
    return this.end()
  }

  /** Gives it up. Resolves when nothing is under way any more that relied on it. */
  end(): Promise<void> {
    if (this.#isHeld) {
      this.#isHeld = false
      this.#ending = this.#finish().finally(() => {
        this.#ending = undefined
      })
    }
    return this.#ending ?? Promise.resolve()
  }

  /** Resolves when an end under way is over. */
  settled(): Promise<void> {
    return this.#ending ?? Promise.resolve()
  }

  async #finish(): Promise<void> {
    if (this.#begun > 0) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    await this.#onChange()
  }
}
