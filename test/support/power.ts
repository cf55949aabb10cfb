import type { Choose } from './disk-nodes.ts'

/** Random choices that are the same for the same seed: mulberry32. */
export function drawFrom(seed: number): Choose {
  let state = seed >>> 0
  return (count) => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % count
  }
}

/**
 * What `make` makes of every way to choose where there are at most `most`; else of the first and of
 * the last possibility everywhere, and of random ones up to `most`.
 */
export function* everyChoice<Result>(
  make: (choose: Choose) => Result,
  most: number,
  random: Choose,
): Generator<Result> {
  const results: Result[] = []
  let script: number[] = []
  while (results.length < most) {
    const picks: number[] = []
    const counts: number[] = []
    results.push(
      make((count) => {
        picks.push(script[picks.length] ?? 0)
        counts.push(count)
        return picks.at(-1) as number
      }),
    )
    let last = picks.length - 1
    while (last >= 0 && picks[last] === (counts[last] as number) - 1) last -= 1
    if (last < 0) return yield* results
    script = [...picks.slice(0, last), (picks[last] as number) + 1]
  }
  yield make(() => 0)
  yield make((count) => count - 1)
  for (let made = 2; made < most; made++) yield make(random)
}
