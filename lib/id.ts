import { createHash, randomBytes, randomFillSync } from 'node:crypto'

/** The bytes of a session id: 256 bits, twice what OWASP ASVS 5.0 7.2.3 asks for. */
export const ID_BYTES = 32

/**
 * Begins every label that keys, names and seals are derived under, so that no value made here means
 * anything elsewhere.
 */
export const LABEL = 'koa-sealed-session/v1/'

const NAME_LABEL = Buffer.from(`${LABEL}name\0`)

/** Where randomness comes from: `length` unpredictable bytes. */
export type RandomBytes = (length: number) => Buffer

/** The id of a session, and the public name that {@link nameOf} gives it, made once. */
export interface SessionId {
  readonly bytes: Buffer
  readonly name: string
}

/** How many bytes are drawn from the operating system at a time: each draw has a price of its own. */
const POOL_BYTES = 4096

const pool = Buffer.alloc(POOL_BYTES)
let used = POOL_BYTES

/**
 * Bytes from the operating system's generator, in memory of their own. Throws when that fails:
 * there is no other source.
 */
export const drawRandomBytes: RandomBytes = (length) => {
  if (length > POOL_BYTES) return randomBytes(length)
  if (used + length > POOL_BYTES) refill()
  const drawn = Buffer.alloc(length)
  pool.copy(drawn, 0, used, used + length)
  pool.fill(0, used, used + length)
  used += length
  return drawn
}

function refill(): void {
  // Nothing is left until the new bytes are there: a failure must not hand out zeros.
  used = POOL_BYTES
  randomFillSync(pool)
  used = 0
}

/** A new session id. */
export function createId(random: RandomBytes = drawRandomBytes): SessionId {
  return toSessionId(random(ID_BYTES))
}

/** The id that these bytes are. */
export function toSessionId(bytes: Buffer): SessionId {
  return { bytes, name: nameOf(bytes) }
}

/**
 * The public name of an id, as a store knows it: 64 hexadecimal digits of its SHA-256 under a
 * label.
 *
 * One-way, so that whoever lists the store has no id (CVE-2019-16782); without a key, so that names
 * outlive a rotation of keys.
 */
export function nameOf(bytes: Buffer): string {
  return createHash('sha256').update(NAME_LABEL).update(bytes).digest('hex')
}

/** The log-safe handle of a name: its first 12 hexadecimal digits. */
export function refOf(name: string): string {
  return name.slice(0, 12)
}
