import { execFile } from 'node:child_process'
import { setTimeout } from 'node:timers/promises'
import { promisify } from 'node:util'
import { type Burst, type BurstSpec, TAIL_MILLISECONDS } from './load/burst.ts'
import type { Usage } from './servers/process.ts'
import type { RunningServer, Workbench } from './workbench.ts'

/** A burst, and what the server took for it. */
export interface Measured extends Burst {
  /** CPU time per request, of the server's process or processes. */
  readonly cpuMicroseconds: number
  /** How much of one core the server had: a saturated one has nearly all of it, unless others do. */
  readonly cpuShare: number
  /** CPU time per request of Redis, where it is used. */
  readonly companionMicroseconds: number
  /** Memory of the process that uses most. */
  readonly residentBytes: number
}

const execute = promisify(execFile)

/** A server is idle when it uses less CPU than this share of a short while. */
const IDLE_SHARE = 0.1
const WHILE_MILLISECONDS = 40
const LONGEST_WAIT_MILLISECONDS = 10_000

/**
 * Runs one burst. Before it, what others have left to write is written, so that nobody pays for it
 * but they; after it, the server is left to finish what it began.
 */
export async function measureBurst(
  workbench: Workbench,
  server: RunningServer,
  spec: BurstSpec,
): Promise<Measured> {
  const { contender } = server
  await flushDisk(workbench.directory)
  const companion = contender.needsRedis ? workbench.redis : undefined
  const companionBefore = companion?.cpuMicroseconds() ?? 0
  const before = await sumUsage(server)
  const burst = await workbench.load.call('burst', { id: contender.id, spec })
  const after = await waitUntilIdle(server)
  const requests = Math.max(after.requests - before.requests, 1)
  const cpuMicroseconds = after.cpuMicroseconds - before.cpuMicroseconds
  return {
    ...burst,
    cpuMicroseconds: cpuMicroseconds / requests,
    cpuShare: cpuMicroseconds / 1000 / (spec.milliseconds + TAIL_MILLISECONDS),
    companionMicroseconds: ((companion?.cpuMicroseconds() ?? 0) - companionBefore) / requests,
    residentBytes: after.residentBytes,
  }
}

/** Has everything written that is waiting to be, where the system has a `sync`. */
export async function flushDisk(directory: string): Promise<void> {
  try {
    await execute('sync', ['-f', directory])
  } catch {
    // Without it the bursts disturb each other a little more, and all alike.
  }
}

/** What all processes of a server have used; of memory, the most that one holds. */
export async function sumUsage({ processes }: RunningServer): Promise<Usage> {
  const usages = await Promise.all(processes.map((child) => child.call('usage')))
  return {
    cpuMicroseconds: usages.reduce((sum, usage) => sum + usage.cpuMicroseconds, 0),
    requests: usages.reduce((sum, usage) => sum + usage.requests, 0),
    residentBytes: Math.max(...usages.map((usage) => usage.residentBytes)),
  }
}

/** A slow server goes on with the last requests after the load has left. */
async function waitUntilIdle(server: RunningServer): Promise<Usage> {
  const end = performance.now() + LONGEST_WAIT_MILLISECONDS
  let last = await sumUsage(server)
  for (;;) {
    await setTimeout(WHILE_MILLISECONDS)
    const next = await sumUsage(server)
    const used = next.cpuMicroseconds - last.cpuMicroseconds
    if (used < IDLE_SHARE * WHILE_MILLISECONDS * 1000 || performance.now() > end) return next
    last = next
  }
}
