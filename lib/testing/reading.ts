import { equal, notEqual, ok } from 'node:assert/strict'
import type { Entry } from '../store.ts'
import type { ContractCase } from './case.ts'
import { assertEntry, KEEP, makeBytes, makeEntry, makeName, replaceBy } from './samples.ts'
import { entryIn, findEntry, peekEntry, putEntry, readEntry, removeEntry } from './verbs.ts'

const LENGTHS = [0, 1, 2047, 2048, 2049, 4095, 4096, 4097, 16_384, 65_535, 65_536, 70_000]

const PRINTABLE = Array.from({ length: 95 }, (_, index) => String.fromCharCode(32 + index)).join('')

const SUBJECTS = ['u', PRINTABLE.slice(0, 64), PRINTABLE.slice(-64), '0', undefined]

/** What `read()` gives back, and what its versions promise. */
export const reading: readonly ContractCase[] = [
  {
    title: 'what was never stored is undefined, to a read and to a change',
    async run({ store }) {
      equal(await store.read(makeName(1)), undefined)
      equal(await store.read(makeName(1), 'a version of nothing'), undefined)
      equal(await peekEntry(store, makeName(1)), undefined)
    },
  },
  {
    title: 'entries of 0 to 70,000 bytes come back byte for byte',
    async run({ store }) {
      for (const [index, length] of LENGTHS.entries()) {
        await putEntry(store, makeName(index), makeEntry(index, length))
      }
      for (const [index, length] of LENGTHS.entries()) {
        const entry = await readEntry(store, makeName(index))
        ok(entry && Buffer.compare(entry.bytes, makeBytes(length, index)) === 0, `${length} bytes`)
      }
    },
  },
  {
    title: 'an expiry comes back to the millisecond, up to 2^53 - 1',
    async run({ store }) {
      const soon = Date.now() + 3_600_000
      for (const [index, expires] of [soon, soon + 1, 2 ** 53 - 2, 2 ** 53 - 1].entries()) {
        const entry = { bytes: makeBytes(10), expires }
        await putEntry(store, makeName(index), entry)
        assertEntry(await readEntry(store, makeName(index)), entry)
        assertEntry(await peekEntry(store, makeName(index)), entry)
      }
    },
  },
  {
    title:
      'a subject of up to 64 printable ASCII characters comes back, and goes when it is left out',
    async run({ store }) {
      for (const [index, subject] of SUBJECTS.entries()) {
        const entry = { ...makeEntry(index), subject }
        await putEntry(store, makeName(1), entry)
        assertEntry(await readEntry(store, makeName(1)), entry)
      }
    },
  },
  {
    title: 'an entry that has expired is given back whole or is gone, and can be replaced',
    async run({ store }) {
      for (const [index, expires] of [0, 1, Date.now() - 1].entries()) {
        const expired = { bytes: makeBytes(50, index), expires }
        await putEntry(store, makeName(index), expired)
        const entry = await readEntry(store, makeName(index))
        if (entry) assertEntry(entry, expired)
        const live = makeEntry(index)
        await putEntry(store, makeName(index), live)
        assertEntry(await readEntry(store, makeName(index)), live)
      }
    },
  },
  {
    title: 'an entry replaced by a shorter or a longer one leaves nothing of itself',
    async run({ store }) {
      for (const [index, length] of [3000, 3, 20_000, 0, 5000].entries()) {
        const entry = makeEntry(index, length)
        await putEntry(store, makeName(1), entry)
        assertEntry(await readEntry(store, makeName(1)), entry)
        assertEntry(await peekEntry(store, makeName(1)), entry)
      }
    },
  },
  {
    title: 'a read with the version it gave answers unchanged or the same entry',
    async run({ store }) {
      const entry = makeEntry(1)
      await putEntry(store, makeName(1), entry)
      const found = await findEntry(store, makeName(1))
      const again = await store.read(makeName(1), found?.version)
      if (again !== 'unchanged') assertEntry(entryIn(again), entry)
    },
  },
  {
    title: 'a version is stale as soon as the bytes, the expiry or the subject are others',
    async run({ store }) {
      let entry: Entry = makeEntry(0)
      await putEntry(store, makeName(1), entry)
      for (let round = 1; round <= 60; round += 1) {
        const found = await findEntry(store, makeName(1))
        if (round % 3 === 0) entry = { ...entry, bytes: makeBytes(100, round) }
        if (round % 3 === 1) entry = { ...entry, expires: entry.expires + 1 }
        if (round % 3 === 2) entry = { ...entry, subject: `user-${round}` }
        await putEntry(store, makeName(1), entry)
        const answer = await store.read(makeName(1), found?.version)
        notEqual(answer, 'unchanged', 'unchanged was answered for an entry that had changed')
        assertEntry(entryIn(answer), entry)
      }
    },
  },
  {
    title: 'a version is stale when its entry was removed',
    async run({ store }) {
      await putEntry(store, makeName(1), makeEntry(1))
      const found = await findEntry(store, makeName(1))
      await removeEntry(store, makeName(1))
      equal(await store.read(makeName(1), found?.version), undefined)
    },
  },
  {
    title: 'a version given by update() stands for the entry that it stored or kept',
    async run({ store }) {
      let entry = makeEntry(1)
      for (const change of [replaceBy(entry), KEEP]) {
        const { version } = await store.update(makeName(1), () => change)
        if (version === undefined) continue
        const answer = await store.read(makeName(1), version)
        if (answer !== 'unchanged') assertEntry(entryIn(answer), entry)
        entry = makeEntry(2)
        await putEntry(store, makeName(1), entry)
        const later = await store.read(makeName(1), version)
        notEqual(later, 'unchanged', 'unchanged was answered for an entry that had changed')
      }
    },
  },
  {
    title: 'update() gives no version when there is no entry',
    async run({ store }) {
      equal((await store.update(makeName(1), () => KEEP)).version, undefined)
      await putEntry(store, makeName(1), makeEntry(1))
      equal((await store.update(makeName(1), () => ({ kind: 'remove' }))).version, undefined)
    },
  },
]
