import { equal, ok } from 'node:assert/strict'
import type { Entry, Store, Version } from '../store.ts'
import type { ContractCase } from './case.ts'
import { assertEntry, makeBytes, makeEntry, makeName, REMOVE, replaceBy } from './samples.ts'
import { entryIn, findEntry, putEntry, readEntry, removeEntry } from './verbs.ts'

const NAME = makeName(1)

/** No store gives these out. */
const NO_VERSIONS: readonly Version[] = [
  'a version of nothing',
  Number.NaN,
  {},
  [],
  Symbol('version'),
  () => undefined,
]

const NO_NAMES: readonly unknown[] = ['', '../x', `${NAME}0`, '__proto__', undefined, null, [NAME]]

/** What `isCurrent()` may say. A store that has none keeps all of it. */
export const telling: readonly ContractCase[] = [
  {
    title: 'isCurrent() is true of the newest version at the most, and then a read says so too',
    async run({ store }) {
      const former: Version[] = []
      let entry: Entry = makeEntry(0)
      for (let round = 1; round <= 30; round += 1) {
        if (round % 3 === 0) entry = { ...entry, bytes: makeBytes(100, round) }
        if (round % 3 === 1) entry = { ...entry, expires: entry.expires + 1 }
        if (round % 3 === 2) entry = { ...entry, subject: `user-${round}` }
        const { version } = await store.update(NAME, () => replaceBy(entry))
        const newest = [version, (await findEntry(store, NAME))?.version].filter(
          (each) => each !== undefined,
        )
        for (const each of newest) {
          if (!isTold(store, NAME, each)) continue
          const answer = await store.read(NAME, each)
          if (answer !== 'unchanged') assertEntry(entryIn(answer), entry)
        }
        for (const each of former) ok(!isTold(store, NAME, each), 'an older version is not current')
        former.push(...newest)
      }
    },
  },
  {
    title: 'isCurrent() is false of what was removed, also when it is there anew',
    async run({ store }) {
      const entry = makeEntry(1)
      await putEntry(store, NAME, entry)
      const version = await versionOf(store)
      for (const change of [REMOVE, REMOVE, replaceBy(entry)]) {
        await store.update(NAME, () => change)
        ok(!isTold(store, NAME, version), `not current after ${change.kind}`)
      }
    },
  },
  {
    title: 'isCurrent() is false of the version of another name, there or not',
    async run({ store }) {
      const entry = makeEntry(1)
      await putEntry(store, NAME, entry)
      await putEntry(store, makeName(2), entry)
      const version = await versionOf(store)
      await readEntry(store, makeName(2))
      for (const number of [2, 3]) ok(!isTold(store, makeName(number), version))
    },
  },
  {
    title: 'isCurrent() is false of what is no name or no version, and does not throw',
    async run({ store }) {
      await putEntry(store, NAME, makeEntry(1))
      const version = await versionOf(store)
      for (const bad of NO_NAMES as readonly string[]) ok(!isTold(store, bad, version))
      for (const bad of NO_VERSIONS) {
        for (const number of [1, 2]) ok(!isTold(store, makeName(number), bad))
      }
    },
  },
  {
    title: 'isCurrent() is false as soon as another instance has changed or removed the entry',
    needs: ['reopen'],
    async run({ store, reopen }) {
      const other = await reopen()
      for (let round = 1; round <= 20; round += 1) {
        await putEntry(round % 2 ? store : other, NAME, makeEntry(round))
        const version = await versionOf(store)
        // Whoever remembers what he has read is asked for just that.
        isTold(store, NAME, version)
        if (round % 4 === 0) await removeEntry(other, NAME)
        else await putEntry(other, NAME, makeEntry(round + 1000))
        ok(!isTold(store, NAME, version), 'another instance has been there')
      }
    },
  },
  {
    title: 'isCurrent() is false of an entry that was found to be damaged',
    needs: ['damage'],
    async run({ store, damage }) {
      await putEntry(store, NAME, makeEntry(1))
      const version = await versionOf(store)
      await damage(NAME)
      ok(!isTold(store, NAME, version))
    },
  },
  {
    title: 'isCurrent() does not throw where the store cannot answer',
    needs: ['disable'],
    async run({ store, disable }) {
      await putEntry(store, NAME, makeEntry(1))
      const version = await versionOf(store)
      await disable()
      isTold(store, NAME, version)
      await store.read(NAME, version).catch(() => {})
      isTold(store, NAME, version)
    },
  },
  {
    title: 'isCurrent() is false from the call of close() on',
    async run({ store }) {
      await putEntry(store, NAME, makeEntry(1))
      const version = await versionOf(store)
      const closed = store.close()
      ok(!isTold(store, NAME, version), 'not once close() is called')
      await closed
      ok(!isTold(store, NAME, version), 'not once close() has resolved')
    },
  },
]

/** What `isCurrent()` says at once; false where there is none. */
function isTold(store: Store, name: string, version: Version): boolean {
  const answer: unknown = store.isCurrent?.(name, version) ?? false
  equal(typeof answer, 'boolean', 'expected isCurrent() to tell at once')
  return answer === true
}

async function versionOf(store: Store): Promise<Version> {
  const found = await findEntry(store, NAME)
  ok(found, 'what was stored is not there')
  return found.version
}
