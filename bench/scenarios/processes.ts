import { type Contender, SOLE } from '../contenders.ts'
import { createPlan, runPaired } from '../paired-run.ts'
import type { Bar } from '../report/chart.ts'
import { Comparison } from '../report/comparison.ts'
import { formatCount } from '../report/format.ts'
import { summarize } from '../summary.ts'
import { type Scenario, startAll } from './scenario.ts'

const SESSIONS = 2000

const CASES = [
  { id: 'read many', operation: 'read', title: 'Read many sessions' },
  { id: 'write many', operation: 'write', title: 'Change many sessions' },
  { id: 'read one', operation: 'read', hot: true, title: 'Read one session' },
  { id: 'update one', operation: 'update', hot: true, title: 'update() of one session' },
] as const

const { baseline: _, ...ALONE } = SOLE
const CONTENDERS: readonly Contender[] = [
  { ...ALONE, id: 'processes-1', label: '1 process' },
  ...[2, 4].map((loaded) => ({
    ...ALONE,
    id: `processes-${loaded}`,
    label: `${loaded} processes`,
    baseline: 'processes-1',
    loaded,
  })),
]

/** Several processes on one directory, each on a port of its own. */
export const processes: Scenario = {
  title: '1, 2 and 4 processes on one directory, on one hot session and on many',
  async run(workbench, options) {
    const servers = await startAll(workbench, CONTENDERS, SESSIONS)
    const plan = createPlan(CASES, options)
    const samples = await runPaired(workbench, servers, plan)
    const summaries = summarize(samples, CONTENDERS)
    const comparison = new Comparison(CONTENDERS, CASES, summaries)
    const table = comparison.createTable('Requests/s of all processes, as a ratio to one process')
    const cores = workbench.cores.servers ?? 'any'
    return {
      settings: { ...plan, sessions: SESSIONS, coresOfSeveral: cores },
      figures: { summaries, samples },
      tables: [
        { ...table, notes: [...(table.notes ?? []), `several processes share the cores ${cores}`] },
      ],
      chart: {
        title: 'Several processes on one directory',
        subtitle: 'Requests per second of all processes together',
        panels: CASES.map(({ id, title }) => ({
          title,
          bars: CONTENDERS.flatMap(({ id: contender, label }): Bar[] => {
            const value = comparison.find(contender, id)?.requestsPerSecond ?? Number.NaN
            return [{ label, group: 'ours', value, text: formatCount(value) }]
          }),
        })),
      },
    }
  },
}
