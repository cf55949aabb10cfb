import { fail, match, ok } from 'node:assert/strict'
import { SessionError, type SessionErrorCode } from '../errors.ts'
import type { ChangeFunction, Entry, Found, ListedEntry, Store, UpdateOptions } from '../store.ts'
import { KEEP, makeNumbered, numberOf, REMOVE, replaceBy } from './samples.ts'

/**
 * What is there, with its version. Fails for a damaged one, and for an `'unchanged'` that nobody
 * asked for.
 */
export async function findEntry(store: Store, name: string): Promise<Found | undefined> {
  const answer = await store.read(name)
  if (typeof answer === 'string') fail(`expected an entry or nothing, got '${answer}'`)
  return answer
}

/** The entry in an answer of `read()`, or the answer itself when there is none in it. */
export function entryIn(answer: unknown): unknown {
  return typeof answer === 'object' && answer !== null ? (answer as Found).entry : answer
}

/** As {@link findEntry}, without the version. */
export async function readEntry(store: Store, name: string): Promise<Entry | undefined> {
  return (await findEntry(store, name))?.entry
}

/** Stores `entry`, whatever was there. */
export async function putEntry(
  store: Store,
  name: string,
  entry: Entry,
  options?: UpdateOptions,
): Promise<void> {
  await store.update(name, () => replaceBy(entry), options)
}

/** Removes what is there. */
export async function removeEntry(store: Store, name: string): Promise<void> {
  await store.update(name, () => REMOVE)
}

/** Changes nothing, and resolves to what the change was given. */
export async function peekEntry(
  store: Store,
  name: string,
): Promise<Entry | 'damaged' | undefined> {
  let seen: Entry | 'damaged' | undefined
  await store.update(name, (current) => {
    seen = current
    return KEEP
  })
  return seen
}

/** Adds one to the number kept under a name, beginning at 1. */
export const addOne: ChangeFunction = (current) =>
  replaceBy(makeNumbered(current === undefined ? 1 : numberOf(current) + 1))

/** Everything `entries()` lists, by name. Fails when a name is listed twice. */
export async function listEntries(store: Store): Promise<Map<string, ListedEntry>> {
  const listed = new Map<string, ListedEntry>()
  for await (const line of store.entries()) {
    ok(!listed.has(line.name), 'an entry is listed twice')
    listed.set(line.name, line)
  }
  return listed
}

/**
 * Fails unless `work` rejects with a {@link SessionError} of one of these codes, whose message
 * names no entry.
 */
export async function assertRefused(
  work: () => Promise<unknown>,
  ...codes: readonly SessionErrorCode[]
): Promise<void> {
  const error = await work().then(
    () => fail(`expected ${codes.join(' or ')}, but nothing was rejected`),
    (reason: unknown) => reason,
  )
  if (!(error instanceof SessionError)) throw error
  ok(codes.includes(error.code), `expected ${codes.join(' or ')}, got ${error.code}`)
  match(error.message, /^(?!.*[0-9a-f]{64}).+/is, 'the message must not hold a name')
}
