/**
 * The fenced lock as a state machine, small enough to try every order in which the steps of several
 * processes can happen.
 *
 * The world is one session's lock directory, the tokens in it and its file. Any process that waits
 * may take any lock for stale at any moment: the worst that clocks, stalls and wrong judgements can
 * do. A step is one call to the file system.
 */
export interface World {
  /** Whether the lock directory is there. */
  readonly locked: boolean
  /** The processes whose tokens are in it, in ascending order. */
  readonly tokens: readonly number[]
  /** The file: the commits it holds in order, `'tombstone'` or `'missing'`. */
  readonly file: string
  /** The removal was committed: nothing may be there any more. */
  readonly removed: boolean
  readonly processes: readonly Process[]
}

/** One process: the step it takes next, and what it remembers. */
export interface Process {
  readonly at: Step
  /** What it read of the file. */
  readonly read: string
  /** The tokens it saw in a lock that it is about to break. */
  readonly seen: readonly number[]
}

type Step =
  | 'lock'
  | 'wait'
  | 'break'
  | 'break-rmdir'
  | 'token'
  | 'readdir'
  | 'back-off'
  | 'back-off-rmdir'
  | 'read'
  | 'commit'
  | 'unlink'
  | 'drop-token'
  | 'unlock'
  | 'done'
  | 'killed'

/** What a process is out to do. */
export type Work = 'append' | 'remove' | 'remove by a bare unlink'

/** The protocol, or one of those weaker ones that it must be told from. */
export type Protocol = 'fenced' | 'plain' | 'fenced without readdir'

/** What a search found. */
export interface Search {
  /** Different worlds reached. */
  readonly worlds: number
  /** The shortest way to the first violation, its name last; undefined when there is none. */
  readonly violation: readonly string[] | undefined
  /** Whether in some end, with nobody killed, a lock or a token was left. */
  readonly litter: boolean
}

/** What the processes do, and whether each may be killed between any two steps. */
export interface SearchOptions {
  readonly protocol: Protocol
  readonly works: readonly Work[]
  readonly kills?: boolean
}

class Violation extends Error {}

/** Tries every order of steps, breadth first. */
export function searchWorlds({ protocol, works, kills = false }: SearchOptions): Search {
  const start: World = {
    locked: false,
    tokens: [],
    file: '.',
    removed: false,
    processes: works.map(() => ({ at: 'lock', read: '', seen: [] })),
  }
  const origins = new Map<string, { from: string; step: string } | undefined>()
  origins.set(JSON.stringify(start), undefined)
  const worlds = [start]
  let litter = false
  for (let next = 0; next < worlds.length; next++) {
    const world = worlds[next] as World
    const from = JSON.stringify(world)
    if (world.processes.every(({ at }) => at === 'done')) litter ||= world.locked
    for (const [process, work] of works.entries()) {
      try {
        for (const [step, reached] of stepsOf(world, process, work, protocol, kills)) {
          const key = JSON.stringify(reached)
          if (origins.has(key)) continue
          origins.set(key, { from, step: `${process}: ${step}` })
          worlds.push(reached)
        }
      } catch (error) {
        if (!(error instanceof Violation)) throw error
        const violation = [...traceTo(from, origins), `${process}: ${error.message}`]
        return { worlds: worlds.length, violation, litter }
      }
    }
  }
  return { worlds: worlds.length, violation: undefined, litter }
}

function traceTo(
  key: string,
  origins: ReadonlyMap<string, { from: string; step: string } | undefined>,
): string[] {
  const steps: string[] = []
  for (let origin = origins.get(key); origin; origin = origins.get(origin.from)) {
    steps.unshift(origin.step)
  }
  return steps
}

/** The worlds that one step of one process can lead to. */
function* stepsOf(
  world: World,
  process: number,
  work: Work,
  protocol: Protocol,
  kills: boolean,
): Generator<[string, World]> {
  const self = world.processes[process] as Process
  const { at } = self
  if (at === 'done' || at === 'killed') return
  const fenced = protocol !== 'plain'
  const mine = world.tokens.includes(process)
  const move = (to: Step, change: Partial<World> = {}, memory: Partial<Process> = {}): World => ({
    ...world,
    ...change,
    processes: world.processes.map((other, index) =>
      index === process ? { ...other, ...memory, at: to } : other,
    ),
  })
  const without = (token: number): readonly number[] =>
    world.tokens.filter((each) => each !== token)
  const rmdir = world.locked && world.tokens.length === 0 ? { locked: false } : {}
  if (kills) yield ['is killed', move('killed', {}, { read: '', seen: [] })]

  switch (at) {
    case 'lock':
      if (world.locked) yield ['finds it locked', move('wait')]
      else yield ['mkdir', move(fenced ? 'token' : 'read', { locked: true })]
      return
    case 'wait':
      yield ['waits', move('lock')]
      if (world.locked) yield ['takes it for stale', move('break', {}, { seen: world.tokens })]
      return
    case 'break': {
      if (!fenced) {
        yield ['breaks it', move('lock', { locked: false })]
        return
      }
      const [token, ...seen] = self.seen
      if (token === undefined) yield ['saw no token', move('break-rmdir')]
      else yield ['unlinks a token', move('break', { tokens: without(token) }, { seen })]
      return
    }
    case 'break-rmdir':
      yield ['rmdir of the broken', move('lock', rmdir)]
      return
    case 'token': {
      if (!world.locked) {
        yield ['finds its lock gone', move('lock')]
        return
      }
      const tokens = [...world.tokens, process].sort()
      yield ['makes its token', move(protocol === 'fenced' ? 'readdir' : 'read', { tokens })]
      return
    }
    case 'readdir':
      if (mine && world.tokens.length === 1) yield ['is alone', move('read')]
      else yield ['is not alone', move('back-off')]
      return
    case 'back-off':
      yield ['unlinks its token', move('back-off-rmdir', { tokens: without(process) })]
      return
    case 'back-off-rmdir':
      yield ['rmdir, backing off', move('lock', rmdir)]
      return
    case 'read': {
      const gone = world.file === 'missing' || world.file === 'tombstone'
      if (gone) yield ['reads nothing', move(fenced ? 'drop-token' : 'unlock')]
      else yield ['reads', move('commit', {}, { read: world.file })]
      return
    }
    case 'commit': {
      const conditional = fenced && work !== 'remove by a bare unlink'
      if (conditional && !mine) {
        yield ['is fenced', move('back-off-rmdir', {}, { read: '' })]
        return
      }
      if (work === 'append') {
        if (world.removed) throw new Violation('revives what was removed')
        if (world.file !== self.read) throw new Violation('overwrites a commit it has not read')
      }
      const file =
        work === 'append' ? `${world.file}${process}` : work === 'remove' ? 'tombstone' : 'missing'
      const then: Step =
        work === 'remove' ? 'unlink' : fenced && !conditional ? 'drop-token' : 'unlock'
      const removed = world.removed || work !== 'append'
      const tokens = conditional ? without(process) : world.tokens
      yield ['commits', move(then, { file, removed, tokens }, { read: '' })]
      return
    }
    case 'unlink':
      yield ['unlinks the tombstone', move('unlock', { file: 'missing' })]
      return
    case 'drop-token':
      yield ['unlinks its token', move('unlock', { tokens: without(process) })]
      return
    case 'unlock':
      yield ['rmdir', move('done', fenced ? rmdir : { locked: false })]
      return
  }
}
