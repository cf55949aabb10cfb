import { deepEqual, equal, ok } from 'node:assert/strict'
import type { ContractCase } from './case.ts'
import { assertEntry, KEEP, makeEntry, makeName, replaceBy } from './samples.ts'
import {
  assertRefused,
  entryIn,
  findEntry,
  listEntries,
  peekEntry,
  putEntry,
  readEntry,
  removeEntry,
} from './verbs.ts'

const NAME = makeName(1)

const UNAVAILABLE = [
  'ERR_SESSION_STORE',
  'ERR_SESSION_LOCK_TIMEOUT',
  'ERR_SESSION_DIRECTORY',
] as const

/** What a store says of an entry that it cannot read, and when it cannot answer at all. */
export const failing: readonly ContractCase[] = [
  {
    title: 'a damaged entry is damaged to a read and to a change, and stays as it is',
    needs: ['damage'],
    async run({ store, damage }) {
      await putEntry(store, NAME, makeEntry(1))
      const found = await findEntry(store, NAME)
      await damage(NAME)
      equal(await store.read(NAME), 'damaged')
      equal(await store.read(NAME, found?.version), 'damaged')
      equal(await peekEntry(store, NAME), 'damaged')
      equal(await store.read(NAME), 'damaged')
    },
  },
  {
    title: 'a damaged entry is not replaced',
    needs: ['damage'],
    async run({ store, damage }) {
      await putEntry(store, NAME, makeEntry(1))
      await damage(NAME)
      for (const options of [{}, { durable: true }]) {
        const replacing = () => store.update(NAME, () => replaceBy(makeEntry(2)), options)
        await assertRefused(replacing, 'ERR_SESSION_STORE')
        equal(await store.read(NAME), 'damaged')
      }
    },
  },
  {
    title: 'a damaged entry can be removed',
    needs: ['damage'],
    async run({ store, damage }) {
      await putEntry(store, NAME, makeEntry(1))
      await damage(NAME)
      await removeEntry(store, NAME)
      equal(await store.read(NAME), undefined)
      equal((await listEntries(store)).size, 0)
    },
  },
  {
    title: 'a damaged entry leaves the others as they are',
    needs: ['damage'],
    async run({ store, damage }) {
      const entry = makeEntry(2)
      await putEntry(store, NAME, makeEntry(1))
      await putEntry(store, makeName(2), entry)
      await damage(NAME)
      assertEntry(await readEntry(store, makeName(2)), entry)
    },
  },
  {
    title: 'a damaged entry is listed as damaged, with 0 for its expiry',
    needs: ['damage'],
    async run({ store, damage }) {
      const entry = makeEntry(2)
      await putEntry(store, NAME, makeEntry(1))
      await putEntry(store, makeName(2), entry)
      await damage(NAME)
      const listed = await listEntries(store)
      deepEqual([...listed.keys()].sort(), [NAME, makeName(2)].sort())
      deepEqual([listed.get(NAME)?.damaged, listed.get(NAME)?.expires], [true, 0])
      equal(listed.get(makeName(2))?.damaged, undefined)
      equal(listed.get(makeName(2))?.expires, entry.expires)
    },
  },
  {
    title: 'a store that cannot answer says so, and never that an entry is missing',
    needs: ['disable'],
    async run({ store, disable }) {
      const entry = makeEntry(1)
      await putEntry(store, NAME, entry)
      const found = await findEntry(store, NAME)
      await disable()
      await assertRefused(() => store.read(makeName(2)), ...UNAVAILABLE)
      // A copy in memory is an answer too, as long as it is the right one.
      const answer = await store.read(NAME, found?.version).catch((error: unknown) => error)
      if (answer instanceof Error) await assertRefused(() => Promise.reject(answer), ...UNAVAILABLE)
      else if (answer !== 'unchanged') assertEntry(entryIn(answer), entry)
    },
  },
  {
    title: 'a store that cannot answer changes nothing and lists nothing, but rejects',
    needs: ['disable'],
    async run({ store, disable }) {
      await putEntry(store, NAME, makeEntry(1))
      await disable()
      for (const name of [NAME, makeName(2)]) {
        for (const change of [replaceBy(makeEntry(3)), { kind: 'remove' } as const]) {
          await assertRefused(() => store.update(name, () => change), ...UNAVAILABLE)
        }
      }
      let wasMissing = false
      const look = () =>
        store.update(NAME, (current) => {
          wasMissing = current === undefined
          return KEEP
        })
      await look().catch(() => {})
      ok(!wasMissing, 'a change was told that an entry is missing')
      await assertRefused(() => listEntries(store), ...UNAVAILABLE)
    },
  },
]
