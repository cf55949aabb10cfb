import type { Contender } from './contenders.ts'
import type { Sample } from './paired-run.ts'
import { median } from './statistics.ts'

/** What a contender came to in one case: medians over the rounds. */
export interface Summary {
  readonly contender: string
  readonly case: string
  /** Requests per second, as a share of its framework without sessions in the same round. */
  readonly ratio: number
  /** The lowest and the highest of the rounds. */
  readonly ratios: readonly [number, number]
  readonly requestsPerSecond: number
  /** CPU time per request above its framework without sessions. */
  readonly cpuMicroseconds: number
  /**
   * The ratio by CPU time per request instead: what the other would be if nobody else used the
   * server's core.
   */
  readonly cpuRatio: number
  /** How much of one core the server had. */
  readonly cpuShare: number
  /** CPU time per request of Redis. */
  readonly companionMicroseconds: number
  /** Milliseconds. */
  readonly p50: number
  readonly p99: number
  readonly residentBytes: number
  /** How busy the load was at most. */
  readonly loadShare: number
  /** All wrong answers and failures, by kind. */
  readonly problems: Readonly<Record<string, number>>
  /** The share of all requests that they were. */
  readonly failed: number
}

/** One summary for each contender and case that was measured, in the order of the contenders. */
export function summarize(samples: readonly Sample[], contenders: readonly Contender[]): Summary[] {
  const cases = [...new Set(samples.map((sample) => sample.case))]
  return contenders.flatMap((contender) =>
    cases.flatMap((id) => {
      const own = samples.filter(
        (sample) => sample.contender === contender.id && sample.case === id,
      )
      const baseline = contender.baseline ?? contender.id
      const bare = new Map(
        samples
          .filter((sample) => sample.contender === baseline && sample.case === id)
          .map((sample) => [sample.round, sample]),
      )
      return own.length === 0 ? [] : [summarizeCase(own, bare)]
    }),
  )
}

function summarizeCase(own: readonly Sample[], bare: ReadonlyMap<number, Sample>): Summary {
  const [first] = own as [Sample]
  const ratios = own.map(
    ({ round, requestsPerSecond }) =>
      requestsPerSecond / (bare.get(round)?.requestsPerSecond ?? Number.NaN),
  )
  const above = own.map(
    ({ round, cpuMicroseconds }) => cpuMicroseconds - (bare.get(round)?.cpuMicroseconds ?? 0),
  )
  const cpuRatios = own.map(
    ({ round, cpuMicroseconds }) =>
      (bare.get(round)?.cpuMicroseconds ?? Number.NaN) / cpuMicroseconds,
  )
  const problems = addProblems(own)
  const wrong = Object.values(problems).reduce((sum, times) => sum + times, 0)
  const right = own.reduce((sum, { answers }) => sum + answers, 0)
  return {
    contender: first.contender,
    case: first.case,
    ratio: median(ratios),
    ratios: [Math.min(...ratios), Math.max(...ratios)],
    requestsPerSecond: median(own.map((sample) => sample.requestsPerSecond)),
    cpuMicroseconds: median(above),
    cpuRatio: median(cpuRatios),
    cpuShare: median(own.map(({ cpuShare }) => cpuShare)),
    companionMicroseconds: median(own.map((sample) => sample.companionMicroseconds)),
    p50: median(own.map(({ p50 }) => p50)),
    p99: median(own.map(({ p99 }) => p99)),
    residentBytes: Math.max(...own.map(({ residentBytes }) => residentBytes)),
    loadShare: Math.max(...own.map(({ loadShare }) => loadShare)),
    problems,
    failed: wrong / Math.max(wrong + right, 1),
  }
}

function addProblems(samples: readonly Sample[]): Record<string, number> {
  const problems: Record<string, number> = {}
  for (const sample of samples) {
    for (const [problem, times] of Object.entries(sample.problems)) {
      problems[problem] = (problems[problem] ?? 0) + times
    }
  }
  return problems
}
