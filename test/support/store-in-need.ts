import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { nameOf } from './file-store.ts'
import {
  type Order,
  type RemoteProcess,
  type RemoteStore,
  type StoreFailure,
  startRemoteStore,
} from './remote-store.ts'
import { findLitter } from './torture.ts'

/** One process, which commits in place, or one of two, which replace. */
export type Way = 'alone' | 'beside another'
/** Both. */
export const WAYS: readonly Way[] = ['alone', 'beside another']

/** A session that is stored, see {@link storeThree}. */
export const ANN: string = nameOf(1)
/** Another one. */
export const BOB: string = nameOf(2)
/** One that is not stored. */
export const NEW: string = nameOf(4)
/** One that is stored and has expired. */
const EVE = nameOf(3)

/** No answer may take longer, in milliseconds: a lock is waited for at most a second here. */
export const LONGEST_ANSWER = 4000

/** A store, ready, and in the last way another beside it. */
export async function openStoreOf(
  t: ExecutionContext,
  directory: string,
  way: Way,
  start: RemoteProcess = {},
): Promise<RemoteStore> {
  if (way === 'beside another') {
    const other = startRemoteStore(t, { directory }, { under: start.under ?? [] })
    await other.order({ verb: 'ready' })
  }
  const store = startRemoteStore(t, { directory, lockTimeout: 1000 }, start)
  await store.order({ verb: 'ready' })
  return store
}

/** Stores three sessions, of which the last has expired. */
export async function storeThree(store: RemoteStore): Promise<void> {
  for (const name of [ANN, BOB]) await store.order({ verb: 'store', name, text: 'first' })
  await store.order({ verb: 'store', name: EVE, text: 'late', expires: 1 })
}

/** Gives the order, and fails the test unless it is answered in time: done, or with this reason. */
export async function inTime(
  t: ExecutionContext,
  store: RemoteStore,
  order: Order,
  reason: string,
  hint: RegExp,
): Promise<'done' | StoreFailure> {
  const begun = performance.now()
  const outcome = await store.tell(order)
  const took = performance.now() - begun
  t.true(took < LONGEST_ANSWER, `${order.verb} took ${took} ms`)
  if (outcome === 'killed') throw new Error('The process has ended')
  if ('value' in outcome) return 'done'
  const { failure } = outcome
  t.deepEqual([failure.code, failure.reason], ['ERR_SESSION_STORE', reason], failure.message)
  t.regex(failure.message, hint)
  t.false(/[0-9a-f]{64}|\/tmp/.test(failure.message), failure.message)
  return failure
}

/** Saves, which may or may not be possible; the old or the new text is there. */
export async function trySaving(
  t: ExecutionContext,
  store: RemoteStore,
  reason: string,
  hint: RegExp,
): Promise<void> {
  const order: Order = { verb: 'append', name: ANN, text: '+' }
  const before = await store.read(ANN)
  const outcome = await inTime(t, store, order, reason, hint)
  t.is(await store.read(ANN), outcome === 'done' ? `${before}+` : before)
}

/** The store goes on as if nothing had been: it reads, saves, creates, sweeps, and there is no litter. */
export async function assertRecovered(
  t: ExecutionContext,
  store: RemoteStore,
  directory: string,
): Promise<void> {
  const before = await store.read(ANN)
  t.regex(`${before}`, /^first\+*$/)
  await store.order({ verb: 'append', name: ANN, text: '!', durable: true })
  t.is(await store.read(ANN), `${before}!`)
  await store.order({ verb: 'store', name: NEW, text: 'new' })
  t.is(await store.read(NEW), 'new')
  await store.sweep(2)
  const litter = findLitter(join(directory, 'sid')).filter((path) => !path.startsWith('tenants'))
  t.deepEqual(litter, [])
}
