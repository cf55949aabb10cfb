import { equal, ok } from 'node:assert/strict'
import type { Store, Version } from '../store.ts'
import type { ContractCase } from './case.ts'
import { createGate } from './gate.ts'
import { KEEP, makeEntry, makeName, makeNumbered, numberOf, replaceBy } from './samples.ts'
import { addOne, entryIn, findEntry, putEntry, removeEntry } from './verbs.ts'

const NAME = makeName(1)

/** What holds of the version that a change is given. A store that gives none keeps all of it. */
export const versioning: readonly ContractCase[] = [
  {
    title:
      'a version that a change is given stands for the entry beside it, as that of a read does',
    async run({ store }) {
      const versions = new KnownVersions()
      for (let number = 1; number <= 20; number += 1) {
        const { version } = await store.update(NAME, () => replaceBy(makeNumbered(number)))
        versions.note(version, number)
        if (number % 2) versions.note((await findEntry(store, NAME))?.version, number)
        const given = await peekVersion(store)
        versions.note(given, number)
        if (given === undefined) continue
        const answer = await store.read(NAME, given)
        if (answer !== 'unchanged') equal(numberOf(entryIn(answer)), number)
      }
    },
  },
  {
    title: 'a change is given no version where there is no entry',
    async run({ store }) {
      equal(await peekVersion(store), undefined)
      await putEntry(store, NAME, makeEntry(1))
      await peekVersion(store)
      await removeEntry(store, NAME)
      equal(await peekVersion(store), undefined)
    },
  },
  {
    title: 'a change is given no version of a damaged entry',
    needs: ['damage'],
    async run({ store, damage }) {
      await putEntry(store, NAME, makeEntry(1))
      await peekVersion(store)
      await damage(NAME)
      equal(await peekVersion(store), undefined)
    },
  },
  {
    title: 'of changes made at once, those that are given one version are given one entry',
    run: ({ store }) => changeTogether([store]),
  },
  {
    title:
      'of changes made at once through two instances, those that are given one version are given one entry',
    needs: ['reopen'],
    run: async ({ store, reopen }) => changeTogether([store, await reopen()]),
  },
  {
    title: 'a change that runs again is given the version of what is newest by then, or none',
    async run({ store }) {
      const versions = new KnownVersions()
      const gate = createGate()
      const begun = createGate()
      let last = 0
      await putEntry(store, NAME, makeNumbered(1))
      const updated = store.update(NAME, (current, version) => {
        last = numberOf(current)
        versions.note(version, last)
        begun.open()
        return gate.isOpen() ? KEEP : { kind: 'again', after: gate.opened }
      })
      await Promise.race([begun.opened, updated])
      await putEntry(store, NAME, makeNumbered(2))
      gate.open()
      await updated
      equal(last, 2)
    },
  },
]

/** What each version that a store gave out stood for. */
class KnownVersions {
  readonly #numbers = new Map<Version, number>()

  /** Fails when `version` stood for another entry than that of `number`. */
  note(version: Version | undefined, number: number): void {
    if (version === undefined) return
    const known = this.#numbers.get(version) ?? number
    equal(number, known, 'a version was given with another entry than its own')
    this.#numbers.set(version, number)
  }
}

/** The version that a change is given, if any. */
async function peekVersion(store: Store): Promise<Version | undefined> {
  let given: Version | undefined
  await store.update(NAME, (_, version) => {
    given = version
    return KEEP
  })
  return given
}

async function changeTogether(stores: readonly Store[]): Promise<void> {
  const versions = new KnownVersions()
  await Promise.all(stores.map((store) => store.update(NAME, addOne)))
  const updates = Array.from({ length: 30 }, async (_, index) => {
    const store = stores[index % stores.length]
    let number = 0
    const updated = await store?.update(NAME, (current, version) => {
      number = numberOf(current)
      versions.note(version, number)
      if (index % 5 === 0) return KEEP
      number += 1
      return replaceBy(makeNumbered(number))
    })
    versions.note(updated?.version, number)
  })
  await Promise.all(updates)
  ok(numberOf((await findEntry(stores[0] as Store, NAME))?.entry) === 24 + stores.length)
}
