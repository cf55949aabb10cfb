import type { RunOptions } from '../options.ts'
import type { Result } from '../report/result.ts'
import type { Workbench } from '../workbench.ts'

/** One thing that can be measured. */
export interface Scenario {
  /** What it is about, in a line. */
  readonly title: string
  run(workbench: Workbench, options: RunOptions): Promise<Result>
}
