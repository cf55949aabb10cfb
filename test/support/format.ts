import { createCipheriv, createDecipheriv, createHash, createHmac } from 'node:crypto'
import { crc32 } from 'node:zlib'

/**
 * The format of docs/format.md written a second time, from the page and not from lib, so that a
 * change of either shows. It also says why an envelope does not open, which lib tells nobody.
 */
const L = 'koa-sealed-session/v1/'

export interface Sealed {
  readonly master: Buffer
  readonly context: string
  readonly id: Buffer
}

/** Why an envelope does not open. */
export type Failure = 'length' | 'magic' | 'version' | 'reserved' | 'key id' | 'commitment' | 'tag'

export function keyIdByFormat(master: Buffer): Buffer {
  return hkdf(master, Buffer.from(`${L}kid`), 4)
}

export function nameByFormat(id: Buffer): Buffer {
  return createHash('sha256')
    .update(Buffer.concat([Buffer.from(`${L}name\0`), id]))
    .digest()
}

export function cookieByFormat({ master, context, id }: Sealed): string {
  const key = hkdf(master, label('cookie', context), 32)
  return Buffer.concat([id, hmac('sha256', key, id).subarray(0, 16)]).toString('base64url')
}

export function sealByFormat(sealed: Sealed, salt: Buffer, text: string): Buffer {
  const header = Buffer.alloc(44)
  header.set([0xe5, 0x53, 0x53, 0x4e, 1])
  header.set(keyIdByFormat(sealed.master), 8)
  header.set(salt, 12)
  const { key, commitment } = deriveByFormat(sealed, header)
  const clear = Buffer.concat([header, commitment])
  const cipher = createCipheriv('aes-256-gcm', key, salt.subarray(20), { authTagLength: 16 })
  cipher.setAAD(Buffer.concat([clear, nameByFormat(sealed.id)]))
  const bytes = Buffer.from(text)
  const spaces = Buffer.from(' '.repeat((64 - (bytes.length % 64)) % 64))
  const body = Buffer.concat([cipher.update(bytes), cipher.update(spaces), cipher.final()])
  return Buffer.concat([clear, body, cipher.getAuthTag()])
}

export function openByFormat(sealed: Sealed, bytes: Buffer): { text: string } | Failure {
  const end = bytes.length - 16
  if (end < 76 || (end - 76) % 64 !== 0) return 'length'
  if (bytes.toString('hex', 0, 4) !== 'e553534e') return 'magic'
  if (bytes[4] !== 1) return 'version'
  if (bytes.toString('hex', 5, 8) !== '000000') return 'reserved'
  if (!bytes.subarray(8, 12).equals(keyIdByFormat(sealed.master))) return 'key id'
  const { key, commitment } = deriveByFormat(sealed, bytes.subarray(0, 44))
  if (!bytes.subarray(44, 76).equals(commitment)) return 'commitment'
  const iv = bytes.subarray(32, 44)
  const decipher = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: 16 })
  decipher.setAAD(Buffer.concat([bytes.subarray(0, 76), nameByFormat(sealed.id)]))
  decipher.setAuthTag(bytes.subarray(end))
  try {
    const body = Buffer.concat([decipher.update(bytes.subarray(76, end)), decipher.final()])
    return { text: body.toString().replace(/ +$/, '') }
  } catch {
    return 'tag'
  }
}

export function deriveByFormat(
  { master, context, id }: Sealed,
  header: Buffer,
): { key: Buffer; commitment: Buffer } {
  const sealKey = hkdf(master, label('seal', context), 64)
  const input = Buffer.concat([Buffer.from(`${L}file\0`), header, id, Buffer.from([1])])
  const okm = hmac('sha512', sealKey, input)
  return { key: okm.subarray(0, 32), commitment: okm.subarray(32) }
}

function label(purpose: string, context: string): Buffer {
  const name = Buffer.from(context)
  return Buffer.concat([
    Buffer.from(`${L}${purpose}\0`),
    Buffer.from([name.length >> 8, name.length & 255]),
    name,
  ])
}

/** A frame, from offset 0 of its slot to the end of the envelope. */
export interface Frame {
  readonly sequence: bigint
  readonly isTombstone: boolean
  readonly envelope: Buffer
}

/** The frame that counts in a session's file; undefined when the file is damaged. */
export function frameByFormat(file: Buffer): Frame | undefined {
  if (file.length % 2 !== 0) return undefined
  const capacity = file.length / 2
  const frames = [file.subarray(0, capacity), file.subarray(capacity)].map(slotByFormat)
  return frames.reduce((best, frame) =>
    frame && !(best && best.sequence >= frame.sequence) ? frame : best,
  )
}

function slotByFormat(slot: Buffer): Frame | undefined {
  if (slot.length < 34 || slot.toString('hex', 0, 4) !== 'e5534c01') return undefined
  if (slot.readUInt32BE(4) !== crc32(slot.subarray(8))) return undefined
  if (slot.readUInt32BE(8) !== slot.length) return undefined
  const [length, sequence, expires] = [
    slot.readUInt32BE(12),
    slot.readBigUInt64BE(16),
    slot.readBigUInt64BE(24),
  ]
  const [flags, subjectLength] = [slot.readUInt8(32), slot.readUInt8(33)]
  const start = 34 + subjectLength
  const most = 2n ** 53n - 1n
  if (sequence >= most || expires > most || (flags & 0xfc) !== 0) return undefined
  if (subjectLength > 64 || start + length > slot.length) return undefined
  if (slot.subarray(34, start).some((byte) => byte < 0x20 || byte > 0x7e)) return undefined
  return {
    sequence,
    isTombstone: (flags & 1) !== 0,
    envelope: slot.subarray(start, start + length),
  }
}

/** Puts the right check into both slots of a file. */
export function repairByFormat(file: Buffer): void {
  const capacity = Math.floor(file.length / 2)
  if (capacity < 8) return
  for (const slot of [file.subarray(0, capacity), file.subarray(capacity)]) {
    slot.writeUInt32BE(crc32(slot.subarray(8)), 4)
  }
}

/** A record in the text that was sealed; undefined when it is none. */
export function recordByFormat(text: string): Record<string, unknown> | undefined {
  let record: unknown
  try {
    record = JSON.parse(text, withoutProto)
  } catch {
    return undefined
  }
  if (typeof record !== 'object' || record === null || Array.isArray(record)) return undefined
  const { created, deadline, idle, active, persistent, data, ...others } = record as Record<
    string,
    unknown
  >
  const isMoment = (value: unknown): boolean =>
    typeof value === 'number' && value % 1 === 0 && value >= 0 && value <= 8_640_000_000_000_000
  const isGood =
    [created, deadline, active].every(isMoment) &&
    (idle === null || (isMoment(idle) && idle !== 0)) &&
    (!('persistent' in record) || typeof persistent === 'boolean') &&
    typeof data === 'object' &&
    data !== null &&
    !Array.isArray(data) &&
    Object.keys(others).length === 0
  return isGood ? (record as Record<string, unknown>) : undefined
}

function withoutProto(this: unknown, key: string, value: unknown): unknown {
  return key === '__proto__' ? undefined : value
}

/** The id that the header's cookies of this name give; undefined for none, or for two. */
export function idByFormat(
  header: string,
  name: string,
  masters: readonly Buffer[],
  context: string,
): Buffer | undefined {
  const trim = (text: string): string => text.replace(/^[ \t]+|[ \t]+$/g, '')
  const ids = header.split(';').flatMap((pair) => {
    const [, key = '', value = ''] = /^([^=]*)=(.*)$/s.exec(pair) ?? []
    const given = trim(value)
    if (trim(key) !== name || !/^[A-Za-z0-9_-]{64}$/.test(given)) return []
    const id = Buffer.from(given, 'base64url').subarray(0, 32)
    return masters.some((master) => cookieByFormat({ master, context, id }) === given) ? [id] : []
  })
  const [first] = ids
  return first && ids.every((id) => id.equals(first)) ? first : undefined
}

/** RFC 5869 with SHA-512 and no salt, for at most one block. */
function hkdf(master: Buffer, info: Buffer, length: number): Buffer {
  const extracted = hmac('sha512', Buffer.alloc(64), master)
  return hmac('sha512', extracted, Buffer.concat([info, Buffer.from([1])])).subarray(0, length)
}

function hmac(hash: string, key: Buffer, data: Buffer): Buffer {
  return createHmac(hash, key).update(data).digest()
}
