/**
 * Tenancy as a state machine, small enough to try every order in which the steps of three processes
 * can happen.
 *
 * The world is the register, its fenced lock and the processes with their questions and answers. Of
 * the lock only what its own model proves is left: anybody may break it at any moment, and whoever
 * has lost it cannot write. A process that is slow or stopped is one whose turn does not come. Sets
 * of processes are bits of a number.
 */
export interface World {
  /** Who is on the register, and who it names sole. */
  readonly tenants: number
  readonly sole: number
  /** The register is there. */
  readonly isThere: boolean
  /** Who has the lock: -1 for nobody. */
  readonly holder: number
  /** What somebody may still do by hand. */
  readonly mischief: Mischief | 'done'
  /** Whose sockets were deleted by hand. */
  readonly unlinked: number
  readonly processes: readonly Process[]
}

/** One process: the step it takes next, and what it remembers. */
export interface Process {
  readonly at: Step
  /** Why it takes the lock. */
  readonly task: Task
  /** It believes that it is alone. */
  readonly isSole: boolean
  /** Its commits under way. */
  readonly inPlace: boolean
  readonly replacing: boolean
  /** It has told a newcomer that nobody is alone, since it took the lock. */
  readonly promised: boolean
  /** What it read of the register; while it asks, `sole` is whom it asks. */
  readonly seen: number
  readonly sole: number
  /** Whom it has asked who has not answered yet, and who has. */
  readonly asked: number
  readonly answered: number
}

/** Whoever has left and whoever was killed are over alike: neither has a socket any more. */
type Step = 'away' | 'lock' | 'rename' | 'claimed' | 'asking' | 'in' | 'adrift' | 'over'

type Task = 'enter' | 'clear' | 'look' | 'leave'

/** What somebody may do by hand once, at any moment. */
export type Mischief = 'nothing' | 'deletes the register' | 'deletes a socket'

/** The protocol, or one of those weaker ones that it must be told from. */
export type Weakness =
  | 'none'
  | 'answers before its commits are done'
  | 'is alone without the lock'
  | 'forgets what it answered'
  | 'takes the slow for dead'
  | 'takes a missing socket for dead'
  | 'takes nobody for dead'
  | 'does not ask'
  | 'takes its name off too soon'
  | 'does not look for sockets'

/** What is searched. */
export interface SearchOptions {
  readonly processes: number
  readonly weakness?: Weakness
  readonly mischief?: Mischief
}

/** What a search found. */
export interface Search {
  /** Different worlds reached. */
  readonly worlds: number
  /** The shortest way to the first violation, its name last; undefined when there is none. */
  readonly violation: readonly string[] | undefined
}

class Violation extends Error {}

const FRESH: Process = {
  at: 'away',
  task: 'enter',
  isSole: false,
  inPlace: false,
  replacing: false,
  promised: false,
  seen: 0,
  sole: 0,
  asked: 0,
  answered: 0,
}

/** Tries every order of steps, breadth first. */
export function searchWorlds({
  processes,
  weakness = 'none',
  mischief = 'nothing',
}: SearchOptions): Search {
  const start: World = {
    tenants: 0,
    sole: 0,
    isThere: true,
    holder: -1,
    mischief,
    unlinked: 0,
    processes: Array.from({ length: processes }, () => FRESH),
  }
  const indexes = new Map([[keyOf(start), 0]])
  const origins: Origin[] = [{ from: -1, step: '' }]
  const worlds = [start]
  const survivals = new Survivals()
  for (let next = 0; next < worlds.length; next++) {
    const world = worlds[next] as World
    const survivor = findSurvivor(world)
    if (survivor !== undefined) survivals.add(next, world.processes[survivor]?.isSole ?? false)
    for (let process = 0; process < processes; process++) {
      try {
        for (const [step, reached] of stepsOf(world, process, weakness)) {
          const key = keyOf(reached)
          const index = indexes.get(key) ?? worlds.length
          if (process === survivor) survivals.connect(next, index)
          if (index < worlds.length) continue
          indexes.set(key, index)
          worlds.push(reached)
          origins.push({ from: next, step: `${process}: ${step}` })
        }
      } catch (error) {
        if (!(error instanceof Violation)) throw error
        const violation = [...traceTo(next, origins), `${process}: ${error.message}`]
        return { worlds: worlds.length, violation }
      }
    }
  }
  const hopeless = survivals.findHopeless()
  const violation =
    hopeless === undefined ? undefined : [...traceTo(hopeless, origins), 'nobody is ever alone']
  return { worlds: worlds.length, violation }
}

interface Origin {
  readonly from: number
  readonly step: string
}

function traceTo(index: number, origins: readonly Origin[]): string[] {
  const steps: string[] = []
  for (let each = origins[index]; each && each.from >= 0; each = origins[each.from]) {
    steps.unshift(each.step)
  }
  return steps
}

/** The only one who lives, in a world where it must be able to become sole. */
function findSurvivor({ processes, unlinked }: World): number | undefined {
  // A missing socket proves nothing, so that nobody may be alone any more.
  if (unlinked !== 0) return undefined
  const living = processes.flatMap(({ at }, index) => (at === 'away' || isOver(at) ? [] : [index]))
  const [survivor] = living
  if (living.length !== 1 || survivor === undefined) return undefined
  return processes[survivor]?.task === 'leave' ? undefined : survivor
}

/** The worlds with one survivor, and which leads to which. */
class Survivals {
  readonly #worlds = new Set<number>()
  readonly #sole: number[] = []
  readonly #before = new Map<number, number[]>()

  add(world: number, isSole: boolean): void {
    this.#worlds.add(world)
    if (isSole) this.#sole.push(world)
  }

  connect(from: number, to: number): void {
    const before = this.#before.get(to)
    if (before) before.push(from)
    else this.#before.set(to, [from])
  }

  /** The first from which no way leads to a sole survivor. */
  findHopeless(): number | undefined {
    const hopeful = new Set(this.#sole)
    for (const world of hopeful) {
      for (const before of this.#before.get(world) ?? []) hopeful.add(before)
    }
    for (const world of this.#worlds) if (!hopeful.has(world)) return world
    return undefined
  }
}

const STEPS: readonly Step[] = [
  'away',
  'lock',
  'rename',
  'claimed',
  'asking',
  'in',
  'adrift',
  'over',
]
const TASKS: readonly Task[] = ['enter', 'clear', 'look', 'leave']

/** Bits in place of JSON: a search takes half a million keys. The numbers are below 8. */
function keyOf({ tenants, sole, isThere, holder, mischief, unlinked, processes }: World): string {
  const codes = [
    (((((tenants << 3) | sole) << 2) | (holder + 1)) << 3) | unlinked,
    (Number(isThere) << 1) | Number(mischief === 'done'),
  ]
  for (const each of processes) {
    const flags =
      (Number(each.isSole) << 3) |
      (Number(each.inPlace) << 2) |
      (Number(each.replacing) << 1) |
      Number(each.promised)
    codes.push(
      (((STEPS.indexOf(each.at) << 2) | TASKS.indexOf(each.task)) << 4) | flags,
      (((((each.seen << 3) | each.sole) << 3) | each.asked) << 3) | each.answered,
    )
  }
  return String.fromCharCode(...codes)
}

function isOver(at: Step): boolean {
  return at === 'over'
}

/** The worlds that one step of one process can lead to. */
function* stepsOf(world: World, process: number, weakness: Weakness): Generator<[string, World]> {
  const self = world.processes[process] as Process
  if (isOver(self.at)) return
  const move = (memory: Partial<Process>, change: Partial<World> = {}): World => ({
    ...world,
    ...change,
    processes: world.processes.map((other, index) =>
      index === process ? { ...other, ...memory } : other,
    ),
  })
  if (self.at === 'away') {
    // In the order of their numbers: any other is the same with other names.
    const isNext = world.processes[process - 1]?.at !== 'away'
    if (isNext) yield ['listens', move({ at: 'lock' })]
    return
  }
  yield ['dies', move({ ...FRESH, at: 'over' })]
  yield* mischievousSteps(world, process)
  yield* answeringSteps(world, process, weakness)
  yield* committingSteps(world, process, move)
  yield* joiningSteps(world, process, weakness, move)
}

type Move = (memory: Partial<Process>, change?: Partial<World>) => World

function* mischievousSteps(world: World, process: number): Generator<[string, World]> {
  if (world.mischief === 'deletes the register' && world.isThere) {
    yield [
      'sees the register deleted',
      { ...world, mischief: 'done', isThere: false, tenants: 0, sole: 0 },
    ]
  }
  if (world.mischief === 'deletes a socket') {
    yield ['sees its socket deleted', { ...world, mischief: 'done', unlinked: 1 << process }]
  }
}

/** Those who have asked are heard at any time, and answered when nothing is under way in place. */
function* answeringSteps(
  world: World,
  process: number,
  weakness: Weakness,
): Generator<[string, World]> {
  const own = 1 << process
  const self = world.processes[process] as Process
  for (const [asker, { asked, answered }] of world.processes.entries()) {
    if ((asked & own) === 0) continue
    const isDone = !self.inPlace || weakness === 'answers before its commits are done'
    if (!isDone && !self.isSole) continue
    const heard = { ...self, isSole: false, promised: true }
    const processes = world.processes.map((each, index) => {
      if (index === process) return heard
      if (index !== asker || !isDone) return each
      return { ...each, asked: asked & ~own, answered: answered | own }
    })
    yield [`${isDone ? 'answers' : 'hears'} ${asker}`, { ...world, processes }]
  }
}

function* committingSteps(world: World, process: number, move: Move): Generator<[string, World]> {
  const self = world.processes[process] as Process
  const others = world.processes.filter((_each, index) => index !== process)
  if (self.inPlace) yield ['has written in place', move({ inPlace: false })]
  if (self.replacing) yield ['has replaced', move({ replacing: false })]
  if (!isIn(self)) return
  // Whoever is in may be replacing at any moment. That makes fewer worlds than to follow it, which
  // is needed only where one can be put out while it does.
  const isFollowed = world.mischief !== 'nothing'
  if (self.isSole && !self.inPlace) {
    const isMet = others.some((each) => each.inPlace || (isFollowed ? each.replacing : isIn(each)))
    if (isMet) throw new Violation('writes in place while another writes')
    yield ['writes in place', move({ inPlace: true })]
  }
  if (!self.isSole && !self.replacing) {
    if (others.some(({ inPlace }) => inPlace)) {
      throw new Violation('replaces while another writes in place')
    }
    if (isFollowed) yield ['replaces', move({ replacing: true })]
  }
}

function isIn({ at, task }: Process): boolean {
  return at === 'in' || (task === 'look' && !isOver(at) && at !== 'asking')
}

function* joiningSteps(
  world: World,
  process: number,
  weakness: Weakness,
  move: Move,
): Generator<[string, World]> {
  const own = 1 << process
  const self = world.processes[process] as Process
  const isOn = (world.tenants & own) !== 0

  switch (self.at) {
    case 'in':
      yield ['looks', move({ at: 'lock', task: 'look' })]
      if (!isOn) {
        yield ['misses itself', move(adrift)]
      }
      if (!self.inPlace && !self.replacing) {
        yield ['begins to leave', move({ at: 'lock', task: 'leave', isSole: false })]
      }
      return
    case 'adrift':
      if (!self.inPlace) yield ['enters anew', move({ at: 'lock' })]
      return
    case 'lock': {
      let { tenants, sole } = world
      if (!world.isThere) {
        tenants = weakness === 'does not look for sockets' ? 0 : findSockets(world) & ~own
        sole = tenants
      }
      const read = { seen: tenants, sole, promised: false }
      yield ['locks and reads', move({ ...read, at: 'rename' }, { holder: process })]
      return
    }
    case 'rename':
      yield* renamingSteps(world, process, weakness, move)
      return
    case 'claimed': {
      const isSole = !self.promised || weakness === 'forgets what it answered'
      yield ['hears that it is alone', move({ ...forgotten, at: 'in', task: 'enter', isSole })]
      return
    }
    case 'asking': {
      if ((self.sole & ~self.answered) === 0) {
        yield ['was answered', move({ ...forgotten, at: 'lock', task: 'clear' })]
      }
      yield ['looks again', move({ ...forgotten, at: 'lock', task: 'enter' })]
      return
    }
  }
}

/** What it read is not to be remembered: that would only make more worlds. */
const forgotten = { seen: 0, sole: 0, promised: false }
/** Whatever it was told before it was off the register may be no more. */
const adrift = {
  ...forgotten,
  at: 'adrift',
  task: 'enter',
  isSole: false,
  asked: 0,
  answered: 0,
} as const

/** Those whose sockets are in the directory. */
function findSockets({ processes, unlinked }: World): number {
  return (
    processes.reduce(
      (found, { at }, index) => (at === 'away' || isOver(at) ? found : found | (1 << index)),
      0,
    ) & ~unlinked
  )
}

function findDead(world: World, self: Process, weakness: Weakness): number {
  let dead = 0
  if (weakness === 'takes nobody for dead') return dead
  for (const [index, { at }] of world.processes.entries()) {
    const bit = 1 << index
    // A socket that is missing proves nothing, whatever has become of its process.
    if (isOver(at) && (world.unlinked & bit) === 0) dead |= bit
    if (weakness === 'takes a missing socket for dead') dead |= world.unlinked & bit
    if (weakness === 'takes the slow for dead') dead |= self.asked & bit
  }
  return dead
}

/** The new register goes onto its name, unless somebody has broken the lock. */
function* renamingSteps(
  world: World,
  process: number,
  weakness: Weakness,
  move: Move,
): Generator<[string, World]> {
  const own = 1 << process
  const self = world.processes[process] as Process
  const { task, seen } = self
  // At the last moment: by then most are dead, and the dead stay so.
  const dead = findDead(world, self, weakness) & ~own
  const isFenced = world.holder !== process
  const again = ['is fenced', move({ ...forgotten, at: 'lock' })] as [string, World]
  const write = (tenants: number, sole: number): Partial<World> => ({
    tenants,
    sole,
    isThere: true,
    holder: -1,
  })
  const release = { holder: isFenced ? world.holder : -1 }

  if (task !== 'enter' && (seen & own) === 0) {
    if (task === 'leave') {
      yield ['has left', move({ ...FRESH, at: 'over' }, release)]
    } else {
      yield ['misses itself', move(adrift, release)]
    }
    return
  }
  const tenants = (seen & ~dead) | own
  // As long as its commits in place are under way it is to be asked, whatever it believes.
  const isKept = self.isSole || (self.inPlace && weakness !== 'takes its name off too soon')
  const isClaim = tenants === own && !isKept && (task === 'enter' || task === 'look')
  const isBold = isClaim && task === 'look' && weakness === 'is alone without the lock'
  if (isFenced && !isBold) {
    yield again
    return
  }
  const others = self.sole & ~dead & ~own
  switch (task) {
    case 'leave':
      yield ['has left', move({ ...FRESH, at: 'over' }, write(seen & ~own, self.sole & ~own))]
      return
    case 'clear':
      yield [
        'tells others',
        move(
          { ...forgotten, at: 'in', task: 'enter', answered: 0 },
          write(seen, self.sole & ~self.answered),
        ),
      ]
      return
    default: {
      if (isClaim) {
        yield [
          'claims to be alone',
          move(
            { ...forgotten, at: 'claimed', answered: 0, promised: self.promised },
            write(tenants, own),
          ),
        ]
        return
      }
      const change = write(tenants, isKept ? others | (self.sole & own) : others)
      if (task === 'look' || others === 0 || weakness === 'does not ask') {
        yield ['renews', move({ ...forgotten, at: 'in', task: 'enter' }, change)]
        return
      }
      const isNew = (seen & own) === 0
      const answered = isNew ? 0 : self.answered & others
      // One whose socket is missing cannot be asked.
      const asked = others & ~answered & ~world.unlinked
      yield [
        'enters and asks',
        move({ ...forgotten, at: 'asking', sole: others, asked, answered }, change),
      ]
    }
  }
}
