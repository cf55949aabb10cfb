import { deepEqual, equal } from 'node:assert/strict'
import { setImmediate } from 'node:timers/promises'
import type { SweepOptions } from '../store.ts'
import type { ContractCase } from './case.ts'
import { makeEntry, makeName, makeNumbered, numberOf, replaceBy } from './samples.ts'
import { addOne, assertRefused, listEntries, putEntry, readEntry } from './verbs.ts'

const NAME = makeName(10)

const NO_NAMES: readonly unknown[] = [
  '',
  '.',
  '..',
  '../x',
  '/',
  NAME.toUpperCase().replace(/[0-9]/g, 'A'),
  NAME.slice(1),
  `${NAME}0`,
  `${NAME}\n`,
  ` ${NAME.slice(1)}`,
  `${NAME.slice(1)}g`,
  `${NAME.slice(1)}\0`,
  `../${NAME.slice(3)}`,
  `${NAME.slice(4)}\u0660\u0661\uff10\uff11`,
  '__proto__',
  'constructor',
  undefined,
  null,
  10,
  [NAME],
]

const SWEEP_ALL: SweepOptions = { now: Date.now(), grace: 0, damagedAfter: 0 }

/** What a store refuses: names that are none, and everything once it is closed. */
export const closing: readonly ContractCase[] = [
  {
    title: 'what is not 64 lowercase hexadecimal digits is refused as a name, without any effect',
    async run({ store }) {
      for (const bad of NO_NAMES as readonly string[]) {
        await assertRefused(() => store.read(bad), 'ERR_SESSION_OPTION')
        let runs = 0
        const updating = () =>
          store.update(bad, () => {
            runs += 1
            return replaceBy(makeEntry())
          })
        await assertRefused(updating, 'ERR_SESSION_OPTION')
        equal(runs, 0, 'a change was run for a name that is none')
      }
      equal((await listEntries(store)).size, 0)
    },
  },
  {
    title: 'ready() can be called first, last, twice and at once, and changes nothing',
    async run({ store }) {
      await Promise.all([store.ready?.(), store.ready?.()])
      await putEntry(store, NAME, makeNumbered(1))
      await store.ready?.()
      equal(numberOf(await readEntry(store, NAME)), 1)
    },
  },
  {
    title: 'after close() every verb is refused, and no change is run',
    async run({ store }) {
      await putEntry(store, NAME, makeEntry(1))
      await store.close()
      let runs = 0
      const verbs: readonly (() => Promise<unknown>)[] = [
        () => store.read(NAME),
        () => store.read(NAME, 'a version'),
        () =>
          store.update(NAME, () => {
            runs += 1
            return replaceBy(makeEntry(2))
          }),
        () => listEntries(store),
        ...(store.sweep ? [async () => store.sweep?.(SWEEP_ALL)] : []),
        ...(store.ready ? [async () => store.ready?.()] : []),
      ]
      for (const verb of verbs) await assertRefused(verb, 'ERR_SESSION_CLOSED')
      equal(runs, 0, 'a change was run by a closed store')
    },
  },
  {
    title: 'a second close() does nothing, also at the same time',
    async run({ store }) {
      await putEntry(store, NAME, makeEntry(1))
      await Promise.all([store.close(), store.close()])
      await store.close()
      await assertRefused(() => store.read(NAME), 'ERR_SESSION_CLOSED')
    },
  },
  {
    title: 'a store that was never used can be closed',
    async run({ store }) {
      await store.close()
      await assertRefused(() => store.read(NAME), 'ERR_SESSION_CLOSED')
    },
  },
  {
    title: 'close() lets every update finish that was begun',
    async run({ store }) {
      const results: string[] = []
      const updates = Array.from({ length: 10 }, () =>
        store.update(NAME, addOne).then(
          () => results.push('done'),
          () => results.push('refused'),
        ),
      )
      await store.close()
      await setImmediate()
      deepEqual(results, Array(updates.length).fill('done'))
    },
  },
  {
    title: 'what was begun before close() is there for the next instance',
    needs: ['reopen'],
    async run({ store, reopen }) {
      const updates = Array.from({ length: 10 }, () => store.update(NAME, addOne))
      const settled = Promise.allSettled(updates)
      await store.close()
      const next = await reopen()
      equal(numberOf(await readEntry(next, NAME)), 10)
      await settled
    },
  },
]
