import { BARE_EXPRESS, BARE_KOA, type Contender, FLOORS, OURS, PEERS } from '../contenders.ts'
import type { RunOptions } from '../options.ts'
import { createPlan, runPaired } from '../paired-run.ts'
import { Comparison } from '../report/comparison.ts'
import { summarize } from '../summary.ts'
import type { Workbench } from '../workbench.ts'
import { type Scenario, startAll } from './scenario.ts'

const SESSIONS = 2000

/** Creating comes last: what it leaves behind is then in nobody's way in the same round. */
const CASES = [
  { id: 'read', operation: 'read', title: 'Read a session' },
  { id: 'write', operation: 'write', title: 'Change a session' },
  { id: '90/10', operation: 'mix', title: 'Nine reads, then a change' },
  { id: 'create', operation: 'create', title: 'Start a session' },
] as const

/** Ours beside what people use today, and beside the least the disk takes. */
export const main: Scenario = {
  title: 'what a session costs: other libraries, ours, and the limits',
  async run(workbench, options) {
    const contenders = await chooseContenders(workbench, options)
    const servers = await startAll(workbench, contenders, SESSIONS)
    const plan = createPlan(CASES, options)
    const samples = await runPaired(workbench, servers, plan)
    const summaries = summarize(samples, contenders)
    const comparison = new Comparison(contenders, CASES, summaries)
    const title =
      'Requests/s as a ratio to the framework without sessions, CPU above it, p99 in milliseconds'
    return {
      settings: { ...plan, sessions: SESSIONS },
      figures: { summaries, samples },
      tables: [comparison.createTable(title)],
      chart: {
        title: 'What a session costs',
        subtitle: 'Requests per second, as a share of the same framework without sessions (1.00)',
        full: 1,
        panels: comparison.createPanels(),
      },
    }
  },
}

async function chooseContenders(workbench: Workbench, { only }: RunOptions): Promise<Contender[]> {
  const all = [BARE_KOA, BARE_EXPRESS, ...PEERS, ...OURS, ...FLOORS]
  const isWanted = ({ id }: Contender): boolean => only === undefined || only.includes(id)
  const wanted = all.filter(isWanted)
  const chosen = all.filter(
    (each) => isWanted(each) || wanted.some(({ baseline }) => baseline === each.id),
  )
  const isRedisThere = chosen.some(({ needsRedis }) => needsRedis) && (await workbench.startRedis())
  return isRedisThere ? chosen : chosen.filter(({ needsRedis }) => !needsRedis)
}
