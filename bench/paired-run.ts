import type { Contender } from './contenders.ts'
import type { BurstSpec } from './load/burst.ts'
import { type Measured, measureBurst } from './measurement.ts'
import type { RunOptions } from './options.ts'
import { rotate } from './statistics.ts'
import type { Operation } from './visit.ts'
import type { RunningServer, Workbench } from './workbench.ts'

/** What every server does in every round. */
export interface Case {
  /** Unlike that of any other in a run. */
  readonly id: string
  readonly operation: Operation
  /** All connections visit one session. */
  readonly hot?: boolean
}

/** How a run goes. */
export interface Plan {
  readonly cases: readonly Case[]
  readonly rounds: number
  readonly milliseconds: number
  /** How long each case runs before any counts: until it is compiled, a server is slow. */
  readonly warmUpMilliseconds: number
  readonly connections: number
}

/** One burst of a run. */
export interface Sample extends Measured {
  readonly contender: string
  readonly case: string
  readonly round: number
}

/**
 * Short bursts in turn over all servers, for several rounds, so that a noisy machine disturbs all
 * alike. In each round another server begins. Round 0 warms up, and is not among the samples.
 */
export async function runPaired(
  workbench: Workbench,
  servers: readonly RunningServer[],
  plan: Plan,
): Promise<Sample[]> {
  const samples: Sample[] = []
  for (let round = 0; round <= plan.rounds; round++) {
    for (const { id, operation, hot } of plan.cases) {
      const taking = servers.filter(({ contender }) => takesPart(contender, operation))
      for (const server of rotate(taking, round)) {
        const milliseconds = round === 0 ? plan.warmUpMilliseconds : plan.milliseconds
        const connections = Math.min(
          plan.connections,
          server.contender.connections ?? plan.connections,
        )
        const spec: BurstSpec = {
          operation,
          connections,
          hot,
          milliseconds,
        }
        const measured = await measureBurst(workbench, server, spec)
        const { label, id: contender } = server.contender
        workbench.log(`${progress(round, plan.rounds)} ${id}: ${label}: ${describe(measured)}`)
        if (round > 0) samples.push({ ...measured, contender, case: id, round })
      }
    }
  }
  return samples
}

/** A plan as the command line wants it; without a word from there as here. */
export function createPlan<Cases extends Plan['cases']>(
  cases: Cases,
  { quick, rounds = quick ? 1 : 5, burst = quick ? 200 : 1500 }: RunOptions,
): Plan & { readonly cases: Cases } {
  const warmUpMilliseconds = quick ? 100 : 12_000
  return { cases, rounds, milliseconds: burst, warmUpMilliseconds, connections: 32 }
}

/** Whether a contender has this operation. */
export function takesPart({ operations }: Contender, operation: Operation): boolean {
  return operations === undefined || operations.includes(operation)
}

function progress(round: number, rounds: number): string {
  return round === 0 ? 'warm-up' : `round ${round} of ${rounds}`
}

function describe({ requestsPerSecond, problems }: Measured): string {
  const failing = Object.entries(problems).map(([problem, times]) => `${times} × ${problem}`)
  return [`${Math.round(requestsPerSecond)} requests/s`, ...failing].join(', ')
}
