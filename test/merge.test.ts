import test from 'ava'
import fc from 'fast-check'
import { mergeData } from '../lib/merge.ts'
import type { SerializedData } from '../lib/record.ts'

const data = fc
  .dictionary(fc.constantFrom('a', 'b', 'c', 'd'), fc.constantFrom('1', '2', '3'))
  .map((values) => new Map(Object.entries(values)))

function of(values: Record<string, string>): SerializedData {
  return new Map(Object.entries(values))
}

test('what each changed stands, as long as it is not the same key', (t) => {
  const base = of({ kept: '0', mine: '1', theirs: '2', iRemove: '3', theyRemove: '4' })
  const mine = of({ kept: '0', mine: '10', theirs: '2', theyRemove: '4', iAdd: '5' })
  const theirs = of({ kept: '0', mine: '1', theirs: '20', iRemove: '3', theyAdd: '6' })
  t.deepEqual(mergeData(base, mine, theirs), {
    merged: of({ kept: '0', mine: '10', theirs: '20', theyAdd: '6', iAdd: '5' }),
    conflicts: [],
  })
})

for (const [what, base, mine, theirs, merged, conflicts] of [
  ['changed differently by both', { a: '1' }, { a: '2' }, { a: '3' }, { a: '2' }, ['a']],
  ['changed to the same by both', { a: '1' }, { a: '2' }, { a: '2' }, { a: '2' }, []],
  ['added differently by both', {}, { a: '2' }, { a: '3' }, { a: '2' }, ['a']],
  ['added alike by both', {}, { a: '2' }, { a: '2' }, { a: '2' }, []],
  ['removed by me, changed by them', { a: '1' }, {}, { a: '3' }, {}, ['a']],
  ['changed by me, removed by them', { a: '1' }, { a: '2' }, {}, { a: '2' }, ['a']],
  ['removed by both', { a: '1' }, {}, {}, {}, []],
  ['changed by them alone', { a: '1' }, { a: '1' }, { a: '3' }, { a: '3' }, []],
  ['removed by them alone', { a: '1' }, { a: '1' }, {}, {}, []],
] as const) {
  test(`a key ${what}`, (t) => {
    const result = mergeData(of(base), of(mine), of(theirs))
    t.deepEqual(result, { merged: of(merged), conflicts })
  })
}

test('without a change of mine theirs stands, and without one of theirs mine does', (t) => {
  fc.assert(
    fc.property(data, data, (base, other) => {
      t.deepEqual(mergeData(base, base, other), { merged: other, conflicts: [] })
      t.deepEqual(sorted(mergeData(base, other, base).merged), sorted(other))
      t.deepEqual(mergeData(base, other, base).conflicts, [])
    }),
  )
})

test('every key of mine that changed wins, every other one is theirs', (t) => {
  fc.assert(
    fc.property(data, data, data, (base, mine, theirs) => {
      const { merged, conflicts } = mergeData(base, mine, theirs)
      for (const key of 'abcd') {
        const [before, mineNow, theirsNow] = [base.get(key), mine.get(key), theirs.get(key)]
        t.is(merged.get(key), mineNow === before ? theirsNow : mineNow)
        const all = new Set([before, mineNow, theirsNow])
        t.is(conflicts.includes(key), all.size === 3)
      }
    }),
  )
})

test('nothing that is merged is changed itself', (t) => {
  const [base, mine, theirs] = [of({ a: '1', b: '1' }), of({ a: '2' }), of({ a: '1', b: '2' })]
  mergeData(base, mine, theirs)
  t.deepEqual(
    [base, mine, theirs],
    [of({ a: '1', b: '1' }), of({ a: '2' }), of({ a: '1', b: '2' })],
  )
})

function sorted(values: SerializedData): [string, string][] {
  return [...values].sort(([one], [other]) => (one < other ? -1 : 1))
}
