/** A promise, and what settles it. */
export interface Deferred {
  readonly promise: Promise<void>
  readonly resolve: () => void
}

/** A promise for others to settle. */
export function deferred(): Deferred {
  let resolve: () => void = () => undefined
  const promise = new Promise<void>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}
