import test from 'ava'
import { isWhole } from '../../../support/proof.ts'
import { type SearchOptions, searchWorlds } from './tenancy-model.ts'

const sound: readonly SearchOptions[] = [
  { processes: 2 },
  isWhole ? { processes: 3 } : { processes: 3, most: 10_000 },
  { processes: 2, mischief: 'deletes the register' },
  { processes: 2, mischief: 'deletes a socket' },
]

for (const options of sound) {
  const { processes, mischief, most } = options
  const others = mischief ? `, while somebody ${mischief},` : ''
  const promise = most ? ', among the shortest' : ', and the last one can be alone'
  test(`no order in which ${processes} processes come, write, leave or are killed${others} lets one write in place while another writes${promise}`, (t) => {
    const { worlds, violation } = searchWorlds(options)
    t.log(`${worlds} worlds`)
    t.is(violation, undefined)
  })
}

const weak: readonly SearchOptions[] = [
  { processes: 2, weakness: 'answers before its commits are done' },
  { processes: 2, weakness: 'is alone without the lock' },
  { processes: 2, weakness: 'forgets what it answered' },
  { processes: 3, weakness: 'takes its name off too soon' },
  { processes: 2, weakness: 'takes the slow for dead' },
  { processes: 2, weakness: 'does not ask' },
  {
    processes: 2,
    weakness: 'takes a missing socket for dead',
    mischief: 'deletes a socket',
  },
  {
    processes: 2,
    weakness: 'does not look for sockets',
    mischief: 'deletes the register',
  },
]

for (const options of weak) {
  test(`of a protocol that ${options.weakness} the search finds a violation`, (t) => {
    const { violation } = searchWorlds(options)
    t.log(violation?.join(' → '))
    t.regex(violation?.at(-1) ?? '', /writes in place while|replaces while/)
  })
}

test('of a protocol in which nobody takes the dead off the register the search finds that nobody is alone again', (t) => {
  const { violation } = searchWorlds({ processes: 2, weakness: 'takes nobody for dead' })
  t.is(violation?.at(-1), 'nobody is ever alone')
})
