import { deepEqual, ok } from 'node:assert/strict'
import type { Change, Entry } from '../store.ts'

const DAY = 86_400_000

/**
 * The name of a number from 0 to 65,535: 64 hexadecimal digits, whose first ones differ between
 * neighbours.
 */
export function makeName(number: number): string {
  return ((number * 40_503) & 0xffff).toString(16).padStart(4, '0').repeat(16)
}

/**
 * `length` bytes in which every value from 0 to 255 comes up, in an order that depends on `seed`.
 */
export function makeBytes(length: number, seed = 0): Uint8Array {
  const bytes = new Uint8Array(length)
  for (let index = 0; index < length; index += 1) bytes[index] = index * 31 + seed
  return bytes
}

/** An entry that a store has no reason to forget for a day. */
export function makeEntry(seed = 0, length = 100): Entry {
  return { bytes: makeBytes(length, seed), expires: Date.now() + DAY + seed }
}

/** The change that puts `entry` there, whatever was there before. */
export function replaceBy(entry: Entry): Change {
  return { kind: 'replace', entry }
}

/** Keeps what is there. */
export const KEEP: Change = { kind: 'keep' }

/** Removes what is there. */
export const REMOVE: Change = { kind: 'remove' }

/**
 * Fails unless `actual` is an entry with just the bytes, the expiry and the subject of `expected`.
 */
export function assertEntry(actual: unknown, expected: Entry): asserts actual is Entry {
  ok(typeof actual === 'object' && actual !== null, `expected an entry, got ${String(actual)}`)
  const { bytes, expires, subject } = actual as Entry
  ok(bytes instanceof Uint8Array, 'expected the bytes of an entry to be a Uint8Array')
  deepEqual(
    { length: bytes.length, expires, subject },
    { length: expected.bytes.length, expires: expected.expires, subject: expected.subject },
  )
  ok(Buffer.compare(bytes, expected.bytes) === 0, 'the bytes are not those that were stored')
}

// Fixed for the process, since the parts of a numbered entry are computed again when it is looked
// at.
const NUMBERED_EXPIRES = Date.now() + DAY

/**
 * The entry that says `number`: in all its parts, so that one mixed from two is noticed, and in a
 * size that varies.
 */
export function makeNumbered(number: number): Entry {
  const bytes = makeBytes(10 + ((number * 37) % 3000), number)
  return { bytes, expires: NUMBERED_EXPIRES + number, subject: `number-${number}` }
}

/** The number of an entry of {@link makeNumbered}; fails when its parts do not belong together. */
export function numberOf(entry: unknown): number {
  ok(typeof entry === 'object' && entry !== null, `expected an entry, got ${String(entry)}`)
  const number = Number((entry as Entry).subject?.slice('number-'.length))
  assertEntry(entry, makeNumbered(number))
  return number
}
