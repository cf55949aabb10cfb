import { lstatSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { nodeEnvironment } from '../../stores/file/environment.ts'
import type { FileStore } from '../../stores/file.ts'
import {
  appending,
  fileIn,
  nameOf,
  type OpenStore,
  openStore,
  textOf,
} from '../support/file-store.ts'
import { sweepLeftOvers } from '../support/litter.ts'
import { isWhole } from '../support/proof.ts'
import { type Order, startRemoteStore } from '../support/remote-store.ts'
import { attachStrace, type CallPoint, callPoints, whyNoStrace } from '../support/strace.ts'
import { makeTemporaryDirectory } from '../support/temporary-directory.ts'

/** How many of the calls to kill at, of each way to commit. */
const POINTS = isWhole ? Number.POSITIVE_INFINITY : 4
const AT_ONCE = 2
/** Which calls, of those that are not tried. */
const SEED = Number(process.env.KILL_SEED ?? Math.floor(Math.random() * 1e9))
/** How often a call is tried at which the process was not killed, as it did not come to it. */
const TRIES = 5

const OLD = nameOf(1)
const NEW = nameOf(2)
const LONG = 'a longer text '.repeat(400)

type State = Readonly<Record<string, string | undefined>>

/** The life of a session, and what must be there when each of its steps is done. */
const LIFE: readonly (readonly [Order | 'a visit', State])[] = [
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
  // Another process comes, and asks the one that is alone to share.
  ['a visit', {}],
  [{ verb: 'close' }, {}],
]

interface Life {
  readonly acknowledged: number
  readonly threads: readonly number[]
}

/** Lives until it is killed. Resolves to the number of steps that were acknowledged. */
async function live(
  t: ExecutionContext,
  { directory, store: other }: OpenStore,
  way: Way,
  log: string,
  kill?: CallPoint,
): Promise<Life> {
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
    if (order === 'a visit') await other.ready()
    const outcome = await remote.tell(order === 'a visit' ? { verb: 'release' } : order)
    if (outcome === 'killed') break
    if ('failure' in outcome) t.fail(`step ${acknowledged + 1}: ${outcome.failure.message}`)
    acknowledged++
    const stats = lstatSync(fileIn(directory, OLD), { throwIfNoEntry: false })
    if (stats) inodes.push(stats.ino)
  }
  // Created and saved: in one file, or in two.
  if (inodes.length >= 2) t.is(inodes[0] === inodes[1], way === 'alone', 'committed the other way')
  await remote.kill()
  await strace.ended
  return { acknowledged, threads: strace.threads }
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
  const { acknowledged } = await live(t, other, way, log, kill)
  const at = `${nameOfPoint(way, kill)}, after step ${acknowledged}`
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

function nameOfPoint(way: Way, { thread, call, when }: CallPoint): string {
  return `${way}, killed at ${call} ${when} of thread ${thread}`
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
      const { acknowledged, threads } = await live(t, other, way, log)
      t.is(acknowledged, LIFE.length)
      await other.store.close()
      const all = callPoints(log, threads)
      const step = Math.max(1, all.length / POINTS)
      const chosen: CallPoint[] = []
      for (let at = SEED % step; at < all.length; at += step)
        chosen.push(all[Math.floor(at)] as CallPoint)
      const rest = [...chosen]
      const missed: string[] = []
      let again = 0
      const killAt = async (kill: CallPoint): Promise<void> => {
        for (let tries = 1; tries <= TRIES; tries++) {
          if (await killAndCheck(t, way, kill)) return
          again++
        }
        missed.push(nameOfPoint(way, kill))
      }
      const work = async (): Promise<void> => {
        for (let kill = rest.pop(); kill; kill = rest.pop()) {
          await killAt(kill).catch((cause: unknown) => {
            throw new Error(kill && nameOfPoint(way, kill), { cause })
          })
        }
      }
      await Promise.all(Array.from({ length: AT_ONCE }, work))
      t.log(
        `${chosen.length - missed.length} kills at ${chosen.length} of ${all.length} calls, ${again} lives more: KILL_SEED=${SEED}`,
      )
      t.deepEqual(missed, [], `KILL_SEED=${SEED}`)
    },
  )
}
