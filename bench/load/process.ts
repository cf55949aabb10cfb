import { answerCalls } from '../processes/calls.ts'
import { type Burst, type BurstSpec, runBurst } from './burst.ts'
import { createTarget, type Prepared, type Target, type TargetSpec } from './target.ts'

/** What the load can be asked for. */
export interface LoadCalls {
  /** Makes sessions; see `createTarget`. */
  prepare(input: { target: TargetSpec; sessions: number; milliseconds: number }): Promise<Prepared>
  /** The server has another process, or several, and the same sessions. */
  redirect(input: { id: string; ports: readonly number[] }): void
  burst(input: { id: string; spec: BurstSpec }): Promise<Burst>
}

const targets = new Map<string, Target>()

answerCalls({
  async prepare({ target, sessions, milliseconds }) {
    const begun = performance.now()
    const prepared = await createTarget(target, sessions, milliseconds)
    targets.set(target.id, prepared)
    return { sessions: prepared.visitors.length, milliseconds: performance.now() - begun }
  },
  redirect({ id, ports }) {
    targets.set(id, { ...targetOf(id), ports })
  },
  burst: ({ id, spec }) => runBurst(targetOf(id), spec),
} satisfies LoadCalls)

function targetOf(id: string): Target {
  const target = targets.get(id)
  if (target) return target
  throw new Error(`There are no sessions of ${id}: prepare them first`)
}
