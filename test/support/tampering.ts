import fc from 'fast-check'
import { encodeRecord } from '../../lib/record.ts'
import { cookieByFormat, repairByFormat, sealByFormat } from './format.ts'
import { keyOf } from './keys.ts'
import { recordOf } from './stored.ts'

/** The keys of the ring. */
export const MASTERS: readonly [Buffer, Buffer] = [keyOf('first'), keyOf('second')]
const STRANGER = keyOf('stranger')
/** The name of the cookie. */
export const CONTEXT = 'sid'
/** The id that is asked for. */
export const ANN: Buffer = keyOf("Ann's session")
const BOB = keyOf("Bob's session")

/** The text of a record of somebody's. */
const textOf = (user: string, version: number): string =>
  encodeRecord(recordOf({ user, version, cart: ['apple', 'pear'] }))

/** Files that were written as they are to be: in each of them two versions. */
export const FILES: readonly Buffer[] = [
  fileOf(MASTERS[0], CONTEXT, ANN, 'ann', 1),
  fileOf(MASTERS[0], CONTEXT, ANN, 'ann', 6),
  fileOf(MASTERS[1], CONTEXT, ANN, 'ann', 4),
  fileOf(MASTERS[0], CONTEXT, BOB, 'bob', 9),
  fileOf(STRANGER, CONTEXT, ANN, 'ann', 3),
  fileOf(MASTERS[0], 'other', ANN, 'ann', 3),
]

function fileOf(
  master: Buffer,
  context: string,
  id: Buffer,
  user: string,
  version: number,
): Buffer {
  const slots = [version, version + 1].map((each) =>
    slotOf(
      sealByFormat({ master, context, id }, keyOf(`salt ${user} ${each}`), textOf(user, each)),
      each,
    ),
  )
  const file = Buffer.concat(slots)
  repairByFormat(file)
  return file
}

/** A slot as it is to be, but for its check. */
export function slotOf(envelope: Buffer, sequence: number, capacity = 2048): Buffer {
  const slot = Buffer.alloc(capacity)
  slot.write('e5534c01', 'hex')
  slot.writeUInt32BE(capacity, 8)
  slot.writeUInt32BE(envelope.length, 12)
  slot.writeBigUInt64BE(BigInt(sequence), 16)
  slot.writeBigUInt64BE(9_000_000_000_000n, 24)
  envelope.copy(slot, 34)
  return slot
}

type Mutation = (file: Buffer) => Buffer

/** Where it hurts: the frames and envelopes of both slots; sometimes anywhere. */
const place = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(fc.nat(1), fc.nat(500)).map(([slot, at]) => slot * 2048 + at) },
  fc.nat(4200),
)
const number = fc.oneof(
  fc.constantFrom(0n, 1n, 34n, 2047n, 2048n, 2049n, 4096n, 2n ** 31n, 2n ** 32n - 1n),
  fc.constantFrom(2n ** 53n - 2n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 64n - 1n),
  fc.bigInt(0n, 3000n),
)

/** Another value in a field of a frame. */
const field: fc.Arbitrary<Mutation> = fc
  .tuple(fc.nat(1), fc.constantFrom(4, 8, 12, 16, 16, 24, 24, 32, 33), number)
  .map(([slot, at, value]) => (file: Buffer) => {
    const start = slot * 2048 + at
    if (start + 8 > file.length) return file
    if (at >= 32) file.writeUInt8(Number(value % 256n), start)
    else if (at >= 16) file.writeBigUInt64BE(value, start)
    else file.writeUInt32BE(Number(value % 2n ** 32n), start)
    return file
  })

/** What may become of a file. */
export const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.tuple(place, fc.nat(7)).map(([at, bit]) => (file: Buffer) => {
    if (at < file.length) file[at] = (file[at] as number) ^ (1 << bit)
    return file
  }),
  fc
    .tuple(place, fc.uint8Array({ minLength: 1, maxLength: 8 }))
    .map(([at, bytes]) => (file: Buffer) => {
      if (at < file.length) Buffer.from(bytes).copy(file, at)
      return file
    }),
  place.map((at) => (file: Buffer) => Buffer.from(file.subarray(0, at))),
  fc.uint8Array({ maxLength: 70 }).map((bytes) => (file: Buffer) => Buffer.concat([file, bytes])),
  // A stretch of another file, or of this one, in the place of what was there.
  fc
    .tuple(fc.nat(FILES.length - 1), place, place, fc.nat(2048))
    .map(([other, from, to, length]) => (file: Buffer) => {
      FILES[other]?.copy(file, Math.min(to, file.length), Math.min(from, 4096), from + length)
      return file
    }),
  // The slot of one file in another.
  fc
    .tuple(fc.nat(FILES.length - 1), fc.nat(1), fc.nat(1))
    .map(([other, from, to]) => (file: Buffer) => {
      FILES[other]?.copy(file, Math.min(to * 2048, file.length), from * 2048, from * 2048 + 2048)
      return file
    }),
  fc.constant((file: Buffer) => Buffer.concat([file.subarray(2048), file.subarray(0, 2048)])),
  // Slots of another size.
  fc.constantFrom(1024, 2000, 4096).map((capacity) => (file: Buffer) => {
    const resized = [0, 2048].map((start) => {
      const slot = Buffer.concat([file.subarray(start, start + Math.min(2048, capacity))], capacity)
      slot.writeUInt32BE(capacity, 8)
      return slot
    })
    return Buffer.concat(resized)
  }),
  { weight: 3, arbitrary: field },
)

const value = fc.oneof(
  fc.constantFrom(
    0,
    -0,
    1,
    60_000,
    86_400_000,
    -1,
    0.5,
    8.64e15,
    8.64e15 + 1,
    1e21,
    null,
    true,
    '0',
    [],
    {},
  ),
  fc.jsonValue({ maxDepth: 2 }),
)
const member = fc.constantFrom(
  'created',
  'deadline',
  'idle',
  'active',
  'persistent',
  'data',
  'x',
  '__proto__',
)

/** The text of a record, not quite as it is to be. */
export const recordText: fc.Arbitrary<string> = fc.oneof(
  fc.tuple(member, value).map(([key, given]) => withMember(textOf('ann', 1), key, given)),
  fc
    .tuple(member, value, member, value)
    .map(([key, given, other, another]) =>
      withMember(withMember(textOf('ann', 1), key, given), other, another),
    ),
  member.map((key) => JSON.stringify({ ...JSON.parse(textOf('ann', 1)), [key]: undefined })),
  fc
    .tuple(fc.nat(200), fc.string({ maxLength: 3 }))
    .map(([at, text]) => textOf('ann', 1).slice(0, at) + text + textOf('ann', 1).slice(at)),
  fc
    .tuple(fc.nat(200), fc.nat(200))
    .map(([from, to]) => textOf('ann', 1).slice(0, from) + textOf('ann', 1).slice(to)),
  fc.json(),
)

/** The member comes last, and so counts where there are two. */
function withMember(text: string, key: string, given: unknown): string {
  return `${text.slice(0, -1)},${JSON.stringify(key)}:${JSON.stringify(given)}}`
}

const [ann, bob, old] = [
  cookieByFormat({ master: MASTERS[0], context: CONTEXT, id: ANN }),
  cookieByFormat({ master: MASTERS[0], context: CONTEXT, id: BOB }),
  cookieByFormat({ master: MASTERS[1], context: CONTEXT, id: ANN }),
]

const cookie = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(ann, bob, old) },
  fc.constantFrom(
    cookieByFormat({ master: STRANGER, context: CONTEXT, id: ANN }),
    cookieByFormat({ master: MASTERS[0], context: 'other', id: ANN }),
    Buffer.from(ann, 'base64url').toString('base64'),
    Buffer.from(ann, 'base64url').toString('hex'),
    `"${ann}"`,
    `${ann}=`,
    ann.toLowerCase(),
    encodeURIComponent(`${ann} `),
  ),
  // The id of one and the signature of another.
  fc
    .tuple(fc.constantFrom(ann, bob, old), fc.constantFrom(ann, bob, old), fc.nat(64))
    .map(([one, other, at]) => one.slice(0, at) + other.slice(at)),
)

type TextMutation = (text: string) => string

/** What may become of a header. */
export const textMutation: fc.Arbitrary<TextMutation> = fc.oneof(
  fc.tuple(fc.nat(200), fc.nat(6)).map(([at, bit]) => (text: string) => {
    const code = (text.charCodeAt(at) || 0x20) ^ (1 << bit)
    return text.slice(0, at) + String.fromCharCode(code) + text.slice(at + 1)
  }),
  fc
    .tuple(
      fc.nat(200),
      fc.constantFrom(';', '=', ' ', '\t', ',', '"', 'sid=', '\xa0', 'A', `;sid=${bob}`),
    )
    .map(
      ([at, piece]) =>
        (text: string) =>
          text.slice(0, at) + piece + text.slice(at),
    ),
  fc.tuple(fc.nat(200), fc.nat(70)).map(
    ([at, length]) =>
      (text: string) =>
        text.slice(0, at) + text.slice(at + length),
  ),
  fc.tuple(fc.nat(140), fc.nat(140), fc.nat(70)).map(
    ([from, to, length]) =>
      (text: string) =>
        text.slice(0, to) + text.slice(from, from + length) + text.slice(to),
  ),
)

/** A header with cookies in it. */
export const header: fc.Arbitrary<string> = fc
  .array(fc.tuple(fc.constantFrom('sid', 'sid', 'sid', ' sid', 'Sid', 'x'), cookie), {
    minLength: 1,
    maxLength: 3,
  })
  .map((pairs) => pairs.map((pair) => pair.join('=')).join(';'))
