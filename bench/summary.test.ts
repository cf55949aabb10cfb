import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BARE_KOA, type Contender, SOLE } from './contenders.ts'
import type { Sample } from './paired-run.ts'
import { summarize } from './summary.ts'

function sample(contender: Contender, round: number, parts: Partial<Sample>): Sample {
  const zero = {
    companionMicroseconds: 0,
    residentBytes: 0,
    loadShare: 0,
    cpuShare: 1,
    p50: 0,
    p99: 0,
  }
  const burst = { requestsPerSecond: 100, cpuMicroseconds: 50, answers: 100, problems: {} }
  return { ...zero, ...burst, contender: contender.id, case: 'read', round, ...parts }
}

test('a ratio is the median of the ratios of each round, not the ratio of medians', () => {
  const samples = [
    sample(BARE_KOA, 1, { requestsPerSecond: 1000 }),
    sample(SOLE, 1, { requestsPerSecond: 500 }),
    sample(BARE_KOA, 2, { requestsPerSecond: 100 }),
    sample(SOLE, 2, { requestsPerSecond: 60 }),
    sample(BARE_KOA, 3, { requestsPerSecond: 400 }),
    sample(SOLE, 3, { requestsPerSecond: 280 }),
  ]
  const [, sole] = summarize(samples, [BARE_KOA, SOLE])
  assert.equal(sole?.ratio, 0.6)
  assert.deepEqual(sole?.ratios, [0.5, 0.7])
})

test('CPU is what a request takes above that of the bare framework', () => {
  const samples = [
    sample(BARE_KOA, 1, { cpuMicroseconds: 80 }),
    sample(SOLE, 1, { cpuMicroseconds: 200 }),
  ]
  const [, sole] = summarize(samples, [BARE_KOA, SOLE])
  assert.equal(sole?.cpuMicroseconds, 120)
  assert.equal(sole?.cpuRatio, 0.4)
})

test('failures of all rounds are counted', () => {
  const samples = [
    sample(SOLE, 1, { answers: 90, problems: { 'write lost': 6 } }),
    sample(SOLE, 2, { answers: 100, problems: { 'write lost': 3, 'status 500': 1 } }),
  ]
  const [sole] = summarize(samples, [SOLE])
  assert.deepEqual(sole?.problems, { 'write lost': 9, 'status 500': 1 })
  assert.equal(sole?.failed, 0.05)
})
