import { BARE_EXPRESS, BARE_KOA, type Contender, FLOORS, OURS, PEERS } from '../contenders.ts'
import type { RunOptions } from '../options.ts'
import { type Plan, runPaired } from '../paired-run.ts'
import type { Panel } from '../report/chart.ts'
import { formatCount, formatMilliseconds, formatRatio, formatShare } from '../report/format.ts'
import type { Result } from '../report/result.ts'
import { type Summary, summarize } from '../summary.ts'
import type { RunningServer, Workbench } from '../workbench.ts'
import type { Scenario } from './scenario.ts'

const SESSIONS = 2000
/** Creating comes last: what it leaves behind is then in nobody's way in the same round. */
const CASES = [
  { id: 'read', operation: 'read' },
  { id: 'write', operation: 'write' },
  { id: '90/10', operation: 'mix' },
  { id: 'create', operation: 'create' },
] as const satisfies Plan['cases']

const TITLES = {
  read: 'Read a session',
  write: 'Change a session',
  '90/10': 'Nine reads, then a change',
  create: 'Start a session',
} as const

/** The load is the limit, and the figures are too good, from this share of its core on. */
const BUSY = 0.97

/** Ours beside what people use today, and beside the least the disk takes. */
export const main: Scenario = {
  title: 'A session beside its framework without sessions: peers, ours, and floors',
  async run(workbench, options) {
    const contenders = await chooseContenders(workbench)
    const servers: RunningServer[] = []
    for (const contender of contenders) {
      const server = await workbench.start(contender)
      await workbench.prepare(server, SESSIONS)
      servers.push(server)
    }
    const plan = createPlan(options)
    const samples = await runPaired(workbench, servers, plan)
    const summaries = summarize(samples, contenders)
    return createResult(contenders, summaries, { ...plan, sessions: SESSIONS }, samples)
  },
}

async function chooseContenders(workbench: Workbench): Promise<Contender[]> {
  const all = [BARE_KOA, BARE_EXPRESS, ...PEERS, ...OURS, ...FLOORS]
  if (await workbench.startRedis()) return all
  workbench.log('There is no redis-server here (apt-get install redis-server): Redis is left out')
  return all.filter(({ needsRedis }) => !needsRedis)
}

function createPlan({ quick, rounds, burst }: RunOptions): Plan {
  return {
    cases: CASES,
    rounds: rounds ?? (quick ? 1 : 5),
    milliseconds: burst ?? (quick ? 200 : 800),
    connections: 32,
  }
}

function createResult(
  contenders: readonly Contender[],
  summaries: readonly Summary[],
  settings: object,
  samples: unknown,
): Result {
  const find = (contender: string, id: string): Summary | undefined =>
    summaries.find((summary) => summary.contender === contender && summary.case === id)
  const columns = CASES.flatMap(({ id }) => [id, '+µs', 'p99'])
  return {
    settings,
    figures: { summaries, samples },
    tables: [
      {
        title: 'Requests/s as a ratio to the framework without sessions, CPU above it, p99 in ms',
        columns: ['', ...columns],
        rows: contenders.map((contender) => [
          contender.label,
          ...CASES.flatMap(({ id }) => formatCells(contender, find(contender.id, id))),
        ]),
        notes: [...describeBare(contenders, find), ...describeProblems(contenders, summaries)],
      },
    ],
    chart: {
      title: 'What a session costs',
      subtitle: 'Requests per second, as a share of the same framework without sessions (1.00)',
      panels: CASES.map(({ id }) => createPanel(TITLES[id], id, contenders, find)),
    },
  }
}

type Find = (contender: string, id: string) => Summary | undefined

function formatCells({ group }: Contender, summary: Summary | undefined): string[] {
  if (summary === undefined) return ['', '', '']
  const { ratio, failed, cpuMicroseconds, companionMicroseconds, p99 } = summary
  const companion = companionMicroseconds > 0 ? `+${formatCount(companionMicroseconds)}` : ''
  return [
    group === 'bare' ? '1' : `${failed > 0 ? '✘ ' : ''}${formatRatio(ratio)}`,
    group === 'bare' ? '' : formatCount(cpuMicroseconds) + companion,
    formatMilliseconds(p99),
  ]
}

function createPanel(
  title: string,
  id: string,
  contenders: readonly Contender[],
  find: Find,
): Panel {
  const bars = contenders.flatMap(({ id: contender, label, group }) => {
    const summary = group === 'bare' ? undefined : find(contender, id)
    if (summary === undefined) return []
    const { ratio, failed } = summary
    const text =
      failed > 0 ? `${formatRatio(ratio)}, ${formatShare(failed)} failed` : formatRatio(ratio)
    return [{ label: label.replace('floor: ', ''), group, value: ratio, text }]
  })
  return { title, bars }
}

function describeBare(contenders: readonly Contender[], find: Find): string[] {
  return contenders
    .filter(({ group }) => group === 'bare')
    .map(({ id, label }) => {
      const rates = CASES.map((each) =>
        formatCount(find(id, each.id)?.requestsPerSecond ?? Number.NaN),
      )
      return `${label}: ${rates.join(', ')} requests/s`
    })
}

function describeProblems(
  contenders: readonly Contender[],
  summaries: readonly Summary[],
): string[] {
  return summaries.flatMap((summary) => {
    const label = contenders.find(({ id }) => id === summary.contender)?.label
    const where = `${label}, ${summary.case}`
    const failing = Object.entries(summary.problems).map(
      ([problem, times]) => `${times} × ${problem}`,
    )
    const wrong =
      failing.length > 0
        ? [`✘ ${where}: ${failing.join(', ')} (${formatShare(summary.failed)} of the requests)`]
        : []
    const busy =
      summary.loadShare > BUSY ? [`${where}: the load was the limit, not the server`] : []
    return [...wrong, ...busy]
  })
}
