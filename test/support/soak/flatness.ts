/** One measure over time, and what became of it. */
export interface Trend {
  readonly name: string
  /** Means of the first and the last third. */
  readonly first: number
  readonly last: number
  readonly highest: number
  /** By how much it rose from the first moment to the last, along a straight line. */
  readonly rise: number
  readonly tolerance: number
  readonly isFlat: boolean
}

/** Whether a measure stays where it is: its rise, by least squares, is within the tolerance. */
export function judgeTrend(name: string, values: readonly number[], tolerance: number): Trend {
  const third = Math.max(1, Math.floor(values.length / 3))
  const middle = (values.length - 1) / 2
  const mean = average(values)
  let covariance = 0
  let variance = 0
  for (const [index, value] of values.entries()) {
    covariance += (index - middle) * (value - mean)
    variance += (index - middle) ** 2
  }
  const rise = variance === 0 ? 0 : (covariance / variance) * (values.length - 1)
  return {
    name,
    first: average(values.slice(0, third)),
    last: average(values.slice(-third)),
    highest: Math.max(...values),
    rise,
    tolerance,
    isFlat: rise <= tolerance,
  }
}

function average(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
