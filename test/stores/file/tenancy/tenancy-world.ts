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
export type Step = 'away' | 'lock' | 'rename' | 'claimed' | 'asking' | 'in' | 'adrift' | 'over'

export type Task = 'enter' | 'clear' | 'look' | 'leave'

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

/** A process that has not begun. */
export const FRESH: Process = {
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
export function keyOf({
  tenants,
  sole,
  isThere,
  holder,
  mischief,
  unlinked,
  processes,
}: World): string {
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

/** Whether a process has left or was killed. */
export function isOver(at: Step): boolean {
  return at === 'over'
}

/** Whether a process may begin a commit: as a tenant, also while it looks at the others. */
export function isIn({ at, task }: Process): boolean {
  return at === 'in' || (task === 'look' && !isOver(at) && at !== 'asking')
}
