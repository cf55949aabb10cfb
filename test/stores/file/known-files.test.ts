import test from 'ava'
import { type KnownFile, KnownFiles } from '../../../stores/file/known-files.ts'

const knownOf = (text: string): KnownFile => ({
  kept: { text, expires: 9e15 },
  sequence: 1,
  slot: 0,
  durableSlot: undefined,
  isNameDurable: false,
  capacity: 2048,
  version: {},
  inode: undefined,
  stats: undefined,
  lookedAt: 0,
  look: undefined,
})
const [old, newest] = [knownOf('old'), knownOf('newest')]

test('what was read is known, whoever of several ends first', (t) => {
  const files = new KnownFiles()
  const [first, second] = [files.beginRead('a'), files.beginRead('a')]
  second(undefined)
  t.is(files.get('a'), undefined)
  first(old)
  t.is(files.get('a'), old)
})

test('a read that a commit has passed is not known: neither over it, nor once that is forgotten', (t) => {
  const files = new KnownFiles()
  const reads = [files.beginRead('a'), files.beginRead('a')]
  files.set('a', newest)
  reads[0]?.(old)
  t.is(files.get('a'), newest)
  files.forget('a')
  reads[1]?.(old)
  t.is(files.get('a'), undefined, 'as after a removal')
})

test('a read that began before all was forgotten is not known', (t) => {
  const files = new KnownFiles()
  const keep = files.beginRead('a')
  files.clear()
  keep(old)
  t.is(files.get('a'), undefined)
})

test('a read that began after a commit is known, beside one that began before', (t) => {
  const files = new KnownFiles()
  const before = files.beginRead('a')
  files.forget('a')
  const after = files.beginRead('a')
  before(old)
  t.is(files.get('a'), undefined)
  after(newest)
  t.is(files.get('a'), newest)
})
