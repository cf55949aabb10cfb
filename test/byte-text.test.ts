import test from 'ava'
import { bytesToText, textToBytes } from '../lib/byte-text.ts'

const EVERY_BYTE = Buffer.from(Array.from({ length: 256 }, (_, index) => index))

test('every byte is a character of its own, and comes back', (t) => {
  const text = bytesToText(EVERY_BYTE)
  t.is(text.length, 256)
  t.deepEqual(textToBytes(text), EVERY_BYTE)
  t.deepEqual([bytesToText(new Uint8Array(0)), textToBytes('').length], ['', 0])
})

test('of a window on a larger buffer only the window is in the text', (t) => {
  t.is(bytesToText(EVERY_BYTE.subarray(65, 70)), 'ABCDE')
  t.is(bytesToText(new Uint8Array(EVERY_BYTE.buffer, EVERY_BYTE.byteOffset + 66, 2)), 'BC')
})

test('neither is changed through the other', (t) => {
  const bytes = Buffer.from('sealed')
  const text = bytesToText(bytes)
  bytes.fill(0)
  t.is(text, 'sealed')
  textToBytes(text).fill(0)
  t.deepEqual(textToBytes(text), Buffer.from('sealed'))
})
