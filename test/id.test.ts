import { createHash } from 'node:crypto'
import test from 'ava'
import { createId, drawRandomBytes, ID_BYTES, nameOf, refOf } from '../lib/id.ts'

test('an id is 32 bytes of the randomness it is given, as they are', (t) => {
  const bytes = Buffer.alloc(32, 7)
  const lengths: number[] = []
  const id = createId((length) => {
    lengths.push(length)
    return bytes
  })
  t.deepEqual(id, bytes)
  t.deepEqual(lengths, [32])
  t.is(ID_BYTES, 32)
})

test('without another source an id comes from the system, a new one each time', (t) => {
  t.is(createId().length, 32)
  t.notDeepEqual(createId(), createId())
  t.is(drawRandomBytes(5).length, 5)
})

test('an id whose randomness fails is none', (t) => {
  const error = new Error('no entropy')
  const random = (): never => {
    throw error
  }
  t.is(
    t.throws(() => createId(random)),
    error,
  )
})

test('the name of an id is the SHA-256 of a label and the id, in hexadecimal', (t) => {
  const id = Buffer.alloc(32, 1)
  const text = Buffer.concat([Buffer.from('koa-sealed-session/v1/name\0'), id])
  t.is(nameOf(id), createHash('sha256').update(text).digest('hex'))
  t.regex(nameOf(id), /^[0-9a-f]{64}$/)
})

test('the handle of a name is its first 12 digits', (t) => {
  t.is(refOf('0123456789abcdef'.repeat(4)), '0123456789ab')
})
