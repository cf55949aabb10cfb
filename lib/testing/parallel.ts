import { deepEqual, equal, ok } from 'node:assert/strict'
import { setImmediate } from 'node:timers/promises'
import type { ChangeFunction, Found, Store, Version } from '../store.ts'
import type { ContractCase } from './case.ts'
import {
  assertEntry,
  KEEP,
  makeEntry,
  makeName,
  makeNumbered,
  numberOf,
  replaceBy,
} from './samples.ts'
import { addOne, findEntry, peekEntry, putEntry, readEntry, removeEntry } from './verbs.ts'

const NAME = makeName(1)

/** What holds when many work on one entry at once: through one instance, and through two. */
export const parallel: readonly ContractCase[] = [
  {
    title: '50 parallel updates of one entry count 50',
    run: ({ store }) => countTogether([store]),
  },
  {
    title: '50 parallel updates of one entry through two instances count 50',
    needs: ['reopen'],
    run: async ({ store, reopen }) => countTogether([store, await reopen()]),
  },
  {
    title: 'a change that throws fails alone among parallel ones',
    async run({ store }) {
      const reasons = Array.from({ length: 30 }, (_, index) => new Error(`thrown by ${index}`))
      const results = await Promise.allSettled(
        reasons.map((reason, index) =>
          store.update(NAME, (current) => {
            if (index % 3 === 0) throw reason
            return addOne(current)
          }),
        ),
      )
      for (const [index, result] of results.entries()) {
        equal(result.status, index % 3 === 0 ? 'rejected' : 'fulfilled')
        if (result.status === 'rejected') equal(result.reason, reasons[index])
      }
      equal(numberOf(await readEntry(store, NAME)), 20)
    },
  },
  {
    title: 'of parallel creators of one entry exactly one finds nothing there',
    run: ({ store }) => createTogether([store]),
  },
  {
    title:
      'of parallel creators of one entry through two instances exactly one finds nothing there',
    needs: ['reopen'],
    run: async ({ store, reopen }) => createTogether([store, await reopen()]),
  },
  {
    title: 'a removed entry stays removed while others save what they find',
    run: ({ store }) => removeWhileSaving(store, store),
  },
  {
    title: 'an entry removed through one instance stays removed while another saves what it finds',
    needs: ['reopen'],
    run: async ({ store, reopen }) => removeWhileSaving(store, await reopen()),
  },
  {
    title: 'parallel updates of many entries do not meet',
    async run({ store }) {
      const numbers = Array.from({ length: 40 }, (_, index) => index)
      await Promise.all(
        numbers.flatMap((number) => [
          putEntry(store, makeName(number), makeNumbered(number), { durable: number % 8 === 0 }),
          peekEntry(store, makeName(number + 1)),
        ]),
      )
      const read = await Promise.all(numbers.map((number) => readEntry(store, makeName(number))))
      deepEqual(read.map(numberOf), numbers)
    },
  },
  {
    title: 'a version given by parallel updates never stands for the entry of another',
    async run({ store }) {
      const entries = Array.from({ length: 20 }, (_, index) => makeEntry(index))
      const updated = await Promise.all(
        entries.map((entry) => store.update(NAME, () => replaceBy(entry))),
      )
      const newest = await readEntry(store, NAME)
      for (const [index, { version }] of updated.entries()) {
        if (version === undefined) continue
        const answer = await store.read(NAME, version)
        if (answer === 'unchanged') assertEntry(newest, entries[index] ?? makeEntry())
      }
    },
  },
  {
    title: 'reads during 300 replaces see whole entries and never go back in time',
    run: ({ store }) => readWhileReplacing(store, store),
  },
  {
    title: 'reads through one instance during 300 replaces through another never go back in time',
    needs: ['reopen'],
    run: async ({ store, reopen }) => readWhileReplacing(store, await reopen()),
  },
]

async function countTogether(stores: readonly Store[]): Promise<void> {
  const updates = Array.from({ length: 50 }, (_, index) =>
    pick(stores, index).update(NAME, addOne, { durable: index % 10 === 0 }),
  )
  await Promise.all(updates)
  for (const store of stores) equal(numberOf(await readEntry(store, NAME)), 50)
}

async function createTogether(stores: readonly Store[]): Promise<void> {
  const found = await Promise.all(
    Array.from({ length: 20 }, async (_, index) => {
      let seen: unknown
      await pick(stores, index).update(NAME, (current) => {
        seen = current
        return current === undefined ? replaceBy(makeNumbered(index)) : KEEP
      })
      return seen
    }),
  )
  equal(found.filter((seen) => seen === undefined).length, 1, 'one creator, no more and no fewer')
  for (const store of stores) {
    equal(numberOf(await readEntry(store, NAME)), found.indexOf(undefined))
  }
}

async function removeWhileSaving(remover: Store, saver: Store): Promise<void> {
  const save: ChangeFunction = (current) => (current === undefined ? KEEP : addOne(current))
  for (let round = 0; round < 20; round += 1) {
    const name = makeName(round)
    await putEntry(saver, name, makeNumbered(1))
    await Promise.all([
      saver.update(name, save),
      removeEntry(remover, name),
      saver.update(name, save),
      saver.update(name, save),
    ])
    equal(await readEntry(saver, name), undefined, 'a removed entry came back')
    equal(await peekEntry(remover, name), undefined, 'a removed entry came back')
  }
}

async function readWhileReplacing(writer: Store, reader: Store): Promise<void> {
  let written = 1
  let writing = true
  await putEntry(writer, NAME, makeNumbered(written))
  const follow = async (): Promise<void> => {
    let last = 0
    let known: Version | undefined
    while (writing) {
      // A store may answer without any I/O: only with a turn of the event loop each do reads and
      // writes take turns.
      await setImmediate()
      const atLeast = Math.max(last, written)
      const answer = await reader.read(NAME, known)
      if (answer !== 'unchanged') {
        ok(typeof answer === 'object', `expected an entry, got ${String(answer)}`)
        last = numberOf(answer.entry)
        known = answer.version
      }
      ok(last >= atLeast, 'a read gave an entry older than one that was already there')
    }
  }
  const replaceAll = async (): Promise<void> => {
    try {
      for (let number = 2; number <= 300; number += 1) {
        await setImmediate()
        await putEntry(writer, NAME, makeNumbered(number))
        written = number
      }
    } finally {
      writing = false
    }
  }
  await Promise.all([replaceAll(), follow(), follow(), follow()])
  const found: Found | undefined = await findEntry(reader, NAME)
  equal(numberOf(found?.entry), 300)
}

function pick(stores: readonly Store[], index: number): Store {
  return stores[index % stores.length] as Store
}
