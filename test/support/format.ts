import { createCipheriv, createDecipheriv, createHash, createHmac } from 'node:crypto'

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

/** RFC 5869 with SHA-512 and no salt, for at most one block. */
function hkdf(master: Buffer, info: Buffer, length: number): Buffer {
  const extracted = hmac('sha512', Buffer.alloc(64), master)
  return hmac('sha512', extracted, Buffer.concat([info, Buffer.from([1])])).subarray(0, length)
}

function hmac(hash: string, key: Buffer, data: Buffer): Buffer {
  return createHmac(hash, key).update(data).digest()
}
