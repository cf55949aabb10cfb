import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'

/** A system call of a process, which makes the same ones each time. */
export interface CallPoint {
  /** The number of the thread that makes it, in the order in which they began: the main one is 0. */
  readonly thread: number
  readonly call: string
  /** Which of its kind in that thread it is: the first is 1. */
  readonly when: number
}

/** What watches a process. */
export interface Strace {
  /** The ids of the threads, in the order in which they began. */
  readonly threads: readonly number[]
  /** Resolves when both have ended. */
  readonly ended: Promise<unknown>
}

/**
 * Every call to a file system, and to the sockets that live in one. But `read`, which changes
 * nothing that others see: how often the event loop makes it is another number each time.
 */
const WATCHED =
  '%file,%network,close,fstat,pread64,pwrite64,write,fdatasync,fsync,getdents64,fchmod'

/** Whether strace may attach to a process here. If not, the reason. */
export async function whyNoStrace(): Promise<string | undefined> {
  const found = spawnSync('strace', ['-V'])
  if (found.error) return 'strace is not installed'
  const probe = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60_000)'], { stdio: 'ignore' })
  try {
    await attachStrace(probe.pid as number, '/dev/null')
    return undefined
  } catch {
    return 'no process may be traced'
  } finally {
    probe.kill('SIGKILL')
  }
}

/**
 * Watches all threads of a process from now on; with `kill`, the thread named there alone, and ends
 * the process by SIGKILL as it enters that call. Resolves when it watches.
 */
export async function attachStrace(id: number, log: string, kill?: CallPoint): Promise<Strace> {
  const threads = readdirSync(`/proc/${id}/task`)
    .map(Number)
    .sort((one, other) => one - other)
  // What strace injects it counts in each thread by itself: of several, any may be the first.
  const words = kill
    ? ['-p', `${threads[kill.thread]}`, '-e', `trace=${kill.call}`, '-e', injectionOf(kill)]
    : ['-f', '-y', '-p', `${id}`, '-e', `trace=${WATCHED}`]
  const strace = spawn('strace', ['-o', log, ...words], { stdio: ['ignore', 'ignore', 'pipe'] })
  const ended = once(strace, 'exit')
  let complaints = ''
  return new Promise((resolve, reject) => {
    // Read to its end: what strace cannot say any more ends it.
    strace.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaints += text
      if (complaints.includes('attached')) resolve({ threads, ended })
    })
    strace.once('close', () => reject(new Error(`strace did not attach: ${complaints}`)))
  })
}

function injectionOf({ call, when }: CallPoint): string {
  return `inject=${call}:signal=SIGKILL:when=${when}`
}

/** Every call in a log of these threads, as a point to kill at. */
export function callPoints(log: string, threads: readonly number[]): CallPoint[] {
  const counts = new Map<string, number>()
  const points: CallPoint[] = []
  for (const line of readFileSync(log, 'latin1').split('\n')) {
    const [, id, call] = /^(\d+) +(\w+)\(/.exec(line) ?? []
    if (id === undefined || call === undefined) continue
    const when = (counts.get(`${id} ${call}`) ?? 0) + 1
    counts.set(`${id} ${call}`, when)
    if (call === 'write' && !isSent(line)) continue
    points.push({ thread: threads.indexOf(Number(id)), call, when })
  }
  return points
}

/** Whether a write is to another process, and not to who gives the orders or from thread to thread. */
function isSent(line: string): boolean {
  const [, descriptor, what] = / write\((\d+)<(\w+):/.exec(line) ?? []
  return Number(descriptor) > 2 && (what === 'socket' || what?.startsWith('UNIX') === true)
}
