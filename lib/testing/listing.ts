import { deepEqual, equal, ok } from 'node:assert/strict'
import type { ContractCase } from './case.ts'
import { makeEntry, makeName } from './samples.ts'
import { listEntries, peekEntry, putEntry, removeEntry } from './verbs.ts'

const NUMBERS = Array.from({ length: 30 }, (_, index) => index)

/** What `entries()` lists. */
export const listing: readonly ContractCase[] = [
  {
    title: 'an empty store lists nothing',
    async run({ store }) {
      equal((await listEntries(store)).size, 0)
    },
  },
  {
    title: 'every entry is listed once, with its expiry and its subject',
    async run({ store }) {
      for (const number of NUMBERS) {
        const subject = number % 2 ? `user-${number}` : undefined
        await putEntry(store, makeName(number), { ...makeEntry(number), expires: 2 ** 52, subject })
      }
      await removeEntry(store, makeName(0))
      await peekEntry(store, makeName(99))
      const listed = await listEntries(store)
      deepEqual([...listed.keys()].sort(), NUMBERS.slice(1).map(makeName).sort())
      for (const number of NUMBERS.slice(1)) {
        const line = listed.get(makeName(number))
        equal(line?.expires, 2 ** 52)
        equal(line?.subject, number % 2 ? `user-${number}` : undefined)
        equal(line?.damaged, undefined)
      }
    },
  },
  {
    title: 'a listing that is left early can be begun anew',
    async run({ store }) {
      for (const number of NUMBERS) await putEntry(store, makeName(number), makeEntry(number))
      for await (const line of store.entries()) {
        ok(line.name)
        break
      }
      equal((await listEntries(store)).size, NUMBERS.length)
    },
  },
  {
    title:
      'a listing shows each entry that was there all the time, whatever comes, goes and changes',
    async run({ store }) {
      for (const number of NUMBERS) await putEntry(store, makeName(number), makeEntry(number))
      const seen = new Set<string>()
      let step = 0
      for await (const { name } of store.entries()) {
        ok(!seen.has(name), 'an entry is listed twice')
        seen.add(name)
        await putEntry(store, makeName(15 + (step % 15)), makeEntry(step, 5000))
        if (step < 5) await removeEntry(store, makeName(step))
        if (step < 100) await putEntry(store, makeName(1000 + step), makeEntry(step))
        step += 1
      }
      for (const number of NUMBERS.slice(5)) ok(seen.has(makeName(number)), 'an entry is left out')
    },
  },
]
