import test from 'ava'
import { KEPT_BYTES_PER_UNIT, KnownData } from '../lib/known-data.ts'
import { type CachedRecord, RecordCache } from '../lib/record-cache.ts'
import { keyOf, ringOf } from './support/keys.ts'

/** What a record takes beside its text, as the cache reckons. */
const OVERHEAD = 512

let key: CachedRecord['key']

test.before(async () => {
  key = (await ringOf('sid', keyOf('one'))).primary
})

/** A record whose text is `length` characters long; sealed in no more. */
function cachedOf(length: number, sealed = ''): CachedRecord {
  const known = new KnownData()
  const record = { data: 'x'.repeat(length), known, created: 0, deadline: 0, idle: null, active: 0 }
  return { version: 1, record, key, sealed }
}

const sizeOf = (length: number): number => (2 + KEPT_BYTES_PER_UNIT) * length + OVERHEAD

const present = (cache: RecordCache, names: string): string =>
  [...names].filter((name) => cache.get(name) !== undefined).join('')

test('what was put in comes out as it is', (t) => {
  const cache = new RecordCache(10_000)
  const cached = cachedOf(10)
  cache.set('a', cached)
  t.is(cache.get('a'), cached)
  t.is(cache.get('b'), undefined)
})

test('what is put in again replaces what was there', (t) => {
  const cache = new RecordCache(sizeOf(100) + sizeOf(10))
  const newer = cachedOf(100)
  cache.set('a', cachedOf(50))
  cache.set('a', newer)
  cache.set('b', cachedOf(10))
  t.is(cache.get('a'), newer)
  t.is(present(cache, 'ab'), 'ab')
})

test('it holds as many bytes as it may, and not one more', (t) => {
  const cache = new RecordCache(3 * sizeOf(100))
  for (const name of 'abc') cache.set(name, cachedOf(100))
  t.is(present(cache, 'abc'), 'abc')
  const smaller = new RecordCache(3 * sizeOf(100) - 1)
  for (const name of 'abc') smaller.set(name, cachedOf(100))
  t.is(present(smaller, 'abc'), 'bc')
})

test('what was not used the longest goes first', (t) => {
  const cache = new RecordCache(3 * sizeOf(100))
  for (const name of 'abc') cache.set(name, cachedOf(100))
  cache.get('a')
  cache.set('b', cachedOf(100))
  cache.set('d', cachedOf(100))
  t.is(present(cache, 'abcd'), 'abd')
})

test('a large record takes the place of as many as it needs', (t) => {
  const cache = new RecordCache(3 * sizeOf(100))
  for (const name of 'abc') cache.set(name, cachedOf(100))
  cache.set('d', cachedOf(200))
  t.is(present(cache, 'abcd'), 'cd')
})

test('a record larger than the whole is not kept, and nothing too much is counted for it', (t) => {
  const cache = new RecordCache(2 * sizeOf(100))
  cache.set('a', cachedOf(10_000))
  t.is(present(cache, 'a'), '')
  cache.set('b', cachedOf(100))
  cache.set('c', cachedOf(100))
  t.is(present(cache, 'bc'), 'bc')
})

test('an older version does not stay when the newer one is too large', (t) => {
  const cache = new RecordCache(sizeOf(100))
  cache.set('a', cachedOf(100))
  cache.set('a', cachedOf(101))
  t.is(present(cache, 'a'), '')
})

test('what is deleted gives its bytes back, once', (t) => {
  const cache = new RecordCache(2 * sizeOf(100))
  cache.set('a', cachedOf(100))
  cache.set('b', cachedOf(100))
  cache.delete('a')
  cache.delete('a')
  cache.delete('never there')
  cache.set('c', cachedOf(100))
  cache.set('d', cachedOf(100))
  t.is(present(cache, 'abcd'), 'cd')
})

test('a cleared one is as good as new', (t) => {
  const cache = new RecordCache(2 * sizeOf(100))
  cache.set('a', cachedOf(100))
  cache.set('b', cachedOf(100))
  cache.clear()
  t.is(present(cache, 'ab'), '')
  cache.set('c', cachedOf(100))
  cache.set('d', cachedOf(100))
  t.is(present(cache, 'cd'), 'cd')
})

test('without any room nothing is kept', (t) => {
  const cache = new RecordCache(0)
  cache.set('a', cachedOf(0))
  t.is(present(cache, 'a'), '')
})

test('the envelope it was sealed in counts too, a byte a character', (t) => {
  const cache = new RecordCache(2 * (sizeOf(100) + 50))
  for (const name of 'ab') cache.set(name, cachedOf(100, 'x'.repeat(50)))
  t.is(present(cache, 'ab'), 'ab')
  const smaller = new RecordCache(2 * (sizeOf(100) + 50) - 1)
  for (const name of 'ab') smaller.set(name, cachedOf(100, 'x'.repeat(50)))
  t.is(present(smaller, 'ab'), 'b')
})
