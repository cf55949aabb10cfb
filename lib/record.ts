import type { Limits } from './expiry.ts'
import { splitMembers } from './json-text.ts'
import { KnownData } from './known-data.ts'
import { writePlainData } from './plain-data.ts'
import { checkSize, MAX_DEPTH, type SerializedData, Serializer } from './serializer.ts'

export type { SerializedData } from './serializer.ts'

/**
 * The last moment a JavaScript `Date` can hold, in milliseconds since the epoch (ECMA-262, Time
 * Values).
 */
const LAST_MOMENT = 8.64e15

const MEMBERS = new Set(['created', 'deadline', 'idle', 'active', 'persistent', 'data'])

/** JSON in which a key may be `__proto__` has this in it, or the other: an escape of ASCII. */
const PROTO = '__proto__'
const ESCAPE = '\\u00'

/** What a session is, as it is sealed. All times in milliseconds, moments since the epoch. */
export interface SessionRecord {
  /** The data: canonical JSON text of an object, as {@link joinData} makes it. */
  readonly data: string
  /** What the data say, for the requests that ask: not sealed. */
  readonly known: KnownData
  /** When the session began. */
  readonly created: number
  /** When it ends whatever happens. */
  readonly deadline: number
  /** How long without a request ends it; `null`: however long. */
  readonly idle: number | null
  /** When the last request came that was noted. */
  readonly active: number
  /**
   * Whether the cookie outlives the browser. Default: absent, as the option `cookie.persistent`
   * says.
   */
  readonly persistent?: boolean
}

/** The parts of a record put together, always in the same order: records of one shape are quick to read. */
export function createRecord(
  { deadline, idle, persistent }: Limits,
  created: number,
  active: number,
  data: string,
): SessionRecord {
  const known = new KnownData()
  return persistent === undefined
    ? { data, known, created, deadline, idle, active }
    : { data, known, created, deadline, idle, active, persistent }
}

/** The JSON text of a record, its members in fixed order. */
export function encodeRecord(record: SessionRecord): string {
  const { created, deadline, idle, active, persistent, data } = record
  const cookie = persistent === undefined ? '' : `"persistent":${persistent},`
  return `{"created":${created},"deadline":${deadline},"idle":${idle},"active":${active},${cookie}"data":${data}}`
}

/**
 * The record in a JSON text; `undefined` when it is none: a member missing, unknown or out of its
 * range. `__proto__` keys are left out of the data. Never throws.
 */
export function decodeRecord(text: string): SessionRecord | undefined {
  try {
    const value: unknown = parse(text)
    if (!isStoredRecord(value)) return undefined
    return createRecord(value, value.created, value.active, JSON.stringify(value.data))
  } catch {
    return undefined
  }
}

/**
 * The JSON text of each own enumerable string key of a session's data, in the order of the keys.
 *
 * The same text as `JSON.stringify` gives, where that keeps everything; where it would lose or
 * change something, an error that names the key path: `ERR_SESSION_VALUE` for a value that JSON
 * cannot hold, a cycle and more than 100 levels (and with `cause`, when a getter or a `toJSON`
 * threw), `ERR_SESSION_KEY_RESERVED` for a key in `reserved` and for `__proto__` at any level,
 * `ERR_SESSION_TOO_LARGE` for more than `maxBytes` bytes of UTF-8 in all. Properties that are
 * `undefined` are left out. Getters and `toJSON` run once.
 */
export function serializeData(
  data: object,
  reserved: ReadonlySet<string>,
  maxBytes: number,
): SerializedData {
  return serializeWhole(data, reserved, maxBytes, writePlainData(data, maxBytes)).values
}

/**
 * As {@link serializeData}, with the text of the whole as {@link joinData} makes it. `plain`: what
 * {@link writePlainData} makes of the data, which spares the work where the data is plain.
 */
export function serializeWhole(
  data: object,
  reserved: ReadonlySet<string>,
  maxBytes: number,
  plain: string | undefined,
): { readonly values: SerializedData; readonly text: string } {
  const split = plain === undefined ? undefined : splitMembers(plain)
  // Only the serializer says what is wrong, and where.
  const isFine = split !== undefined && ![...split.keys()].some((key) => reserved.has(key))
  const values = isFine ? split : new Serializer(maxBytes).serialize(data, reserved)
  const text = plain !== undefined && isFine ? plain : joinData(values)
  checkSize(values, text, maxBytes)
  return { values, text }
}

/**
 * The JSON text of the data: `{"a":1,"b":[2]}`. Two are equal exactly when all values and their
 * order are.
 */
export function joinData(values: SerializedData): string {
  const members: string[] = []
  for (const [key, value] of inOrder(values)) members.push(`${JSON.stringify(key)}:${value}`)
  return `{${members.join(',')}}`
}

/**
 * The opposite of {@link joinData}: the JSON text of each key of canonical text. `__proto__` keys
 * are left out at any level.
 */
export function splitData(text: string): SerializedData {
  return splitMembers(mayHoldProto(text) ? JSON.stringify(parse(text)) : text)
}

/**
 * The values in a JSON text of data, in an object without prototype. `__proto__` keys are left out
 * at any level.
 */
export function parseData(text: string): Record<string, unknown> {
  const data = parse(text) as Record<string, unknown>
  return Object.setPrototypeOf(data, null)
}

/** `JSON.parse` makes `__proto__` an own key, harmless until it is copied to another object. */
function parse(text: string): unknown {
  const value: unknown = JSON.parse(text)
  if (mayHoldProto(text)) dropProto(value)
  return value
}

function mayHoldProto(text: string): boolean {
  return text.includes(PROTO) || text.includes(ESCAPE)
}

function dropProto(root: unknown): void {
  const left = [root]
  while (left.length > 0) {
    const value = left.pop()
    if (typeof value !== 'object' || value === null) continue
    if (Object.hasOwn(value, '__proto__')) Reflect.deleteProperty(value, '__proto__')
    for (const inner of Object.values(value)) left.push(inner)
  }
}

/**
 * An object lists keys that are whole numbers first, ascending; a map does not (ECMA-262,
 * OrdinaryOwnPropertyKeys).
 */
function inOrder(values: SerializedData): Iterable<readonly [string, string]> {
  const beginsWithDigit = [...values.keys()].some((key) => key >= '0' && key < ':')
  return beginsWithDigit ? Object.entries(Object.fromEntries(values)) : values
}

type StoredRecord = Omit<SessionRecord, 'data' | 'known'> & { readonly data: object }

function isStoredRecord(value: unknown): value is StoredRecord {
  if (!isObject(value) || Object.keys(value).some((key) => !MEMBERS.has(key))) return false
  const { created, deadline, idle, active, persistent, data } = value
  return (
    isMoment(created) &&
    isMoment(deadline) &&
    (idle === null || (isMoment(idle) && idle > 0)) &&
    isMoment(active) &&
    (persistent === undefined || typeof persistent === 'boolean') &&
    isObject(data) &&
    !isTooDeep(data)
  )
}

/**
 * Whether more than 100 levels are below `data`: nothing that {@link serializeData} could write
 * again.
 */
function isTooDeep(data: object): boolean {
  let level: object[] = [data]
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > MAX_DEPTH) return true
    const next: object[] = []
    for (const container of level) {
      for (const value of Object.values(container)) {
        if (typeof value === 'object' && value !== null) next.push(value)
      }
    }
    level = next
  }
  return false
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isMoment(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= LAST_MOMENT
}
