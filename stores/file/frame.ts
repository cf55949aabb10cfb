import { crc32 } from 'node:zlib'
import type { Entry } from '../../lib/store.ts'

/**
 * What one slot of a session file says.
 *
 * A file is two slots of equal capacity. Each holds one frame, numbers big-endian:
 *
 * ```
 * 0   4  magic      E5 53 4C 01
 * 4   4  check      CRC-32 of the rest of the slot, its padding too
 * 8   4  capacity   of this slot in bytes: half the file
 * 12  4  length     of the bytes
 * 16  8  sequence   one more with every commit
 * 24  8  expires    milliseconds since the epoch
 * 32  1  flags      bit 0: tombstone, bit 1: durable
 * 33  1  length     of the subject
 * 34  …  subject, bytes, zeros up to the capacity
 * ```
 *
 * The check finds writes that never finished. It is no protection from forgery, which is the
 * business of what is in the bytes.
 */
export interface Frame {
  /** The newer of two frames has the higher one: 1 to 2^53 - 2. */
  readonly sequence: number
  /** Milliseconds since the epoch: 0 to 2^53 - 1. */
  readonly expires: number
  /** The session was removed, and its file is about to be. */
  readonly tombstone: boolean
  /** Its commit is acknowledged only when it survives a power cut. */
  readonly durable: boolean
  /** At most 64 printable ASCII characters. */
  readonly subject: string | undefined
  readonly bytes: Uint8Array
}

/** A frame found in a file, and where. */
export interface DecodedFile {
  readonly frame: Frame
  /** The slot it is in. */
  readonly slot: 0 | 1
  /** The one before it, if its slot is whole. */
  readonly older: Frame | undefined
}

const MAGIC = 0xe5534c01
const HEADER_BYTES = 34
const TOMBSTONE = 1
const DURABLE = 2

/** Half a block of 4 KiB: a usual session is a file of one block. */
export const DEFAULT_CAPACITY = 2048
/** No file larger than this is read, nor made: 16 MiB. */
export const LARGEST_FILE: number = 16 * 1024 * 1024

/** Whether `subject` may stand in a frame: 1 to 64 printable ASCII characters. */
export function isSubject(subject: unknown): subject is string {
  return typeof subject === 'string' && /^[\x20-\x7e]{1,64}$/.test(subject)
}

/** The capacity of the slots for a frame: 2048 bytes, doubled until it fits. */
export function capacityFor({ subject, bytes }: Pick<Entry, 'subject' | 'bytes'>): number {
  const needed = HEADER_BYTES + (subject?.length ?? 0) + bytes.length
  let capacity = DEFAULT_CAPACITY
  while (capacity < needed) capacity *= 2
  return capacity
}

/** A frame as the bytes of one slot. Throws a RangeError when it does not fit. */
export function encodeSlot(frame: Frame, capacity: number): Buffer {
  const subject = frame.subject ?? ''
  const end = HEADER_BYTES + subject.length + frame.bytes.length
  if (end > capacity) throw new RangeError('The frame does not fit in its slot')
  const slot = Buffer.allocUnsafe(capacity).fill(0, end)
  slot.writeUInt32BE(MAGIC, 0)
  slot.writeUInt32BE(capacity, 8)
  slot.writeUInt32BE(frame.bytes.length, 12)
  writeSafeInteger(slot, frame.sequence, 16)
  writeSafeInteger(slot, frame.expires, 24)
  slot.writeUInt8((frame.tombstone ? TOMBSTONE : 0) | (frame.durable ? DURABLE : 0), 32)
  slot.writeUInt8(subject.length, 33)
  slot.write(subject, HEADER_BYTES, 'latin1')
  slot.set(frame.bytes, HEADER_BYTES + subject.length)
  slot.writeUInt32BE(crc32(slot.subarray(8)), 4)
  return slot
}

/** The slot that a commit in place writes: the other one keeps the version before. */
export function otherSlot(slot: 0 | 1): 0 | 1 {
  return slot === 0 ? 1 : 0
}

/** A whole new file: the frame in the first slot, the second empty. */
export function encodeFile(frame: Frame): Buffer {
  const capacity = capacityFor(frame)
  return Buffer.concat([encodeSlot(frame, capacity)], capacity * 2)
}

/**
 * The valid frame with the highest sequence, or `undefined` when neither slot has one. Takes any
 * bytes and never throws.
 *
 * The frame's bytes are a view of `file`.
 */
export function decodeFile(file: Buffer): DecodedFile | undefined {
  const capacity = file.length / 2
  if (!Number.isInteger(capacity) || capacity < HEADER_BYTES) return undefined
  const first = decodeSlot(file.subarray(0, capacity))
  const second = decodeSlot(file.subarray(capacity))
  if (second && (!first || second.sequence > first.sequence)) {
    return { frame: second, slot: 1, older: first }
  }
  return first && { frame: first, slot: 0, older: second }
}

/** Eight bytes, as `writeBigUInt64BE` writes them: without a BigInt, since each is an object made. */
function writeSafeInteger(slot: Buffer, value: number, offset: number): void {
  slot.writeUInt32BE(Math.floor(value / 2 ** 32), offset)
  slot.writeUInt32BE(value % 2 ** 32, offset + 4)
}

function decodeSlot(slot: Buffer): Frame | undefined {
  // The capacity is in the frame, so that a file cut off or grown by whatever amount is damage,
  // even where a slot still checks.
  if (slot.readUInt32BE(0) !== MAGIC || slot.readUInt32BE(8) !== slot.length) return undefined
  if (slot.readUInt32BE(4) !== crc32(slot.subarray(8))) return undefined
  const length = slot.readUInt32BE(12)
  const sequence = Number(slot.readBigUInt64BE(16))
  const expires = Number(slot.readBigUInt64BE(24))
  const flags = slot.readUInt8(32)
  const subjectLength = slot.readUInt8(33)
  const subject = slot.toString('latin1', HEADER_BYTES, HEADER_BYTES + subjectLength)
  const start = HEADER_BYTES + subjectLength
  // The highest sequence of all could not be followed by another: no commit of ours comes near it.
  if (sequence >= Number.MAX_SAFE_INTEGER || !Number.isSafeInteger(expires)) return undefined
  if (flags > (TOMBSTONE | DURABLE) || start + length > slot.length) return undefined
  if (subjectLength > 0 && !isSubject(subject)) return undefined
  return {
    sequence,
    expires,
    tombstone: (flags & TOMBSTONE) !== 0,
    durable: (flags & DURABLE) !== 0,
    subject: subject || undefined,
    bytes: slot.subarray(start, start + length),
  }
}
