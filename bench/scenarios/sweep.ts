import { SOLE } from '../contenders.ts'
import { createManyFiles } from '../disk/many-files.ts'
import type { DiskCalls } from '../disk/process.ts'
import type { Burst } from '../load/burst.ts'
import { sumUsage } from '../measurement.ts'
import { formatCount, formatMilliseconds, formatRatio } from '../report/format.ts'
import type { Delay } from '../servers/process.ts'
import { median } from '../statistics.ts'
import type { RunningServer, Workbench } from '../workbench.ts'
import { type Scenario, startAll } from './scenario.ts'

const VISITED = 1000
const EXPIRED_EVERY = 10

/** One burst while a sweep ran, or while none did. */
interface Watched extends Burst {
  readonly delay: Delay
  /** CPU time of the server per request, whatever it was used for. */
  readonly cpuMicroseconds: number
}

/** What a stretch of time took. */
interface Taken {
  readonly milliseconds: number
  readonly cpuMicroseconds: number
  readonly requests: number
}

/** The sweep of many files, a tenth of them expired, while the server serves. */
export const sweep: Scenario = {
  title: 'the sweep of 1,000,000 files, a tenth of them expired, under load',
  async run(workbench, { quick, burst = quick ? 200 : 2000, rounds = quick ? 1 : 3, files }) {
    const contender = { ...SOLE, label: 'server' }
    const [server] = await startAll(workbench, [contender], VISITED)
    if (!server) throw new Error('A server is needed')
    await createManyFiles(workbench, server.directory, files - VISITED, EXPIRED_EVERY)
    const disk = workbench.spawn<DiskCalls>('disk/process.js', 'scan', workbench.cores.server)
    const bare = await disk.call('scan', server.directory)
    const each = `${formatCount(bare.cpuMicroseconds / bare.files)} µs each`
    workbench.log(`a bare loop over ${bare.files} files: ${each}`)

    workbench.log('warming up')
    await repeat(rounds, () => watchBurst(workbench, server, burst))
    const without = await repeat(rounds, () => watchBurst(workbench, server, burst))
    const during: Watched[] = []
    const loaded = await sweepWhile(workbench, server, async () => {
      during.push(await watchBurst(workbench, server, burst))
    })
    without.push(...(await repeat(rounds, () => watchBurst(workbench, server, burst))))
    const idle = await sweepWhile(workbench, server, undefined)
    // The last burst outlives the sweep.
    if (during.length > 1) during.pop()
    const usual = median(without.map(({ cpuMicroseconds }) => cpuMicroseconds))
    const taken = loaded.taken.cpuMicroseconds - loaded.taken.requests * usual
    const perFile = { bare: bare.cpuMicroseconds / bare.files, loaded: taken / files, idle: 0 }
    perFile.idle = idle.taken.cpuMicroseconds / Math.max(idle.report.scanned, 1)
    const rate = ratesOf(without)
    const rateDuring = ratesOf(during)
    return {
      settings: { files, expiredEvery: EXPIRED_EVERY, visited: VISITED, burst, connections: 32 },
      figures: { bare, without, during, loaded, idle, perFile },
      tables: [
        {
          title: 'The server while it sweeps (90/10)',
          columns: ['', 'requests/s', 'ratio', 'event loop p99, ms', 'longest, ms', 'p99, ms'],
          rows: [
            ['without a sweep', formatCount(rate), '1', ...formatWaits(without)],
            [
              'while sweeping',
              formatCount(rateDuring),
              formatRatio(rateDuring / rate),
              ...formatWaits(during),
            ],
          ],
        },
        {
          title: 'The sweep',
          columns: ['', 'files', 'removed', 'seconds', 'CPU µs/file', 'to the loop'],
          rows: [
            [
              'opendir + open + read',
              ...line(bare.files, 0, bare.milliseconds, perFile.bare, perFile.bare),
            ],
            [
              'under load',
              ...line(
                loaded.report.scanned,
                loaded.report.removed,
                loaded.taken.milliseconds,
                perFile.loaded,
                perFile.bare,
              ),
            ],
            [
              'idle, nothing expired',
              ...line(
                idle.report.scanned,
                idle.report.removed,
                idle.taken.milliseconds,
                perFile.idle,
                perFile.bare,
              ),
            ],
          ],
          notes: ['under load: what the server used above its requests, removals included'],
        },
      ],
      chart: {
        title: `A sweep of ${formatCount(files)} files under load`,
        subtitle: 'One process, nine reads to a write, a tenth of the files expired',
        panels: [
          {
            title: 'Requests per second',
            bars: [
              { label: 'without a sweep', group: 'bare', value: rate, text: formatCount(rate) },
              {
                label: 'while sweeping',
                group: 'ours',
                value: rateDuring,
                text: formatCount(rateDuring),
              },
            ],
          },
          {
            title: 'CPU per file, µs',
            bars: [
              {
                label: 'opendir + open + read',
                group: 'floor',
                value: perFile.bare,
                text: formatCount(perFile.bare),
              },
              {
                label: 'idle',
                group: 'ours',
                value: perFile.idle,
                text: formatCount(perFile.idle),
              },
              {
                label: 'under load',
                group: 'ours',
                value: perFile.loaded,
                text: formatCount(perFile.loaded),
              },
            ],
          },
        ],
      },
    }
  },
}

async function watchBurst(
  workbench: Workbench,
  server: RunningServer,
  milliseconds: number,
): Promise<Watched> {
  const [process] = server.processes
  const before = await sumUsage(server)
  await process?.call('watchDelay')
  const spec = { operation: 'mix', connections: 32, milliseconds } as const
  const burst = await workbench.load.call('burst', { id: server.contender.id, spec })
  const delay = (await process?.call('readDelay')) ?? { p50: 0, p99: 0, longest: 0 }
  const after = await sumUsage(server)
  const rate = formatCount(burst.requestsPerSecond)
  workbench.log(`${rate} requests/s, event loop p99 ${formatMilliseconds(delay.p99)} ms`)
  const requests = Math.max(after.requests - before.requests, 1)
  const cpuMicroseconds = (after.cpuMicroseconds - before.cpuMicroseconds) / requests
  return { ...burst, delay, cpuMicroseconds }
}

/** Sweeps, and does `work` again and again until that is done. */
async function sweepWhile(
  workbench: Workbench,
  server: RunningServer,
  work: (() => Promise<void>) | undefined,
): Promise<{ taken: Taken; report: { scanned: number; removed: number } }> {
  workbench.log('the sweep begins')
  const before = await sumUsage(server)
  const begun = performance.now()
  let isDone = false
  const sweeping = server.processes[0]?.call('sweep').finally(() => {
    isDone = true
  })
  while (work !== undefined && !isDone) await work()
  const report = (await sweeping) as { scanned: number; removed: number }
  const milliseconds = performance.now() - begun
  const after = await sumUsage(server)
  workbench.log(`the sweep is done: ${report.scanned} files, ${report.removed} removed`)
  return {
    report,
    taken: {
      milliseconds,
      cpuMicroseconds: after.cpuMicroseconds - before.cpuMicroseconds,
      requests: after.requests - before.requests,
    },
  }
}

async function repeat<T>(times: number, work: () => Promise<T>): Promise<T[]> {
  const results: T[] = []
  for (let time = 0; time < times; time++) results.push(await work())
  return results
}

function ratesOf(bursts: readonly Burst[]): number {
  return median(bursts.map(({ requestsPerSecond }) => requestsPerSecond))
}

function formatWaits(bursts: readonly Watched[]): string[] {
  return [
    formatMilliseconds(median(bursts.map(({ delay }) => delay.p99))),
    formatMilliseconds(Math.max(...bursts.map(({ delay }) => delay.longest))),
    formatMilliseconds(median(bursts.map(({ p99 }) => p99))),
  ]
}

function line(
  files: number,
  removed: number,
  milliseconds: number,
  perFile: number,
  bare: number,
): string[] {
  return [
    formatCount(files),
    formatCount(removed),
    (milliseconds / 1000).toFixed(1),
    formatCount(perFile),
    formatRatio(perFile / bare),
  ]
}
