/** What ends, and with it what was started on it: a test, or a {@link SharedStage}. */
export interface Stage {
  teardown(work: () => unknown): unknown
}

/** What several tests of a file share. It ends when the file says so, after the last of them. */
export class SharedStage implements Stage {
  readonly #works: (() => unknown)[] = []

  teardown(work: () => unknown): void {
    this.#works.push(work)
  }

  /** Ends what was started, the last first. */
  async end(): Promise<void> {
    for (const work of this.#works.reverse()) await work()
  }
}
