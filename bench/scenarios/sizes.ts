import { BARE_EXPRESS, BARE_KOA, type Contender, PEERS, SOLE } from '../contenders.ts'
import { createPlan, runPaired, type Sample } from '../paired-run.ts'
import { Comparison } from '../report/comparison.ts'
import { summarize } from '../summary.ts'
import { type Scenario, startAll } from './scenario.ts'

const SESSIONS = 500
/** The largest stays below the limit of 65,536 bytes that sessions have without options. */
const SIZES = [
  { name: '200 B', bytes: 200 },
  { name: '4 KB', bytes: 4000 },
  { name: '64 KB', bytes: 64_000 },
] as const
const CHOSEN = ['koa-session-memory', 'koa-session-redis', 'session-file-store']

/** How the cost grows with the session. */
export const sizes: Scenario = {
  title: 'sessions of 200 B, 4 KB and 64 KB',
  async run(workbench, options) {
    const hasRedis = await workbench.startRedis()
    const peers = PEERS.filter(
      ({ id, needsRedis }) => CHOSEN.includes(id) && (hasRedis || !needsRedis),
    )
    const contenders = [BARE_KOA, BARE_EXPRESS, ...peers, SOLE]
    const samples: Sample[] = []
    for (const { name, bytes } of SIZES) {
      const sized = contenders.map((each): Contender => ({ ...each, sessionBytes: bytes }))
      const servers = await startAll(workbench, sized, SESSIONS)
      const cases = [
        { id: `read ${name}`, operation: 'read' },
        { id: `write ${name}`, operation: 'write' },
      ] as const
      samples.push(...(await runPaired(workbench, servers, createPlan(cases, options))))
      for (const server of servers) await workbench.stop(server)
    }
    const titled = SIZES.flatMap(({ name }) => [
      { id: `read ${name}`, title: `Read ${name}` },
      { id: `write ${name}`, title: `Change ${name}` },
    ])
    const summaries = summarize(samples, contenders)
    const comparison = new Comparison(contenders, titled, summaries)
    return {
      settings: { ...createPlan([], options), sizes: SIZES, sessions: SESSIONS },
      figures: { summaries, samples },
      tables: SIZES.map(({ name }) => {
        const own = titled.filter(({ id }) => id.endsWith(` ${name}`))
        return new Comparison(contenders, own, summaries).createTable(`Sessions of ${name}`)
      }),
      chart: {
        title: 'Larger sessions',
        subtitle: 'Requests per second, as a share of the same framework without sessions (1.00)',
        full: 1,
        panels: comparison.createPanels(),
      },
    }
  },
}
