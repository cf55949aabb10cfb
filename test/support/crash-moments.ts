import type { Store } from '../../lib/store.ts'
import { Disk } from './disk.ts'
import { openEngine, type Way } from './engine.ts'
import { interceptAll } from './held-calls.ts'
import { strideOf } from './proof.ts'

/** Decides which calls and which states of the disk are looked at; set by the variable of this name. */
export const CRASH_SEED: number = Number(process.env.CRASH_SEED ?? Date.now() % 1e9)

/** After one call in so many. */
const STRIDE = strideOf(7)
const SYNCS: readonly string[] = ['fsync', 'fdatasync']

/** The disk, and what was acknowledged, at one moment. */
export interface Moment<Truth> {
  readonly call: string
  readonly disk: Disk
  readonly truth: Truth
}

/**
 * The moments of a play on a new disk: after each call, the closing too, or one in `STRIDE`. Without
 * `syncs` its syncs do nothing, as those of a disk that lies.
 */
export async function watch<Truth>(
  way: Way,
  play: (store: Store) => Promise<void>,
  tell: () => Truth,
  { syncs = true }: { readonly syncs?: boolean } = {},
): Promise<Moment<Truth>[]> {
  const disk = new Disk()
  const moments: Moment<Truth>[] = []
  let isWatched = false
  let calls = 0
  const note = (call: string): void => {
    const number = calls++
    if (number % STRIDE !== CRASH_SEED % STRIDE) return
    moments.push({ call: `${number}, ${call}`, disk: disk.copy(), truth: tell() })
  }
  const fs = interceptAll(disk, async ({ method, proceed }) => {
    const isLost = !syncs && SYNCS.includes(method)
    const result = isLost ? undefined : await proceed()
    if (isWatched) note(method)
    return result
  })
  const { store, isAlone, close } = openEngine({ disk, fs, way })
  await store.ready()
  if ((await isAlone()) !== (way === 'overwrite')) throw new Error('It commits the other way')
  isWatched = true
  await play(store)
  note('the end')
  await close()
  note('close')
  return moments
}
