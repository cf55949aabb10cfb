import { existsSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Register } from '../../stores/file/tenancy/register.ts'
import { FileStore } from '../../stores/file.ts'
import { findViolations, type ListedTags, listTags, readJournal } from './torture-history.ts'
import { Slot, sendSignals } from './torture-slot.ts'

/** How hard a store is tortured. */
export interface TortureOptions {
  /**
   * What the random choices of the test follow from: which sessions, pauses, signals and points. When
   * the system lets which process run does not, and cannot be given back.
   */
  readonly seed: number
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
  /**
   * How many kills and stops at most, by turns, and by turns at random and at a named point. Default:
   * as many as there is time for.
   */
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
  /** Which of the processes it is: two of one seed choose differently. */
  readonly slot: number
  /** How many were started in its place before it. */
  readonly predecessors: number
}

/** What came of it. */
export interface TortureReport {
  acked: number
  /** Reads beside the commits. */
  reads: number
  destroyed: number
  /** At random. */
  kills: number
  /** At random. */
  stops: number
  /** Right before or after a call to the file system, by the process itself. */
  namedKills: number
  /** As `namedKills`. */
  namedStops: number
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
   * Must be empty: acknowledged tags missing or doubled, sessions revived, vanished or damaged, stale
   * or backward reads, errors.
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
  const first = new FileStore({ directory: options.directory })
  for (const name of names) {
    const entry = { bytes: Buffer.alloc(0), expires: FOREVER }
    await first.update(name, () => ({ kind: 'replace', entry }))
  }
  if (!options.accompanied) await first.close()
  const report: TortureReport = {
    acked: 0,
    reads: 0,
    destroyed: 0,
    kills: 0,
    stops: 0,
    namedKills: 0,
    namedStops: 0,
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
    return new Slot({ ...options, journal, names, doomed, slot, predecessors: 0 }, report)
  })
  const signals = sendSignals(slots, options, report)
  await Promise.all(slots.map((slot) => slot.finished))
  await signals
  await first.close()
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

async function checkLists(
  store: FileStore,
  names: readonly string[],
  slots: readonly Slot[],
  report: TortureReport,
): Promise<void> {
  const journals = slots.map(({ options }) => readJournal(readFileSync(options.journal, 'latin1')))
  const found = new Map<string, ListedTags | 'damaged' | undefined>()
  for (const name of names) {
    const now = await store.read(name)
    found.set(name, typeof now === 'object' ? listTags(now.entry) : (now as 'damaged' | undefined))
  }
  report.violations.push(...findViolations({ journals, found }))
  const destructions = journals.flatMap((journal) => journal.destructions)
  const destroyed = destructions.filter(({ end }) => end !== undefined)
  report.destroyed = new Set(destroyed.map(({ name }) => name)).size
  for (const journal of journals) {
    report.acked += journal.appends.length
    report.reads += journal.reads.length
    report.fenced += journal.countOf('fenced')
    report.timeouts += journal.countOf('timeout')
    report.inPlace += journal.countOf('in-place')
    report.replaced += journal.countOf('replaced')
    report.namedKills += journal.countOf('point SIGKILL')
    report.namedStops += journal.countOf('point SIGSTOP')
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
