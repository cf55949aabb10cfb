import test from 'ava'
import fc from 'fast-check'
import { RecentMap } from '../lib/recent-map.ts'

const filled = (keys: string): RecentMap<string> => {
  const map = new RecentMap<string>()
  for (const key of keys) map.set(key, key.toUpperCase())
  return map
}

/** Everything in it, what was not used lately first. */
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

test('what was not used lately goes first: to look up and to put in again is to use', (t) => {
  t.is(drain(filled('abcd')), 'ABCD')
  for (const [used, order] of [
    ['a', 'BCDA'],
    ['b', 'ACDB'],
    ['d', 'ABCD'],
    ['e', 'ABCD'],
  ] as const) {
    const map = filled('abcd')
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

test('what is used again and again stays, whatever else comes and goes', (t) => {
  const map = filled('abc')
  for (const key of 'defghijk') {
    map.get('b')
    map.set(key, key.toUpperCase())
    t.not(map.deleteOldest(), 'B')
  }
  t.is(map.get('b'), 'B')
})

test('where all was used, the oldest goes all the same', (t) => {
  const map = filled('abc')
  for (const key of 'cab') map.get(key)
  t.is(map.deleteOldest(), 'A')
  t.is(map.size, 2)
})

test('what came last stays, however much else was used', (t) => {
  const map = filled('abc')
  for (const key of 'abc') map.get(key)
  map.set('d', 'D')
  t.is(map.deleteOldest(), 'A')
  t.is(map.get('d'), 'D')
})

test('it does what a queue does in which what was used is put back once', (t) => {
  const step = fc.tuple(fc.constantFrom('get', 'set', 'delete', 'oldest'), fc.nat(6).map(String))
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const map = new RecentMap<string>()
      const model: { key: string; value: string; isUsed: boolean }[] = []
      const takeOldest = (): string | undefined => {
        for (let chances = model.length - 1; chances > 0; chances -= 1) {
          const [oldest] = model.splice(0, 1)
          if (oldest?.isUsed !== true) return oldest?.value
          model.push({ ...oldest, isUsed: false })
        }
        const [victim] = model.splice(model.length > 1 ? 1 : 0, 1)
        return victim?.value
      }
      for (const [index, [verb, key]] of steps.entries()) {
        const at = model.findIndex((link) => link.key === key)
        const was = model[at]?.value
        if (verb === 'oldest') t.is(map.deleteOldest(), takeOldest())
        if (verb === 'delete') t.is(map.delete(key), was)
        if (verb === 'get') t.is(map.get(key), was)
        if (verb === 'set') t.is(map.set(key, `${index}`), was)
        if (verb === 'delete' && at >= 0) model.splice(at, 1)
        if (verb === 'get' && at >= 0) model.splice(at, 1, { key, value: was ?? '', isUsed: true })
        if (verb !== 'set') continue
        if (at >= 0) model.splice(at, 1, { key, value: `${index}`, isUsed: true })
        else model.push({ key, value: `${index}`, isUsed: false })
      }
      let rest = ''
      while (model.length > 0) rest += takeOldest()
      t.is(drain(map), rest)
    }),
  )
})
