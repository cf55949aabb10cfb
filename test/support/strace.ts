import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'

/** A system call, and which of its kind in one thread: the first is 1. */
export interface CallPoint {
  readonly call: string
  readonly when: number
}

/** Every call to a file system, and to the sockets that live in one. */
const WATCHED =
  '%file,close,fstat,pread64,pwrite64,fdatasync,fsync,getdents64,fchmod,bind,connect,listen'

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
 * Watches all threads of a process from now on; with `kill`, ends it by SIGKILL as it enters that
 * call. Resolves when it watches, to a promise of the end of both.
 */
export async function attachStrace(
  id: number,
  log: string,
  kill?: CallPoint,
): Promise<{ readonly ended: Promise<unknown> }> {
  const inject = kill ? ['-e', `inject=${kill.call}:signal=SIGKILL:when=${kill.when}`] : []
  const trace = kill?.call ?? WATCHED
  const words = ['-f', '-p', `${id}`, '-o', log, '-e', `trace=${trace}`, ...inject]
  const strace = spawn('strace', words, { stdio: ['ignore', 'ignore', 'pipe'] })
  const ended = once(strace, 'exit')
  let complaints = ''
  return new Promise((resolve, reject) => {
    // Read to its end: what strace cannot say any more ends it.
    strace.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaints += text
      if (complaints.includes('attached')) resolve({ ended })
    })
    strace.once('close', () => reject(new Error(`strace did not attach: ${complaints}`)))
  })
}

/** Every call in a log, as a point to kill at. */
export function callPoints(log: string): CallPoint[] {
  const counts = new Map<string, number>()
  const points = new Map<string, CallPoint>()
  for (const line of readFileSync(log, 'latin1').split('\n')) {
    const [, thread, call] = /^(\d+) +(\w+)\(/.exec(line) ?? []
    if (thread === undefined || call === undefined) continue
    const when = (counts.get(`${thread} ${call}`) ?? 0) + 1
    counts.set(`${thread} ${call}`, when)
    points.set(`${call} ${when}`, { call, when })
  }
  return [...points.values()]
}
