import { lstatSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { nodeEnvironment } from '../../stores/file/environment.ts'
import type { FileStore } from '../../stores/file.ts'
import { appending, fileIn, nameOf, openStore, textOf } from '../support/file-store.ts'
import { sweepLeftOvers } from '../support/litter.ts'
import { isWhole } from '../support/proof.ts'
import { type Order, startRemoteStore } from '../support/remote-store.ts'
import { attachStrace, type CallPoint, callPoints, whyNoStrace } from '../support/strace.ts'
import { makeTemporaryDirectory } from '../support/temporary-directory.ts'

/** How many of the calls to kill at, of each way to commit. */
const POINTS = isWhole ? Number.POSITIVE_INFINITY : 4
const AT_ONCE = 2

const OLD = nameOf(1)
const NEW = nameOf(2)
const LONG = 'a longer text '.repeat(400)

type State = Readonly<Record<string, string | undefined>>

/** The life of a session, and what must be there when each of its steps is done. */
const LIFE: readonly (readonly [Order, State])[] = [
  [{ verb: 'ready' }, {}],
  [{ verb: 'store', name: OLD, text: 'created' }, { [OLD]: 'created' }],
  [{ verb: 'store', name: OLD, text: 'saved' }, { [OLD]: 'saved' }],
  [{ verb: 'store', name: OLD, text: 'synced', durable: true }, { [OLD]: 'synced' }],
  [{ verb: 'store', name: OLD, text: LONG, durable: true }, { [OLD]: LONG }],
  [{ verb: 'append', name: OLD, text: '+' }, { [OLD]: `${LONG}+` }],
  // A new id: the new one is there before the old one goes.
  [
    { verb: 'store', name: NEW, text: 'renewed', durable: true },
    { [OLD]: `${LONG}+`, [NEW]: 'renewed' },
  ],
  [{ verb: 'remove', name: OLD, durable: true }, { [NEW]: 'renewed' }],
  [{ verb: 'remove', name: NEW, durable: true }, {}],
  [{ verb: 'close' }, {}],
]

/** Lives until it is killed. Resolves to the number of steps that were acknowledged. */
async function live(
  t: ExecutionContext,
  directory: string,
  way: Way,
  log: string,
  kill?: CallPoint,
): Promise<number> {
  const remote = startRemoteStore(
    t,
    { directory },
    // One thread makes all calls, so that they are counted alike each time.
    { variables: { UV_THREADPOOL_SIZE: '1' } },
  )
  await remote.order({ verb: 'release' })
  const strace = await attachStrace(remote.child.pid as number, log, kill)
  let acknowledged = 0
  const inodes: number[] = []
  for (const [order] of LIFE) {
    const outcome = await remote.tell(order)
    if (outcome === 'killed') break
    if ('failure' in outcome) t.fail(`${order.verb}: ${outcome.failure.message}`)
    acknowledged++
    const stats = lstatSync(fileIn(directory, OLD), { throwIfNoEntry: false })
    if (stats) inodes.push(stats.ino)
  }
  // Created and saved: in one file, or in two.
  if (inodes.length >= 2) t.is(inodes[0] === inodes[1], way === 'alone', 'committed the other way')
  await remote.kill()
  await strace.ended
  return acknowledged
}

/** In the only process there is, which overwrites in place, or in one of two, which replace. */
type Way = 'alone' | 'beside another'

async function killAndCheck(t: ExecutionContext, way: Way, kill: CallPoint): Promise<boolean> {
  // Ten times as fast as real: an empty lock is broken after a fifth of a second.
  const { sockets } = nodeEnvironment
  const fast = { sockets, monotonic: () => performance.now() * 10 }
  const directory = makeTemporaryDirectory(t)
  const other = openStore(t, fast, { directory, lockTimeout: 30_000 })
  if (way === 'beside another') await other.store.ready()
  const log = join(makeTemporaryDirectory(t), 'calls')
  const acknowledged = await live(t, directory, way, log, kill)
  const at = `${way}, killed at ${kill.call} ${kill.when}, after step ${acknowledged}`
  if (way === 'beside another') await check(t, other.store, acknowledged, at)
  await other.store.close()
  const fresh = openStore(t, fast, { directory, lockTimeout: 30_000 })
  // Both get rid of what is left: the next commit, and a sweep.
  if (kill.when % 2 === 0) t.deepEqual(await sweepLeftOvers(fresh.store, directory), [], at)
  await check(t, fresh.store, acknowledged, at)
  for (const name of [OLD, NEW]) {
    const before = await textOf(fresh.store, name)
    await fresh.store.update(name, appending('!'))
    const after = before === undefined || before === 'damaged' ? before : `${before}!`
    t.is(await textOf(fresh.store, name), after, at)
  }
  t.deepEqual(await sweepLeftOvers(fresh.store, directory), [], at)
  await fresh.store.close()
  return acknowledged < LIFE.length
}

async function check(
  t: ExecutionContext,
  store: FileStore,
  acknowledged: number,
  at: string,
): Promise<void> {
  const before = acknowledged === 0 ? {} : (LIFE[acknowledged - 1]?.[1] ?? {})
  const after = LIFE[acknowledged]?.[1] ?? before
  for (const name of [OLD, NEW]) {
    const found = await textOf(store, name)
    // Nobody was given this session yet, and nobody ever will be.
    const isUnborn = found === 'damaged' && before[name] === undefined && after[name] !== undefined
    t.true(isUnborn || found === before[name] || found === after[name], `${at}: ${found}`)
  }
}

const reason = await whyNoStrace()
const testWithStrace = reason === undefined ? test.serial : test.serial.skip

for (const way of ['alone', 'beside another'] as const) {
  testWithStrace(
    `a process that commits ${way} may be killed at every call to the file system${reason ? ` (skipped: ${reason})` : ''}`,
    async (t) => {
      const directory = makeTemporaryDirectory(t)
      const other = openStore(t, { sockets: nodeEnvironment.sockets }, { directory })
      if (way === 'beside another') await other.store.ready()
      const log = join(makeTemporaryDirectory(t), 'calls')
      t.is(await live(t, directory, way, log), LIFE.length)
      await other.store.close()
      const all = callPoints(log)
      const step = Math.max(1, all.length / POINTS)
      const first = Math.floor(Math.random() * step)
      const chosen: CallPoint[] = []
      for (let at = first; at < all.length; at += step)
        chosen.push(all[Math.floor(at)] as CallPoint)
      const rest = [...chosen]
      let killed = 0
      const work = async (): Promise<void> => {
        for (let kill = rest.pop(); kill; kill = rest.pop()) {
          const wasKilled = await killAndCheck(t, way, kill).catch((cause: unknown) => {
            throw new Error(`${way}, killed at ${kill?.call} ${kill?.when}`, { cause })
          })
          if (wasKilled) killed++
        }
      }
      await Promise.all(Array.from({ length: AT_ONCE }, work))
      t.log(`${killed} kills, at ${chosen.length} of ${all.length} calls, from call ${first}`)
      // The calls of a process are not quite as many each time.
      t.true(killed >= chosen.length * 0.8, `only ${killed} of ${chosen.length} were killed`)
    },
  )
}
