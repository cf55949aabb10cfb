import { Fate } from './accidents.ts'
import { Disk } from './disk.ts'
import { isSocketInUse } from './disk-sockets.ts'
import { type Engine, nextProcess, openEngine, type Way } from './engine.ts'
import { interceptAll } from './held-calls.ts'

/** In milliseconds. */
const HOUR = 3_600_000

/** One run of a scenario: the store that accidents happen to, and its disk. */
export interface Run {
  readonly engine: Engine
  readonly store: Engine['store']
  readonly disk: Disk
  readonly fate: Fate
  readonly way: Way
  /** What was opened beside it in the meantime, to be closed with it. */
  readonly others: Engine[]
  /** The time by the clock that stamps files, in milliseconds. */
  time: number
}

/** Begins one, on a new disk. */
export function openRun(way: Way): Run {
  const fate = new Fate()
  const run = { fate, way, others: [], time: 1_000_000_000_000 }
  const disk = new Disk(() => run.time)
  const engine = openEngine({ disk, fs: interceptAll(disk, fate.pass), way })
  return Object.assign(run, { engine, store: engine.store, disk })
}

/** Removes what ended long before, and nothing that was changed within the hour. */
export function sweep(store: Engine['store']): Promise<unknown> {
  return store.sweep({ now: 2000, grace: 0, damagedAfter: HOUR })
}

/** Two hours pass. */
export async function pass(run: Pick<Run, 'time' | 'disk'>): Promise<void> {
  run.time += 2 * HOUR
  // proper-lockfile goes by the wall clock, which is not in our hand.
  const lock = `${run.disk.data}/sid/.sweep`
  await run.disk.utimes(lock, new Date(0), new Date(0)).catch(() => {})
}

/** What is left, after a sweep of another process, that is neither a session nor a place for one. */
export async function findLitter(run: Run): Promise<string | undefined> {
  const { disk, way } = run
  if (litterOn(disk) === undefined) return undefined
  const { store, close } = openEngine({ disk, way, process: nextProcess() })
  await pass(run)
  await store.ready()
  await sweep(store)
  await close()
  return litterOn(disk)
}

/** What is on the disk that is neither a session, nor a place for one, nor who uses it. */
export function litterOn(disk: Disk): string | undefined {
  const known =
    /\.sessions\/($|\.gitignore$|sid\/($|tenants\/($|register$)|[0-9a-f]{2}\/($|[0-9a-f]{64}\.session$)))/
  const litter = disk
    .paths()
    .filter((path) => path.includes('.sessions/') && !isSocketInUse(disk, path))
    .find((path) => !known.test(path))
  return litter && `left ${litter}`
}
