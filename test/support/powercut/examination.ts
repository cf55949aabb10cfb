import { type Environment, nodeEnvironment } from '../../../stores/file/environment.ts'
import { type FileSystem, nodeFileSystem } from '../../../stores/file/file-system.ts'
import { createOwner } from '../../../stores/file/owner.ts'
import { appending, nameOf, openStore, textOf } from '../file-store.ts'
import { sweepLeftOvers } from '../litter.ts'
import { judge, readNotes, type Verdict } from './history.ts'

/** What was seen in all states of a row: sessions by verdict, and what else matters. */
export type Counts = Record<
  Verdict | 'states' | 'unmountable' | 'acknowledged' | 'followed' | 'litter',
  number
>

export function createCounts(): Counts {
  return {
    states: 0,
    unmountable: 0,
    acknowledged: 0,
    followed: 0,
    fine: 0,
    torn: 0,
    lost: 0,
    revived: 0,
    plain: 0,
    outgrown: 0,
    litter: 0,
  }
}

/** The environment of a process after the power came back: the machine has booted anew. */
function afterReboot(): Pick<Environment, 'fs' | 'owner'> {
  const fs: FileSystem = {
    ...nodeFileSystem,
    readText: async (path) =>
      path.endsWith('/boot_id')
        ? 'ffffffff-0000-4000-8000-000000000000'
        : nodeFileSystem.readText(path),
  }
  return { fs, owner: createOwner(fs) }
}

/**
 * Looks at every session of a directory on which these notes were taken, then works on with some of
 * them. What is wrong is counted, and told in a remark.
 */
export async function examine(
  directory: string,
  lines: readonly string[],
  counts: Counts,
  remarks: string[],
): Promise<void> {
  const teardowns: (() => unknown)[] = []
  const fast = {
    ...afterReboot(),
    sockets: nodeEnvironment.sockets,
    monotonic: () => performance.now() * 20,
  }
  const t = { teardown: (work: () => unknown) => teardowns.push(work) }
  const { store } = openStore(t, fast, { directory, lockTimeout: 60_000 })
  const pasts = readNotes(lines)
  for (const [index, past] of pasts) {
    const found = await textOf(store, nameOf(index))
    const verdict = judge(index, past, found)
    counts[verdict]++
    if (past.durable > 0) counts.acknowledged++
    if (past.durable > 0 && past.plainSince && past.removal === 'none') counts.followed++
    if (verdict === 'fine') continue
    const told = JSON.stringify(past)
    remarks.push(`  ${verdict}: session ${index}, ${told}, found ${found?.slice(0, 30)}`)
  }
  for (const index of [...pasts.keys()].slice(-8)) {
    const name = nameOf(index)
    const found = await textOf(store, name)
    await store.update(name, appending('!'), { durable: true })
    const grown = found === undefined || found === 'damaged' ? found : `${found}!`
    if ((await textOf(store, name)) !== grown) throw new Error('A commit after the crash was lost')
  }
  counts.litter += (await sweepLeftOvers(store, directory)).length
  await store.close()
}
