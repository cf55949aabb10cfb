import { threadId } from 'node:worker_threads'
import type { FileSystem } from './file-system.ts'

/** What can be told of the process that made a token. */
export type Verdict = 'dead' | 'alive' | 'unknown'

/** Who we are, and whether others still are. */
export interface Owner {
  /**
   * A name of this thread of this process, unlike that of any other on this machine: letters,
   * digits and dashes.
   */
  identify(): Promise<string>
  /**
   * Judges the maker of a name that `identify()` gave, in whatever process, with or without more
   * after it.
   */
  judge(name: string): Promise<Verdict>
}

const NAME = /^t-([0-9a-f]{8})-(\d+)-(\d+)-(\d+)-(\d+)(?:-|$)/

/** The process id in a name that `identify()` gave, for a message. */
export function processIdOf(name: string): number | undefined {
  const match = NAME.exec(name)
  return match ? Number(match[3]) : undefined
}

/**
 * The owner that is this thread: `t-<boot id>-<pid namespace>-<pid>-<start time>-<thread>`.
 *
 * Linux tells a process from a later one of the same pid by its start time (proc(5),
 * `/proc/pid/stat`, field 22). Where there is no `/proc`, those parts are 0 and the pid alone must
 * do.
 */
export function createOwner(fs: FileSystem, process: OwnProcess = globalThis.process): Owner {
  let self: Promise<Self> | undefined
  const identifySelf = (): Promise<Self> => {
    self ??= readSelf(fs, process.pid)
    return self
  }
  return {
    async identify() {
      const { boot, namespace, start } = await identifySelf()
      return `t-${boot}-${namespace}-${process.pid}-${start}-${threadId}`
    },
    async judge(name) {
      const [, boot, namespace, pid, start] = NAME.exec(name) ?? []
      const { boot: ownBoot, namespace: ownNamespace, start: ownStart } = await identifySelf()
      if (boot !== ownBoot || namespace !== ownNamespace) return 'unknown'
      const exists = signal(process, Number(pid))
      if (exists === 'dead') return 'dead'
      if (process.platform !== 'linux') return exists
      if (start === '0' || ownStart === '0') return 'unknown'
      return judgeByStat(fs, pid as string, start as string)
    },
  }
}

/** The parts of `process` that an owner needs. */
export interface OwnProcess {
  readonly pid: number
  readonly platform: string
  kill(pid: number, signal: 0): unknown
}

interface Self {
  readonly boot: string
  readonly namespace: string
  readonly start: string
}

async function readSelf(fs: FileSystem, pid: number): Promise<Self> {
  try {
    const boot = await fs.readText('/proc/sys/kernel/random/boot_id')
    const { ino } = await fs.stat('/proc/self/ns/pid')
    const stat = parseStat(await fs.readText('/proc/self/stat'))
    // A /proc mounted from outside our pid namespace speaks of other processes under our numbers.
    const start = stat?.pid === String(pid) ? stat.start : '0'
    return { boot: /^[0-9a-f]{8}/.exec(boot)?.[0] ?? '00000000', namespace: String(ino), start }
  } catch {
    return { boot: '00000000', namespace: '0', start: '0' }
  }
}

function signal(process: OwnProcess, pid: number): Verdict {
  try {
    process.kill(pid, 0)
    return 'alive'
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH' ? 'dead' : 'alive'
  }
}

async function judgeByStat(fs: FileSystem, pid: string, start: string): Promise<Verdict> {
  let text: string
  try {
    text = await fs.readText(`/proc/${pid}/stat`)
  } catch {
    // The signal found it: it is hidden from us (hidepid) or has just ended. The next look tells.
    return 'unknown'
  }
  const stat = parseStat(text)
  if (!stat) return 'unknown'
  return stat.start === start && !['Z', 'X', 'x'].includes(stat.state) ? 'alive' : 'dead'
}

/**
 * The fields of `/proc/pid/stat`. The second is the program's name in parentheses, and may hold
 * spaces and parentheses itself.
 */
function parseStat(text: string): { pid: string; state: string; start: string } | undefined {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const [state, start] = [fields[0], fields[19]]
  return state && start ? { pid: text.split(' ', 1)[0] as string, state, start } : undefined
}
