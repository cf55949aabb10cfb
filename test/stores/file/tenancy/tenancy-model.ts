import { stepsOf, Violation } from './tenancy-steps.ts'
import { FRESH, isOver, keyOf, type Mischief, type Weakness, type World } from './tenancy-world.ts'

/** What is searched. */
export interface SearchOptions {
  readonly processes: number
  readonly weakness?: Weakness
  readonly mischief?: Mischief
  /** Worlds after which it ends, without a word on who can be alone again. Default: all there are. */
  readonly most?: number
}

/** What a search found. */
export interface Search {
  /** Different worlds reached. */
  readonly worlds: number
  /** The shortest way to the first violation, its name last; undefined when there is none. */
  readonly violation: readonly string[] | undefined
}
/** Tries every order of steps, breadth first. */
export function searchWorlds({
  processes,
  weakness = 'none',
  mischief = 'nothing',
  most = Number.POSITIVE_INFINITY,
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
    if (worlds.length >= most) return { worlds: worlds.length, violation: undefined }
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
