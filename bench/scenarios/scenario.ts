import type { Contender } from '../contenders.ts'
import type { RunOptions } from '../options.ts'
import type { Result } from '../report/result.ts'
import type { RunningServer, Workbench } from '../workbench.ts'

/** One thing that can be measured. */
export interface Scenario {
  /** What it is about, in a line. */
  readonly title: string
  run(workbench: Workbench, options: RunOptions): Promise<Result>
}

/** Starts all contenders, and makes their sessions. */
export async function startAll(
  workbench: Workbench,
  contenders: readonly Contender[],
  sessions: number,
): Promise<RunningServer[]> {
  const servers: RunningServer[] = []
  for (const contender of contenders) {
    const server = await workbench.start(contender)
    await workbench.prepare(server, sessions)
    servers.push(server)
  }
  return servers
}
