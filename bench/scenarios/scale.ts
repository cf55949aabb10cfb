import { BARE_KOA, type Contender, SOLE } from '../contenders.ts'
import { createManyFiles } from '../disk/many-files.ts'
import { createPlan, runPaired } from '../paired-run.ts'
import { Comparison } from '../report/comparison.ts'
import { formatCount, formatMebibytes, formatMilliseconds } from '../report/format.ts'
import { summarize } from '../summary.ts'
import type { RunningServer, Workbench } from '../workbench.ts'
import { type Scenario, startAll } from './scenario.ts'

const VISITED = 1000
/** Sessions of the many that are visited in the second half: more than the cache can hold. */
const VISITED_OF_MANY = 20_000
const LONG_MILLISECONDS = 60_000

const CASES = [
  { id: 'read', operation: 'read', title: 'Read one of 1,000 visited' },
  { id: 'write', operation: 'write', title: 'Change one of 1,000 visited' },
] as const
const WIDE_CASES = [
  { id: 'read wide', operation: 'read', title: 'Read one of 20,000 visited' },
  { id: 'write wide', operation: 'write', title: 'Change one of 20,000 visited' },
] as const

const WIDE = 'wide: of the many 20,000 are visited, more than the cache holds; of the few 1,000'

/** Few sessions on the disk against many. */
export const scale: Scenario = {
  title: '1,000 against 1,000,000 sessions on the disk',
  async run(workbench, options) {
    const { quick, files } = options
    const contenders = createContenders(files)
    const [bare, few, many] = await startAll(workbench, contenders, VISITED)
    if (!bare || !few || !many) throw new Error('Three servers are needed')
    await workbench.stop(few)
    await workbench.stop(many)
    await createManyFiles(workbench, many.directory, files - VISITED, 0)
    const again = [await restart(workbench, few), await restart(workbench, many)] as const
    const plan = createPlan(CASES, options)
    const samples = await runPaired(workbench, [bare, ...again], plan)
    await workbench.prepare(again[1], quick ? VISITED : VISITED_OF_MANY, LONG_MILLISECONDS)
    const wide = createPlan(WIDE_CASES, options)
    samples.push(...(await runPaired(workbench, [bare, ...again], wide)))
    const summaries = summarize(samples, contenders)
    const cases = [...CASES, ...WIDE_CASES]
    const comparison = new Comparison(contenders, cases, summaries)
    const speed = comparison.createTable('Requests/s: few to Koa without sessions, many to few')
    const memory = {
      title: 'Starting, and memory',
      columns: ['', 'ready()', 'memory', 'memory, 20,000 visited'],
      rows: again.map(({ contender: { id, label }, started }) => [
        label,
        `${formatMilliseconds(started[0]?.readyMilliseconds ?? Number.NaN)} ms`,
        formatMebibytes(comparison.find(id, 'write')?.residentBytes ?? Number.NaN),
        formatMebibytes(comparison.find(id, 'write wide')?.residentBytes ?? Number.NaN),
      ]),
    }
    return {
      settings: { ...plan, cases, files, visited: VISITED, visitedOfMany: VISITED_OF_MANY },
      figures: { ready: again.map(({ started }) => started), summaries, samples },
      tables: [{ ...speed, notes: [...(speed.notes ?? []), WIDE] }, memory],
      chart: {
        title: `${formatCount(VISITED)} and ${formatCount(files)} sessions on the disk`,
        subtitle: 'Requests per second',
        panels: cases.map(({ id, title }) => ({
          title,
          bars: again.map(({ contender }) => {
            const value = comparison.find(contender.id, id)?.requestsPerSecond ?? Number.NaN
            const { label, group } = contender
            return { label, group, value, text: formatCount(value) }
          }),
        })),
      },
    }
  },
}

function createContenders(files: number): Contender[] {
  const few: Contender = { ...SOLE, id: 'few', label: `${formatCount(VISITED)} on disk` }
  return [
    BARE_KOA,
    few,
    { ...few, id: 'many', label: `${formatCount(files)} on disk`, baseline: few.id },
  ]
}

async function restart(workbench: Workbench, server: RunningServer): Promise<RunningServer> {
  const again = await workbench.start(server.contender, server.directory)
  await workbench.redirect(again)
  return again
}
