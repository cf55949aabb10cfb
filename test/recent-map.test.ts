import test from 'ava'
import fc from 'fast-check'
import { RecentMap } from '../lib/recent-map.ts'

const filled = (keys: string): RecentMap<string> => {
  const map = new RecentMap<string>()
  for (const key of keys) map.set(key, key.toUpperCase())
  return map
}

/** Everything in it, what was not used the longest first. */
function drain(map: RecentMap<string>): string {
  let all = ''
  while (map.size > 0) all += map.deleteOldest()
  return all
}

test('what was put in comes out, and what is not there is undefined', (t) => {
  const map = filled('abc')
  t.is(map.get('b'), 'B')
  t.is(map.get('d'), undefined)
  t.is(map.size, 3)
})

test('what was not used the longest goes first: to put in and to look up is to use', (t) => {
  t.is(drain(filled('abc')), 'ABC')
  for (const [used, order] of [
    ['a', 'BCA'],
    ['b', 'ACB'],
    ['c', 'ABC'],
    ['d', 'ABC'],
  ] as const) {
    const map = filled('abc')
    map.get(used)
    t.is(drain(map), order, used)
  }
  const map = filled('abc')
  t.is(map.set('a', 'again'), 'A')
  t.is(drain(map), 'BCagain')
})

test('what was deleted is gone, wherever it stood', (t) => {
  for (const [gone, rest] of [
    ['a', 'BC'],
    ['b', 'AC'],
    ['c', 'AB'],
  ] as const) {
    const map = filled('abc')
    t.is(map.delete(gone), gone.toUpperCase())
    t.is(map.delete(gone), undefined)
    t.is(map.get(gone), undefined)
    t.is(drain(map), rest)
  }
})

test('it does what a map does whose keys are put in again at each use', (t) => {
  const step = fc.tuple(fc.constantFrom('get', 'set', 'delete', 'oldest'), fc.nat(6).map(String))
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const map = new RecentMap<string>()
      const model = new Map<string, string>()
      for (const [index, [verb, key]] of steps.entries()) {
        const was = model.get(key)
        if (verb === 'oldest') {
          const [oldest] = model
          if (oldest) model.delete(oldest[0])
          t.is(map.deleteOldest(), oldest?.[1])
          continue
        }
        model.delete(key)
        if (verb === 'get' && was !== undefined) model.set(key, was)
        if (verb === 'set') model.set(key, `${index}`)
        if (verb === 'set') t.is(map.set(key, `${index}`), was)
        else t.is(verb === 'get' ? map.get(key) : map.delete(key), was)
      }
      t.is(drain(map), [...model.values()].join(''))
    }),
  )
})
