/** Plays a place where requests wait for one another: nobody goes on until `size` of them are there. */
export function createMeeting(size: number): () => Promise<void> {
  let missing = size
  const { promise, resolve } = withResolvers()
  return () => {
    missing -= 1
    if (missing === 0) resolve()
    return promise
  }
}

/** Waits for what happens beside a response, or after it was sent. */
export async function until(happened: () => boolean): Promise<void> {
  while (!happened()) await new Promise((resolve) => setTimeout(resolve, 5))
}

function withResolvers(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => undefined
  const promise = new Promise<void>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}
