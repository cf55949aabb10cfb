import test from 'ava'
import { type SearchOptions, searchWorlds } from './lock-model.ts'

const sound: readonly SearchOptions[] = [
  { protocol: 'fenced', works: ['append', 'append', 'append'] },
  { protocol: 'fenced', works: ['append', 'append', 'remove'] },
  { protocol: 'fenced', works: ['append', 'remove', 'remove'] },
  { protocol: 'fenced', works: ['append', 'append'], kills: true },
  { protocol: 'fenced', works: ['append', 'remove'], kills: true },
]

for (const options of sound) {
  const { works, kills } = options
  test(`no order of ${works.join(', ')}${kills ? ', with kills,' : ''} loses a commit or revives a session`, (t) => {
    const { worlds, violation, litter } = searchWorlds(options)
    t.log(`${worlds} worlds`)
    t.is(violation, undefined)
    if (!kills) t.false(litter)
  })
}

const weak: readonly (SearchOptions & { readonly reason: string; readonly message: RegExp })[] = [
  {
    reason: 'without tokens',
    protocol: 'plain',
    works: ['append', 'append'],
    message: /overwrites a commit it has not read/,
  },
  {
    reason: 'when nobody looks whose tokens are there',
    protocol: 'fenced without readdir',
    works: ['append', 'append', 'append'],
    message: /overwrites a commit it has not read/,
  },
  {
    reason: 'when a removal is a bare unlink',
    protocol: 'fenced',
    works: ['append', 'remove by a bare unlink'],
    message: /revives what was removed/,
  },
]

for (const { reason, message, ...options } of weak) {
  test(`${reason} the search finds a violation`, (t) => {
    const { violation } = searchWorlds(options)
    t.log(violation?.join(' → '))
    t.regex(violation?.at(-1) ?? '', message)
  })
}
