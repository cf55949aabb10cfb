import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto'
import { ID_BYTES, LABEL, type RandomBytes, type SessionId } from './id.ts'
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
const NAME_BYTES = 32
/** The first half of a derived block is the key, the other commits to it. */
const SECRET_BYTES = 32
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
const FIRST_BLOCK = 1
const INFO_BYTES = FILE_LABEL.length + COMMITMENT + ID_BYTES + 1

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
  const clear = Buffer.allocUnsafe(BODY)
  clear.set(BEGINNING)
  clear.set(key.id, KEY_ID)
  clear.set(random(SALT_BYTES), SALT)
  const block = deriveBlock(key, clear, id)
  block.copy(clear, COMMITMENT, SECRET_BYTES)
  const cipher = createCipheriv(CIPHER, block.subarray(0, SECRET_BYTES), ivOf(clear), OPTIONS)
  cipher.setAAD(associatedData(clear, id))
  const body = cipher.update(pad(text))
  // In this mode nothing is left for the end: the body is as long as the text (NIST SP 800-38D).
  cipher.final()
  return Buffer.concat([clear, body, cipher.getAuthTag()], BODY + body.length + TAG_BYTES)
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
  const block = deriveBlock(key, clear, id)
  const commitment = block.subarray(SECRET_BYTES)
  if (!timingSafeEqual(commitment, clear.subarray(COMMITMENT))) return undefined
  const secret = block.subarray(0, SECRET_BYTES)
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
function deriveBlock(key: SealKey, clear: Buffer, id: SessionId): Buffer {
  const info = Buffer.allocUnsafe(INFO_BYTES)
  info.set(FILE_LABEL)
  clear.copy(info, FILE_LABEL.length, 0, COMMITMENT)
  info.set(id.bytes, FILE_LABEL.length + COMMITMENT)
  info[INFO_BYTES - 1] = FIRST_BLOCK
  return createHmac('sha512', key.seal).update(info).digest()
}

function ivOf(clear: Buffer): Buffer {
  return clear.subarray(COMMITMENT - IV_BYTES, COMMITMENT)
}

function associatedData(clear: Buffer, id: SessionId): Buffer {
  // A name has 64 digits, so that every byte is written.
  const data = Buffer.allocUnsafe(BODY + NAME_BYTES)
  data.set(clear)
  data.write(id.name, BODY, 'hex')
  return data
}

function pad(text: string): Buffer {
  const length = Buffer.byteLength(text)
  const padded = Buffer.allocUnsafe(Math.ceil(length / BLOCK_BYTES) * BLOCK_BYTES)
  padded.write(text)
  return padded.fill(SPACE, length)
}

function unpad(body: Buffer): string {
  let end = body.length
  while (body[end - 1] === SPACE) end -= 1
  return body.toString('utf8', 0, end)
}
