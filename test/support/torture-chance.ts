import { drawFrom } from './power.ts'

/**
 * Random numbers as of `Math.random()`, the same for the same seed; others for each of those who
 * choose, which are told apart by `chooser`.
 */
export function chanceOf(seed: number, ...chooser: number[]): () => number {
  const mixed = chooser.reduce((sum, number) => Math.imul(sum ^ (number + 1), 0x9e3779b1), seed)
  const draw = drawFrom(mixed)
  return () => draw(2 ** 32) / 2 ** 32
}

/** One of them. */
export function pickFrom<Item>(items: readonly Item[], chance: () => number): Item | undefined {
  return items[Math.floor(chance() * items.length)]
}
