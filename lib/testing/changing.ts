import { deepEqual, equal, ok, rejects } from 'node:assert/strict'
import type { Entry } from '../store.ts'
import type { ContractCase } from './case.ts'
import { createGate } from './gate.ts'
import {
  assertEntry,
  KEEP,
  makeEntry,
  makeName,
  makeNumbered,
  numberOf,
  REMOVE,
  replaceBy,
} from './samples.ts'
import { listEntries, peekEntry, putEntry, readEntry, removeEntry } from './verbs.ts'

const NAME = makeName(1)

/** What one `update()` does with each answer of its `change`. */
export const changing: readonly ContractCase[] = [
  {
    title: 'replace creates what is missing, durable or not',
    async run({ store }) {
      for (const [index, options] of [undefined, {}, { durable: true }].entries()) {
        const entry = makeEntry(index)
        await putEntry(store, makeName(index), entry, options)
        assertEntry(await readEntry(store, makeName(index)), entry)
      }
    },
  },
  {
    title: 'a change is given the newest entry, whole',
    async run({ store }) {
      for (const number of [1, 2, 3]) {
        await putEntry(store, NAME, makeNumbered(number), { durable: number === 2 })
        equal(numberOf(await peekEntry(store, NAME)), number)
      }
    },
  },
  {
    title: 'keep writes nothing',
    async run({ store }) {
      await peekEntry(store, NAME)
      equal(await readEntry(store, NAME), undefined)
      deepEqual([...(await listEntries(store)).keys()], [])
      const entry = makeEntry(1)
      await putEntry(store, NAME, entry)
      await peekEntry(store, NAME)
      assertEntry(await readEntry(store, NAME), entry)
    },
  },
  {
    title: 'remove removes, also durably',
    async run({ store }) {
      for (const [index, options] of [undefined, { durable: true }].entries()) {
        await putEntry(store, makeName(index), makeEntry(index))
        await store.update(makeName(index), () => REMOVE, options)
        equal(await readEntry(store, makeName(index)), undefined)
        equal(await peekEntry(store, makeName(index)), undefined)
      }
      deepEqual([...(await listEntries(store)).keys()], [])
    },
  },
  {
    title: 'removing what is missing succeeds, once or twice',
    async run({ store }) {
      await removeEntry(store, NAME)
      await putEntry(store, NAME, makeEntry(1))
      await removeEntry(store, NAME)
      await removeEntry(store, NAME)
      equal(await readEntry(store, NAME), undefined)
    },
  },
  {
    title: 'an entry removed is gone alone',
    async run({ store }) {
      const entry = makeEntry(2)
      await putEntry(store, makeName(1), makeEntry(1))
      await putEntry(store, makeName(2), entry)
      await removeEntry(store, makeName(1))
      assertEntry(await readEntry(store, makeName(2)), entry)
    },
  },
  {
    title: 'the error of a change that throws is passed on as it is, and nothing is written',
    async run({ store }) {
      const entry = makeEntry(1)
      const reason = new RangeError('thrown by the change')
      const throwing = (): never => {
        throw reason
      }
      await rejects(store.update(NAME, throwing), (error) => error === reason)
      equal(await readEntry(store, NAME), undefined)
      await putEntry(store, NAME, entry)
      await rejects(store.update(NAME, throwing, { durable: true }), (error) => error === reason)
      assertEntry(await readEntry(store, NAME), entry)
      equal((await listEntries(store)).size, 1)
    },
  },
  {
    title: 'after a change that threw the next one works',
    async run({ store }) {
      const failing = store.update(NAME, () => {
        throw new Error('thrown by the change')
      })
      await rejects(failing)
      await putEntry(store, NAME, makeNumbered(4))
      equal(numberOf(await readEntry(store, NAME)), 4)
    },
  },
  {
    title: 'again runs the change once more, on what is the newest entry when after has settled',
    async run({ store }) {
      await putEntry(store, NAME, makeNumbered(1))
      const gate = createGate()
      const seen: number[] = []
      let begun = (): void => {}
      const first = new Promise<void>((resolve) => {
        begun = resolve
      })
      const updated = store.update(NAME, (current) => {
        seen.push(numberOf(current))
        ok(seen.length < 1000, 'the change runs again before after has settled')
        begun()
        if (!gate.isOpen()) return { kind: 'again', after: gate.opened }
        return replaceBy(makeNumbered(numberOf(current) + 10))
      })
      await Promise.race([first, updated])
      await putEntry(store, NAME, makeNumbered(2))
      equal(numberOf(await readEntry(store, NAME)), 2)
      gate.open()
      await updated
      deepEqual([seen[0], seen.at(-1)], [1, 2])
      equal(numberOf(await readEntry(store, NAME)), 12)
    },
  },
  {
    title: 'again runs the change once more when after rejects',
    async run({ store }) {
      const after = Promise.reject(new Error('the reason does not matter'))
      after.catch(() => {})
      let runs = 0
      await store.update(NAME, () => {
        runs += 1
        return runs === 1 ? { kind: 'again', after } : replaceBy(makeNumbered(runs))
      })
      equal(numberOf(await readEntry(store, NAME)), runs)
      ok(runs > 1)
    },
  },
  {
    title: 'again followed by keep or by an error writes nothing',
    async run({ store }) {
      await putEntry(store, NAME, makeNumbered(1))
      let asked = false
      const askOnce = (then: () => typeof KEEP) => () => {
        if (asked) return then()
        asked = true
        return { kind: 'again', after: Promise.resolve() } as const
      }
      await store.update(
        NAME,
        askOnce(() => KEEP),
      )
      asked = false
      const reason = new Error('thrown by the change')
      const failing = store.update(
        NAME,
        askOnce(() => {
          throw reason
        }),
      )
      await rejects(failing, (error) => error === reason)
      equal(numberOf(await readEntry(store, NAME)), 1)
    },
  },
  {
    title: 'the buffer of a caller can be used again once update() has resolved',
    async run({ store }) {
      // A window on a larger buffer, as Buffer.from() gives: only the window is the entry.
      const bytes = Buffer.alloc(64, 1).subarray(8, 24)
      const entry: Entry = { bytes, expires: makeEntry().expires }
      await putEntry(store, NAME, entry)
      bytes.fill(2)
      const stored = { ...entry, bytes: Buffer.alloc(16, 1) }
      assertEntry(await readEntry(store, NAME), stored)
      assertEntry(await peekEntry(store, NAME), stored)
    },
  },
  {
    title: 'what a store gave out can be written on, and the store does not see it',
    async run({ store }) {
      await putEntry(store, NAME, makeNumbered(1))
      for (const look of [readEntry, peekEntry, readEntry, peekEntry]) {
        const given = await look(store, NAME)
        assertEntry(given, makeNumbered(1))
        given.bytes.fill(0)
      }
    },
  },
]
