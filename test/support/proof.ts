/**
 * Whether the proofs run in their whole form, as `npm run test:proof` has them: PROOF=whole. The
 * short form has the same layers and the same kinds of fault, and fewer of each.
 */
export const isWhole: boolean = process.env.PROOF === 'whole'

/**
 * In the short form every so many of what the whole form tries, so that a layer is walked from one
 * end to the other.
 */
export function strideOf(short: number): number {
  return isWhole ? 1 : short
}

/** Every `stride`th of them, from number `start` on, which counts from 0. */
export function everyNth<Item>(items: Iterable<Item>, stride: number, start = 0): Item[] {
  return [...items].filter((_item, index) => index % stride === start % stride)
}
