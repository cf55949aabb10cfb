import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Register } from '../../stores/file/tenancy/register.ts'
import { FileStore } from '../../stores/file.ts'

/** How hard a store is tortured. */
export interface TortureOptions {
  readonly directory: string
  readonly processes: number
  /** Commits of each process, however often it is killed. */
  readonly commits: number
  readonly sessions: number
  /** Commits that each process has begun at a time. */
  readonly lanes: number
  /**
   * How much faster than real the monotonic clock of the processes runs, so that patience with
   * locks ends in a test's time.
   */
  readonly clockSpeed: number
  /** How likely it is that a live holder of a lock is taken for dead. */
  readonly slander: number
  /** The longest time between two signals, in milliseconds. */
  readonly signalEvery: number
  /** How many signals at most, kills and stops by turns. Default: as many as there is time for. */
  readonly signals?: number
  /** A tenant that does nothing is there all the time, so that nobody is ever alone. */
  readonly accompanied: boolean
  /**
   * Commits after which a process ends of its own accord, by and by to be followed by another.
   * Default: all.
   */
  readonly stint?: number
  /** The longest pause after a commit, in milliseconds. Default: none. */
  readonly rest?: number
}

/** What one process is told. */
export interface WorkerOptions
  extends Omit<TortureOptions, 'processes' | 'sessions' | 'signalEvery' | 'signals'> {
  readonly journal: string
  readonly names: readonly string[]
  /** The sessions that this process destroys half-way. */
  readonly doomed: readonly string[]
}

/** What came of it. */
export interface TortureReport {
  acked: number
  destroyed: number
  kills: number
  stops: number
  fenced: number
  timeouts: number
  /** Processes started. */
  starts: number
  /** Commits into the second slot of a file that was there: one in two of those by one who was alone. */
  inPlace: number
  /** Commits by a new file. */
  replaced: number
  milliseconds: number
  /**
   * Must be empty: acknowledged tags missing or doubled, sessions revived, stale or backward reads,
   * errors.
   */
  readonly violations: string[]
  /**
   * Locks of processes killed before they had a token in them. They stay for an hour, or until the
   * next commit of their session.
   */
  emptyLocks: number
  /**
   * Must be empty: what is neither a session nor a directory for them, after a sweep now and one an
   * hour later.
   */
  litter: string[]
}

const WORKER = fileURLToPath(new URL('torture-worker.js', import.meta.url))
/** The exit code of a process that has done its stint. */
export const STINT_IS_OVER = 2
const FOREVER = Number.MAX_SAFE_INTEGER

/**
 * Lets processes append unique tags to shared lists, kills and stops them at random, and compares
 * what is there with what was acknowledged.
 */
export async function torture(options: TortureOptions): Promise<TortureReport> {
  const started = performance.now()
  const names = Array.from({ length: options.sessions }, (_, index) =>
    (index * 7 + 1).toString(16).padStart(2, '0').padEnd(64, '0'),
  )
  const seed = new FileStore({ directory: options.directory })
  for (const name of names) {
    const entry = { bytes: Buffer.from('[]'), expires: FOREVER }
    await seed.update(name, () => ({ kind: 'replace', entry }))
  }
  if (!options.accompanied) await seed.close()
  const report: TortureReport = {
    acked: 0,
    destroyed: 0,
    kills: 0,
    stops: 0,
    fenced: 0,
    timeouts: 0,
    starts: 0,
    inPlace: 0,
    replaced: 0,
    emptyLocks: 0,
    milliseconds: 0,
    violations: [],
    litter: [],
  }
  const slots = Array.from({ length: options.processes }, (_, slot) => {
    const journal = join(options.directory, `journal.${slot}`)
    writeFileSync(journal, '')
    const doomed = names.filter(
      (_name, index) => index % 5 === 0 && (index / 5) % options.processes === slot,
    )
    return new Slot({ ...options, journal, names, doomed }, report)
  })
  const signals = sendSignals(slots, options, report)
  await Promise.all(slots.map((slot) => slot.finished))
  await signals
  await seed.close()
  const store = new FileStore({ directory: options.directory })
  await store.ready()
  await checkAlone(join(options.directory, 'sid'), report)
  await sweepTwice(store, join(options.directory, 'sid'), report)
  await checkLists(store, names, slots, report)
  await store.close()
  report.litter.push(...findLitter(join(options.directory, 'sid')))
  report.milliseconds = Math.round(performance.now() - started)
  return report
}

/** Everybody else has ended: whoever is left must be able to be alone, without being asked again. */
async function checkAlone(data: string, report: TortureReport): Promise<void> {
  const { tenants, sole } = readRegister(data)
  if (tenants.length !== 1 || sole.length !== 1) report.violations.push('nobody is alone at last')
}

async function sweepTwice(store: FileStore, data: string, report: TortureReport): Promise<void> {
  const options = { now: 0, grace: 0, damagedAfter: FOREVER }
  await store.sweep(options)
  const hoursAgo = new Date(Date.now() - 7_200_000)
  for (const path of findLitter(data)) {
    report.emptyLocks++
    utimesSync(join(data, path), hoursAgo, hoursAgo)
  }
  await store.sweep(options)
}

/** One process, and those that follow when it is killed. */
class Slot {
  readonly options: WorkerOptions
  readonly finished: Promise<void>
  readonly #report: TortureReport
  child: ChildProcess
  done = false
  /** How long the journal was when a process of ours was killed last. */
  #killedAt = -1

  constructor(options: WorkerOptions, report: TortureReport) {
    this.options = options
    this.#report = report
    this.child = this.#spawn()
    this.finished = this.#follow().finally(() => {
      this.done = true
    })
  }

  /** The last one was killed before it had done anything: on a busy machine none ever would. */
  get isSpared(): boolean {
    return statSync(this.options.journal).size === this.#killedAt
  }

  async #follow(): Promise<void> {
    for (;;) {
      const [code, signal] = await new Promise<[number | null, string | null]>((resolve) => {
        this.child.once('exit', (code, signal) => resolve([code, signal]))
      })
      if (code === 0) return
      if (code === STINT_IS_OVER) {
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 1000))
      } else if (signal !== 'SIGKILL') {
        this.#report.violations.push(`process ended with ${code ?? signal}`)
        return
      }
      this.#killedAt = statSync(this.options.journal).size
      this.child = this.#spawn()
    }
  }

  #spawn(): ChildProcess {
    this.#report.starts++
    return spawn(process.execPath, [WORKER, JSON.stringify(this.options)], { stdio: 'inherit' })
  }
}

async function sendSignals(
  slots: readonly Slot[],
  { signalEvery: every, signals = Number.POSITIVE_INFINITY }: TortureOptions,
  report: TortureReport,
): Promise<void> {
  const stopped: Promise<void>[] = []
  while (Number.isFinite(every) && slots.some((slot) => !slot.done)) {
    await new Promise((resolve) => setTimeout(resolve, Math.random() * every))
    const alive = slots.filter((slot) => !slot.done && !slot.isSpared)
    const slot = alive[Math.floor(Math.random() * alive.length)]
    if (!slot) continue
    if (report.kills + report.stops >= signals) break
    const { child } = slot
    // Not by chance: a short run would often have none of one kind.
    if (report.kills <= report.stops) {
      if (child.kill('SIGKILL')) report.kills++
    } else if (child.kill('SIGSTOP')) {
      report.stops++
      const milliseconds = Math.random() * 3000
      stopped.push(
        new Promise((resolve) => setTimeout(resolve, milliseconds)).then(
          () => void child.kill('SIGCONT'),
        ),
      )
    }
  }
  await Promise.all(stopped)
}

async function checkLists(
  store: FileStore,
  names: readonly string[],
  slots: readonly Slot[],
  report: TortureReport,
): Promise<void> {
  const lines = slots.flatMap(({ options }) => readFileSync(options.journal, 'latin1').split('\n'))
  const acked = new Map<string, string[]>()
  const destroyed = new Set<string>()
  for (const line of lines) {
    const [kind, name = '', tag = ''] = line.split(' ')
    if (kind === 'acked') report.acked++
    if (kind === 'acked' && tag !== 'gone') acked.set(name, [...(acked.get(name) ?? []), tag])
    if (kind === 'destroyed') destroyed.add(name)
    if (kind === 'fenced') report.fenced++
    if (kind === 'timeout') report.timeouts++
    if (kind === 'in-place') report.inPlace++
    if (kind === 'replaced') report.replaced++
    if (kind === 'violation') report.violations.push(line)
  }
  report.destroyed = destroyed.size
  for (const name of names) {
    const found = await store.read(name)
    if (destroyed.has(name)) {
      if (found !== undefined) report.violations.push(`revived ${name}`)
    } else if (found === undefined || typeof found === 'string') {
      // Killed between the removal and its acknowledgement.
      if (!slots.some(({ options }) => options.doomed.includes(name)))
        report.violations.push(`vanished ${name}`)
    } else {
      const list = JSON.parse(Buffer.from(found.entry.bytes).toString()) as string[]
      const counts = new Map<string, number>()
      for (const tag of list) counts.set(tag, (counts.get(tag) ?? 0) + 1)
      for (const tag of acked.get(name) ?? [])
        if (!counts.has(tag)) report.violations.push(`lost ${tag}`)
      for (const [tag, count] of counts) if (count > 1) report.violations.push(`doubled ${tag}`)
    }
  }
}

/** Paths below a store's directory that are neither shards nor sessions. */
export function findLitter(directory: string): string[] {
  if (!existsSync(directory)) return []
  const { tenants } = readRegister(directory)
  return (readdirSync(directory, { recursive: true }) as string[]).filter(
    (path) =>
      !/^[0-9a-f]{2}(\/[0-9a-f]{64}\.session)?$/.test(path) &&
      !/^tenants(\/register)?$/.test(path) &&
      !tenants.some(({ name }) => path === `tenants/${name}.socket`),
  )
}

function readRegister(directory: string): Pick<Register, 'tenants' | 'sole'> {
  const path = join(directory, 'tenants', 'register')
  if (!existsSync(path)) return { tenants: [], sole: [] }
  return JSON.parse(readFileSync(path, 'utf8'))
}
