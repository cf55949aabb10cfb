import { FRESH, isIn, isOver, type Process, type Weakness, type World } from './tenancy-world.ts'

/** What must not be. */
export class Violation extends Error {}

/** The worlds that one step of one process can lead to. */
export function* stepsOf(
  world: World,
  process: number,
  weakness: Weakness,
): Generator<[string, World]> {
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
