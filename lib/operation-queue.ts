import { SessionError } from './errors.ts'

/**
 * A promise that knows whether anybody asked for its outcome. What fails unheard can be told
 * elsewhere, and does not end the process as an unhandled rejection.
 */
class Answer<Result> extends Promise<Result> {
  /** Whether somebody awaits it, or has attached a handler. */
  isHeard = false

  /** As `result` comes out. */
  static of<Result>(result: Promise<Result>): Answer<Result> {
    const answer = new Answer<Result>((resolve) => resolve(result))
    Promise.prototype.then.call(answer, undefined, () => undefined)
    return answer
  }

  /** What is derived from it is an ordinary promise. */
  static override get [Symbol.species](): PromiseConstructor {
    return Promise
  }

  // biome-ignore lint/suspicious/noThenProperty: await calls it, which is how an answer is heard
  override then<Value = Result, Failure = never>(
    onFulfilled?: ((value: Result) => Value | PromiseLike<Value>) | null,
    onRejected?: ((reason: unknown) => Failure | PromiseLike<Failure>) | null,
  ): Promise<Value | Failure> {
    this.isHeard = true
    return super.then(onFulfilled, onRejected)
  }
}

/**
 * Operations that run one after the other, in the order they were called, whether or not one fails.
 */
export class OperationQueue {
  /** The one called last; `undefined` until there is one. */
  #last: Promise<unknown> | undefined
  readonly #prepare: () => Promise<void> | undefined
  readonly #failures: { readonly answer: Answer<unknown>; readonly error: unknown }[] = []

  /** `prepare` is done before each operation, where there is anything to do. */
  constructor(prepare: () => Promise<void> | undefined) {
    this.#prepare = prepare
  }

  /**
   * Runs an operation once those before it are done. Never an unhandled rejection: see {@link
   * finish}.
   */
  run<Result>(operation: () => Promise<Result>): Promise<Result> {
    const turn = (): Promise<Result> => this.#prepare()?.then(operation) ?? operation()
    const result = (this.#last ?? DONE).then(turn, turn)
    const answer = Answer.of(result)
    this.#last = result.then(
      () => undefined,
      (error: unknown) => {
        this.#failures.push({ answer, error })
      },
    )
    return answer
  }

  /**
   * As {@link run} of the first operation, for who awaits its outcome, when there is nothing to
   * prepare: it begins at once.
   */
  runFirst(operation: () => Promise<void>): Promise<void> {
    const result = operation()
    this.#last = result
    return result
  }

  /** Resolves when all are done that were called until now. */
  drain(): Promise<void> {
    return this.run(async () => {})
  }

  /**
   * As {@link drain}, and rejects with what failed first without anybody having asked for the
   * outcome. That a session is gone is no failure of the request then, as it is none of the commit at
   * its end.
   */
  async finish(): Promise<void> {
    await this.drain()
    const unheard = this.#failures.find(({ answer, error }) => !answer.isHeard && !isGone(error))
    if (unheard !== undefined) throw unheard.error
  }
}

const DONE = Promise.resolve()

function isGone(error: unknown): boolean {
  return error instanceof SessionError && error.code === 'ERR_SESSION_GONE'
}
