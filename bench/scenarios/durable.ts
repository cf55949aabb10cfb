import { BARE_KOA, type Contender, OURS, SOLE } from '../contenders.ts'
import type { DiskCalls } from '../disk/process.ts'
import { measureBurst } from '../measurement.ts'
import type { Bar } from '../report/chart.ts'
import { formatMilliseconds, formatRatio } from '../report/format.ts'
import { median, rotate } from '../statistics.ts'
import { type Scenario, startAll } from './scenario.ts'

const SESSIONS = 200
const LOOP = 'loop'
const FLOOR = 'overwrite-file-durable'

const CONTENDERS: readonly Contender[] = [
  BARE_KOA,
  SOLE,
  ...OURS.filter(({ id }) => id === 'durable'),
  {
    id: FLOOR,
    label: 'Koa, pwrite and fdatasync',
    group: 'floor',
    kind: 'overwrite-file-durable',
    keeps: 'nothing',
  },
]

/** What one contender came to in one round, in milliseconds. */
interface Times {
  readonly id: string
  readonly round: number
  readonly p50: number
  readonly p99: number
}

/** How long one visitor waits until his change is on the disk. */
export const durable: Scenario = {
  title: 'one durable write after the other, beside a bare pwrite and fdatasync',
  async run(workbench, { quick, rounds = quick ? 1 : 5, burst = quick ? 300 : 1500 }) {
    const servers = await startAll(workbench, CONTENDERS, SESSIONS)
    const disk = workbench.spawn<DiskCalls>('disk/process.js', 'disk', workbench.cores.server)
    const directory = workbench.createDirectory()
    const spec = { operation: 'write', connections: 1, milliseconds: burst } as const
    const times: Times[] = []
    const work = [...servers, undefined]
    for (let round = 0; round <= rounds; round++) {
      for (const server of rotate(work, round)) {
        const id = server?.contender.id ?? LOOP
        const measured = server
          ? await measureBurst(workbench, server, spec)
          : await disk.call('sync', { directory, milliseconds: burst })
        const { p50, p99 } = measured
        workbench.log(`round ${round} of ${rounds}: ${id}: p50 ${formatMilliseconds(p50)} ms`)
        if (round > 0) times.push({ id, round, p50, p99 })
      }
    }
    return { ...report(times), settings: { ...spec, rounds, sessions: SESSIONS }, figures: times }
  },
}

function report(
  times: readonly Times[],
): Pick<Awaited<ReturnType<Scenario['run']>>, 'tables' | 'chart'> {
  const lines = [
    { id: LOOP, label: 'pwrite and fdatasync in a loop', group: 'floor' as const },
    ...CONTENDERS,
  ].map(({ id, label, group }) => {
    const own = times.filter((each) => each.id === id)
    const ratioTo = (other: string): number => {
      const ratios = own.map(({ round, p50 }) => {
        const beside = times.find((each) => each.id === other && each.round === round)
        return p50 / (beside?.p50 ?? Number.NaN)
      })
      return median(ratios)
    }
    return {
      label,
      group,
      toLoop: ratioTo(LOOP),
      toFloor: ratioTo(FLOOR),
      p50: median(own.map(({ p50 }) => p50)),
      p99: median(own.map(({ p99 }) => p99)),
    }
  })
  return {
    tables: [
      {
        title: 'Latency of a write by one connection, in milliseconds',
        columns: ['', 'p50', 'p99', 'p50 to the loop', 'p50 to Koa, fdatasync'],
        rows: lines.map(({ label, p50, p99, toLoop, toFloor }) => [
          label,
          formatMilliseconds(p50),
          formatMilliseconds(p99),
          formatRatio(toLoop),
          formatRatio(toFloor),
        ]),
      },
    ],
    chart: {
      title: 'A durable write',
      subtitle: 'Milliseconds until the answer, for one visitor: half of all are faster',
      panels: [
        {
          title: 'p50',
          bars: lines.map(
            ({ label, group, p50 }): Bar => ({
              label,
              group,
              value: p50,
              text: `${formatMilliseconds(p50)} ms`,
            }),
          ),
        },
      ],
    },
  }
}
