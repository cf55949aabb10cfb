import test from 'ava'
import * as fc from 'fast-check'
import {
  capacityFor,
  decodeFile,
  encodeFile,
  encodeSlot,
  type Frame,
} from '../../../stores/file/frame.ts'

const frame: Frame = {
  sequence: 7,
  expires: 1_800_000_000_000,
  tombstone: false,
  durable: false,
  subject: 'user-1',
  bytes: Buffer.from('sealed'),
}

test('the bytes of a frame are these', (t) => {
  const slot = encodeSlot(frame, 2048)
  t.is(
    slot.subarray(0, 46).toString('hex'),
    'e5534c01' +
      'fd3a82ed' +
      '00000800' +
      '00000006' +
      '0000000000000007' +
      '000001a3185c5000' +
      '00' +
      '06' +
      Buffer.from('user-1sealed').toString('hex'),
  )
  t.true(slot.subarray(46).every((byte) => byte === 0))
})

test('a usual session is a file of one 4 KiB block, its second slot empty', (t) => {
  const file = encodeFile({ ...frame, bytes: Buffer.alloc(2000, 1) })
  t.is(file.length, 4096)
  t.true(file.subarray(2048).every((byte) => byte === 0))
})

test('the capacity doubles when the frame does not fit', (t) => {
  const room = 2048 - 34
  for (const [length, capacity] of [
    [0, 2048],
    [room, 2048],
    [room + 1, 4096],
    [4096 - 34, 4096],
    [4096 - 33, 8192],
  ] as const) {
    t.is(capacityFor({ ...frame, subject: undefined, bytes: Buffer.alloc(length) }), capacity)
  }
})

test('every frame comes back as it was', (t) => {
  const frames = fc.record({
    sequence: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER - 1 }),
    expires: fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
    tombstone: fc.boolean(),
    durable: fc.boolean(),
    subject: fc.option(fc.stringMatching(/^[ -~]{1,64}$/), { nil: undefined }),
    bytes: fc.uint8Array({ maxLength: 9000 }).map((bytes) => Buffer.from(bytes)),
  })
  void fc.assert(
    fc.property(frames, (original) => {
      t.deepEqual(decodeFile(encodeFile(original)), { frame: original, slot: 0, older: undefined })
    }),
  )
  t.pass()
})

test('of two valid slots the higher sequence counts, wherever it is', (t) => {
  const older = encodeSlot(frame, 2048)
  const newer = encodeSlot({ ...frame, sequence: 8 }, 2048)
  const found = { frame: { sequence: 8 }, older: { sequence: 7 } }
  t.like(decodeFile(Buffer.concat([older, newer])), { slot: 1, ...found })
  t.like(decodeFile(Buffer.concat([newer, older])), { slot: 0, ...found })
})

test('a write that never finished leaves the version before, wherever it stopped', (t) => {
  const older = encodeSlot(frame, 2048)
  const newer = encodeSlot({ ...frame, sequence: 8, bytes: Buffer.alloc(1500, 1) }, 2048)
  for (let written = 0; written < 1500; written++) {
    const slot = Buffer.concat([newer.subarray(0, written), older.subarray(written)])
    t.like(decodeFile(Buffer.concat([older, slot])), { slot: 0, frame: { sequence: 7 } })
  }
})

test('every flipped bit is damage, or is in the slot that does not count', (t) => {
  const file = encodeFile(frame)
  for (let bit = 0; bit < file.length * 8; bit++) {
    const index = bit >> 3
    file[index] = (file[index] as number) ^ (1 << (bit & 7))
    const decoded = decodeFile(file)
    if (index < 2048) t.is(decoded, undefined)
    else t.deepEqual(decoded?.frame, frame)
    file[index] = (file[index] as number) ^ (1 << (bit & 7))
  }
})

test('a file cut off or grown by any number of bytes is damaged', (t) => {
  const file = encodeFile(frame)
  for (let length = 0; length < file.length; length++) {
    t.is(decodeFile(file.subarray(0, length)), undefined)
  }
  for (const more of [1, 2, 4096, 8192]) {
    t.is(decodeFile(Buffer.concat([file], file.length + more)), undefined)
  }
})

test('no bytes whatever make the decoder throw', (t) => {
  void fc.assert(
    fc.property(fc.uint8Array({ maxLength: 5000 }), (bytes) => {
      t.is(decodeFile(Buffer.from(bytes)), undefined)
    }),
  )
  t.pass()
})

test('a frame that checks but says what no store writes is damaged', async (t) => {
  const { crc32 } = await import('node:zlib')
  for (const [offset, byte] of [
    [10, 9], // another capacity than that of the slot
    [12, 1], // a length beyond the slot
    [16, 1], // a sequence beyond 2^53
    [24, 1], // an expiry beyond 2^53
    [32, 4], // a flag nobody knows
    [33, 65], // a subject too long
    [34, 0], // a subject with a control character
  ] as const) {
    const file = encodeFile(frame)
    file[offset] = byte
    file.writeUInt32BE(crc32(file.subarray(8, 2048)), 4)
    t.is(decodeFile(file), undefined, `byte ${offset}`)
  }
})

test('a frame that does not fit in its slot is not cut off', (t) => {
  const frame = { sequence: 1, expires: 1, tombstone: false, durable: false, subject: undefined }
  const bytes = Buffer.alloc(2048 - 34)
  t.is(encodeSlot({ ...frame, bytes }, 2048).length, 2048)
  t.throws(() => encodeSlot({ ...frame, bytes: Buffer.alloc(2048 - 33) }, 2048), {
    instanceOf: RangeError,
    message: 'The frame does not fit in its slot',
  })
})
