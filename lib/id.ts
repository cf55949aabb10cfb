import { createHash, randomBytes } from 'node:crypto'

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

/**
 * Bytes from the operating system's generator. Throws when that fails: there is no other source.
 */
export const drawRandomBytes: RandomBytes = (length) => randomBytes(length)

/** A new session id. */
export function createId(random: RandomBytes = drawRandomBytes): Buffer {
  return random(ID_BYTES)
}

/**
 * The public name of an id, as a store knows it: 64 hexadecimal digits of its SHA-256 under a
 * label.
 *
 * One-way, so that whoever lists the store has no id (CVE-2019-16782); without a key, so that names
 * outlive a rotation of keys.
 */
export function nameOf(id: Buffer): string {
  return createHash('sha256').update(NAME_LABEL).update(id).digest('hex')
}

/** The log-safe handle of a name: its first 12 hexadecimal digits. */
export function refOf(name: string): string {
  return name.slice(0, 12)
}
