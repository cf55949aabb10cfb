import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto'
import { LABEL, type RandomBytes, type SessionId } from './id.ts'
import type { Keyring, SealKey } from './keyring.ts'

const CIPHER = 'aes-256-gcm'

/** Magic, version and the reserved bytes: the first 8 bytes of every envelope. */
const BEGINNING = Buffer.from('e553534e01000000', 'hex')
const MAGIC_AND_VERSION = BEGINNING.subarray(0, 5)

const KEY_ID = 8
const SALT = 12
const COMMITMENT = 44
const BODY = 76

const SALT_BYTES = 32
const IV_BYTES = 12
const TAG_BYTES = 16

/** Bodies are padded to a multiple of this many bytes, so that their length tells little. */
const BLOCK_BYTES = 64
const SPACE = 0x20

/**
 * Node takes tags of 4, 8 and 12 bytes too unless told; each would make forgery that much easier.
 */
const OPTIONS = { authTagLength: TAG_BYTES }

const FILE_LABEL = Buffer.from(`${LABEL}file\0`)
const FIRST_BLOCK = Buffer.from([1])

/**
 * The text of a record as an envelope: sealed under a key of its own, which takes the master key,
 * the session's id and 256 random bits (docs/format.md).
 *
 * A key of its own for every envelope lifts the limit of 2^32 messages per key of NIST SP 800-38D
 * section 8.3. Throws when there is no randomness; nothing is sealed then.
 */
export function seal(
  key: SealKey,
  id: SessionId,
  text: string,
  random: RandomBytes = randomBytes,
): Buffer {
  const header = Buffer.concat([BEGINNING, key.id, random(SALT_BYTES)])
  const { secret, commitment } = deriveKey(key, header, id)
  const clear = Buffer.concat([header, commitment])
  const cipher = createCipheriv(CIPHER, secret, ivOf(clear), OPTIONS)
  cipher.setAAD(associatedData(clear, id))
  const body = cipher.update(pad(text), 'utf8')
  return Buffer.concat([clear, body, cipher.final(), cipher.getAuthTag()])
}

/**
 * The text in an envelope, without the spaces at its end, and the key that opened it.
 *
 * `undefined` for whatever {@link seal} did not make for this id under one of these keys: one
 * answer for every reason, so that nobody learns which. Never throws.
 */
export function open(
  keyring: Pick<Keyring, 'withId'>,
  id: SessionId,
  bytes: Uint8Array,
): { text: string; key: SealKey } | undefined {
  const envelope = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const length = envelope.length - BODY - TAG_BYTES
  if (length < 0 || length % BLOCK_BYTES !== 0) return undefined
  if (!envelope.subarray(0, KEY_ID).equals(BEGINNING)) return undefined
  for (const key of keyring.withId(envelope.subarray(KEY_ID, SALT))) {
    const body = decrypt(key, id, envelope)
    if (body) return { text: unpad(body), key }
  }
  return undefined
}

/**
 * The 4-byte id of the key an envelope says it is sealed under; `undefined` when it is not one of
 * version 1.
 */
export function keyIdOf(bytes: Uint8Array): Buffer | undefined {
  const header = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).subarray(0, BODY)
  const ours = header.length === BODY && header.subarray(0, 5).equals(MAGIC_AND_VERSION)
  return ours ? Buffer.from(header.subarray(KEY_ID, SALT)) : undefined
}

function decrypt(key: SealKey, id: SessionId, envelope: Buffer): Buffer | undefined {
  const clear = envelope.subarray(0, BODY)
  const { secret, commitment } = deriveKey(key, clear.subarray(0, COMMITMENT), id)
  if (!timingSafeEqual(commitment, clear.subarray(COMMITMENT))) return undefined
  const decipher = createDecipheriv(CIPHER, secret, ivOf(clear), OPTIONS)
  decipher.setAAD(associatedData(clear, id))
  decipher.setAuthTag(envelope.subarray(-TAG_BYTES))
  const body = decipher.update(envelope.subarray(BODY, -TAG_BYTES))
  try {
    decipher.final()
    return body
  } catch {
    return undefined
  }
}

/**
 * One block of HKDF-Expand (RFC 5869 section 2.3) over what the envelope is: half is the key, half
 * commits to it, since GCM alone lets one body open under two keys.
 */
function deriveKey(
  key: SealKey,
  header: Buffer,
  id: SessionId,
): { secret: Buffer; commitment: Buffer } {
  const info = Buffer.concat([FILE_LABEL, header, id.bytes, FIRST_BLOCK])
  const block = createHmac('sha512', key.seal).update(info).digest()
  return { secret: block.subarray(0, 32), commitment: block.subarray(32) }
}

function ivOf(clear: Buffer): Buffer {
  return clear.subarray(COMMITMENT - IV_BYTES, COMMITMENT)
}

function associatedData(clear: Buffer, id: SessionId): Buffer {
  return Buffer.concat([clear, Buffer.from(id.name, 'hex')])
}

function pad(text: string): string {
  const length = Buffer.byteLength(text)
  return text + ' '.repeat(Math.ceil(length / BLOCK_BYTES) * BLOCK_BYTES - length)
}

function unpad(body: Buffer): string {
  let end = body.length
  while (body[end - 1] === SPACE) end -= 1
  return body.toString('utf8', 0, end)
}
