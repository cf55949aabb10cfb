import { equal, notEqual } from 'node:assert/strict'
import type { ContractCase } from './case.ts'
import { assertEntry, makeEntry, makeName, makeNumbered, numberOf } from './samples.ts'
import {
  addOne,
  findEntry,
  listEntries,
  peekEntry,
  putEntry,
  readEntry,
  removeEntry,
} from './verbs.ts'

const NAME = makeName(1)

/** What holds between two instances on the same data. */
export const sharing: readonly ContractCase[] = [
  {
    title: 'what one instance stored or removed the other sees at once',
    needs: ['reopen'],
    async run({ store, reopen }) {
      const other = await reopen()
      for (let number = 1; number <= 20; number += 1) {
        const [writer, reader] = number % 2 ? [store, other] : [other, store]
        await putEntry(writer, NAME, makeNumbered(number))
        equal(numberOf(await readEntry(reader, NAME)), number)
        equal(numberOf(await peekEntry(reader, NAME)), number)
      }
      await removeEntry(store, NAME)
      equal(await readEntry(other, NAME), undefined)
      equal(await peekEntry(other, NAME), undefined)
    },
  },
  {
    title: 'a version goes stale when another instance changes the entry',
    needs: ['reopen'],
    async run({ store, reopen }) {
      const other = await reopen()
      for (let number = 1; number <= 30; number += 1) {
        const entry = makeEntry(number)
        await putEntry(other, NAME, entry)
        const found = await findEntry(store, NAME)
        assertEntry(found?.entry, entry)
        await putEntry(other, NAME, makeEntry(number + 1000))
        notEqual(await store.read(NAME, found.version), 'unchanged')
      }
      const found = await findEntry(store, NAME)
      await removeEntry(other, NAME)
      equal(await store.read(NAME, found?.version), undefined)
    },
  },
  {
    title: 'instances that take turns add up',
    needs: ['reopen'],
    async run({ store, reopen }) {
      const other = await reopen()
      for (let turn = 0; turn < 20; turn += 1) {
        await (turn % 2 ? store : other).update(NAME, addOne)
      }
      equal(numberOf(await readEntry(store, NAME)), 20)
    },
  },
  {
    title: 'what was stored is there after all instances were closed',
    needs: ['reopen'],
    async run({ store, reopen }) {
      const entry = makeEntry(1)
      await putEntry(store, makeName(1), entry)
      await putEntry(store, makeName(2), makeEntry(2))
      await removeEntry(store, makeName(2))
      await store.close()
      const later = await reopen()
      assertEntry(await readEntry(later, makeName(1)), entry)
      equal(await readEntry(later, makeName(2)), undefined)
      equal((await listEntries(later)).size, 1)
    },
  },
  {
    title: 'one instance closed leaves the other open',
    needs: ['reopen'],
    async run({ store, reopen }) {
      const other = await reopen()
      await putEntry(store, NAME, makeNumbered(1))
      await store.close()
      await other.update(NAME, addOne)
      equal(numberOf(await readEntry(other, NAME)), 2)
    },
  },
]
