import type { Data } from './data.ts'
import { describeType } from './duration.ts'
import { SessionError } from './errors.ts'
import { joinData, parseData, type SerializedData } from './record.ts'

/** A function given to `update()`, ready to run under the lock. */
export interface PreparedUpdate<Result> {
  /**
   * Runs the function on a copy of the values. Throws what it throws, and what `serialize` throws.
   */
  transform(values: SerializedData): SerializedData
  /** What the function returned last. */
  result(): Result
}

/**
 * Prepares the function of an `update()`: it is given the data as an object, and `serialize` makes
 * what it leaves ready to be stored. A promise is refused with `ERR_SESSION_UPDATE`, and what is no
 * function with `ERR_SESSION_OPTION`.
 */
export function createTransform<Result>(
  fn: (data: Data) => Result,
  serialize: (data: object) => SerializedData,
): PreparedUpdate<Result> {
  if (typeof fn !== 'function') {
    throw new SessionError(
      'ERR_SESSION_OPTION',
      `Expected update() to be given a function, got ${describeType(fn)}`,
    )
  }
  let result: Result | undefined
  return {
    transform: (values) => {
      const data = parseData(joinData(values))
      result = fn(data)
      refusePromise(result)
      return serialize(data)
    },
    result: () => result as Result,
  }
}

function refusePromise(result: unknown): void {
  const canHaveThen =
    typeof result === 'function' || (typeof result === 'object' && result !== null)
  if (!canHaveThen || typeof (result as { readonly then?: unknown }).then !== 'function') return
  if (result instanceof Promise) result.catch(() => undefined)
  throw new SessionError(
    'ERR_SESSION_UPDATE',
    'The function given to update() must not be async: it runs under the lock. Await first, then update',
  )
}
