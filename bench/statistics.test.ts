import assert from 'node:assert/strict'
import { test } from 'node:test'
import { median, percentile, rotate } from './statistics.ts'

test('the median is the middle, or the mean of the two in the middle', () => {
  assert.equal(median([3, 1, 2]), 2)
  assert.equal(median([4, 1, 3, 2]), 2.5)
  assert.equal(median([10, 9, 100]), 10)
  assert.ok(Number.isNaN(median([])))
})

test('a percentile is the smallest number that the share does not exceed', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => 100 - index)
  assert.equal(percentile(hundred, 0.99), 99)
  assert.equal(percentile(hundred, 0.5), 50)
  assert.equal(percentile([7], 0.99), 7)
  assert.ok(Number.isNaN(percentile([], 0.99)))
})

test('in as many rounds as there are servers each begins once', () => {
  assert.deepEqual(rotate(['a', 'b', 'c'], 1), ['b', 'c', 'a'])
  assert.deepEqual(
    [0, 1, 2, 3].map((round) => rotate(['a', 'b', 'c'], round)[0]),
    ['a', 'b', 'c', 'a'],
  )
  assert.deepEqual(rotate([], 3), [])
})
