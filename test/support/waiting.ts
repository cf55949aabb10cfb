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

/** Far longer than anything takes that is waited for: what does not happen fails by its name. */
const PATIENCE_MILLISECONDS = 20_000

/** Waits for what happens beside a response, or after it was sent. Rejects when it does not happen. */
export async function until(happened: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + PATIENCE_MILLISECONDS
  while (!(await happened())) {
    if (performance.now() > end) throw new Error(`It did not happen: ${happened}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

function withResolvers(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => undefined
  const promise = new Promise<void>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}
