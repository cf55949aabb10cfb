import { SOLE } from '../contenders.ts'
import { createManyFiles } from '../disk/many-files.ts'
import type { DiskCalls } from '../disk/process.ts'
import { sumUsage } from '../measurement.ts'
import { PairedLoad, type Passage } from '../paired-load.ts'
import { reportSweep } from '../report/sweep.ts'
import type { RunningServer, Workbench } from '../workbench.ts'
import { type Scenario, startAll } from './scenario.ts'

const VISITED = 1000
const EXPIRED_EVERY = 10
/** Under full load a sweep of a million files takes the better part of an hour: not all is waited for. */
const LONGEST_PAIRS = 50

/** The sweep of many files, a tenth of them expired, while the server serves. */
export const sweep: Scenario = {
  title: 'the sweep of 1,000,000 files, a tenth of them expired, under load',
  async run(workbench, { quick, burst = quick ? 200 : 2000, rounds = quick ? 1 : 12, files }) {
    // A sweep of its own in the background, every ten minutes, would come in between.
    const unswept = { ...SOLE, kind: 'sealed-unswept' } as const
    const contenders = [unswept, { ...unswept, id: 'twin' }]
    const [server, twin] = await startAll(workbench, contenders, VISITED)
    if (!server || !twin) throw new Error('Two servers are needed')
    await createManyFiles(workbench, server.directory, files - VISITED, EXPIRED_EVERY)
    const disk = workbench.spawn<DiskCalls>('disk/process.js', 'scan', workbench.cores.server)
    const bare = { ...(await disk.call('scan', server.directory)), removed: 0 }

    const [process] = server.processes
    const load = new PairedLoad(workbench, server, twin, burst)
    await load.warmUp(rounds)
    await load.run(rounds)
    const bareLoop = {
      name: 'a bare loop over the files',
      begin: async () => ({
        files: (await process?.call('scan', server.directory))?.files ?? 0,
        removed: 0,
      }),
      end: async () => process?.call('endScan'),
    }
    const bareLoaded = await load.runDuring(bareLoop, LONGEST_PAIRS)
    await load.run(rounds)
    const theSweep = {
      name: 'the sweep',
      begin: async () => countOf(await process?.call('sweep')),
      // A store that is closed ends its sweep.
      end: async () => process?.call('close'),
    }
    const loaded = await load.runDuring(theSweep, LONGEST_PAIRS)

    await workbench.stop(server)
    await workbench.stop(twin)
    const again = await workbench.start(server.contender, server.directory)
    const rest = await sweepIdle(workbench, again)
    const idle = await sweepIdle(workbench, again)
    const figures = { undisturbed: load.undisturbed, bare, bareLoaded, loaded, rest, idle }
    const settings = {
      files,
      expiredEvery: EXPIRED_EVERY,
      visited: VISITED,
      burst,
      connections: 32,
    }
    return { settings, figures, ...reportSweep(files, figures) }
  },
}

async function sweepIdle(workbench: Workbench, server: RunningServer): Promise<Passage> {
  const before = await sumUsage(server)
  const begun = performance.now()
  const count = countOf(await server.processes[0]?.call('sweep'))
  const milliseconds = performance.now() - begun
  const after = await sumUsage(server)
  workbench.log(`the sweep of an idle server: ${count.files} files, ${count.removed} removed`)
  return {
    ...count,
    milliseconds,
    cpuMicroseconds: after.cpuMicroseconds - before.cpuMicroseconds,
  }
}

function countOf(report: unknown): { files: number; removed: number } {
  const { scanned, removed } = report as { scanned: number; removed: number }
  return { files: scanned, removed }
}
