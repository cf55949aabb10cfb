import { deepEqual, equal, ok } from 'node:assert/strict'
import { setTimeout } from 'node:timers/promises'
import type { Entry, Store, SweepOptions, SweepReport } from '../store.ts'
import type { ContractCase } from './case.ts'
import { assertEntry, KEEP, makeBytes, makeEntry, makeName, replaceBy } from './samples.ts'
import { findEntry, listEntries, peekEntry, putEntry, readEntry } from './verbs.ts'

const GRACE = 1000

/**
 * What `sweep()` removes, and what it says that it did. Its clock is a minute ahead, so that
 * nothing here has expired for a read.
 */
export const sweeping: readonly ContractCase[] = [
  {
    title: 'a sweep removes what expired the grace time ago or more, and nothing else',
    needs: ['sweep'],
    async run({ store }) {
      const now = aMinuteAhead()
      const ages = [GRACE + 1, GRACE, GRACE - 1, 0, -1]
      for (const [index, age] of ages.entries())
        await putEntry(store, makeName(index), old(age, now))
      const report = await sweep(store, { now, grace: GRACE })
      const { scanned, removed, damaged, failed, skipped } = report
      deepEqual(
        { scanned, removed, damaged, failed, skipped },
        { scanned: 5, removed: 2, damaged: 0, failed: 0, skipped: false },
      )
      ok(Number.isInteger(report.litter) && report.litter >= 0, 'litter is a count')
      for (const [index, age] of ages.entries()) {
        const entry = await readEntry(store, makeName(index))
        if (age < GRACE) assertEntry(entry, old(age, now))
        else equal(entry, undefined)
      }
    },
  },
  {
    title: 'a sweep without grace removes what expires at this very moment',
    needs: ['sweep'],
    async run({ store }) {
      const now = aMinuteAhead()
      await putEntry(store, makeName(1), old(0, now))
      await putEntry(store, makeName(2), old(-1, now))
      equal((await sweep(store, { now, grace: 0 })).removed, 1)
      deepEqual([...(await listEntries(store)).keys()], [makeName(2)])
    },
  },
  {
    title: 'a sweep of an empty store finds nothing to do, and so does a second one',
    needs: ['sweep'],
    async run({ store }) {
      const now = aMinuteAhead()
      deepEqual(counts(await sweep(store, { now })), [0, 0])
      await putEntry(store, makeName(1), old(GRACE, now))
      deepEqual(counts(await sweep(store, { now })), [1, 1])
      deepEqual(counts(await sweep(store, { now })), [0, 0])
    },
  },
  {
    title: 'what a sweep removed is gone for whoever knows its version',
    needs: ['sweep'],
    async run({ store }) {
      const now = aMinuteAhead()
      await putEntry(store, makeName(1), old(GRACE, now))
      const found = await findEntry(store, makeName(1))
      await sweep(store, { now })
      equal(await store.read(makeName(1), found?.version), undefined)
      equal(await peekEntry(store, makeName(1)), undefined)
    },
  },
  {
    title: 'a sweep that is called off before it began removes nothing',
    needs: ['sweep'],
    async run({ store }) {
      const now = aMinuteAhead()
      await putEntry(store, makeName(1), old(GRACE, now))
      equal((await sweep(store, { now, signal: AbortSignal.abort() })).removed, 0)
      ok(await readEntry(store, makeName(1)))
    },
  },
  {
    title: 'a sweep never removes an entry that was renewed meanwhile',
    needs: ['sweep'],
    async run({ store }) {
      const now = aMinuteAhead()
      const names = Array.from({ length: 30 }, (_, index) => makeName(index))
      for (const name of names) await putEntry(store, name, old(GRACE, now))
      const live = makeEntry(1)
      const renewed = new Set<string>()
      const renew = (name: string) =>
        store.update(name, (current) => {
          renewed.delete(name)
          if (current === undefined) return KEEP
          renewed.add(name)
          return replaceBy(live)
        })
      await Promise.all([sweep(store, { now }), ...names.map(renew)])
      for (const name of names) {
        if (renewed.has(name)) assertEntry(await readEntry(store, name), live)
        else equal(await readEntry(store, name), undefined)
      }
    },
  },
  {
    title: 'two sweeps at once remove each entry once',
    needs: ['sweep'],
    async run({ store }) {
      const now = aMinuteAhead()
      for (let number = 0; number < 20; number += 1) {
        await putEntry(store, makeName(number), old(GRACE, now))
      }
      const reports = await Promise.all([sweep(store, { now }), sweep(store, { now })])
      for (const report of reports) if (report.skipped) deepEqual(counts(report), [0, 0])
      ok(!reports.every((report) => report.skipped), 'both sweeps were skipped')
      const left = (await listEntries(store)).size
      equal(reports.reduce((sum, report) => sum + report.removed, 0) + left, 20)
      equal((await sweep(store, { now })).removed, left)
      equal((await listEntries(store)).size, 0)
    },
  },
  {
    title: 'a sweep leaves a damaged entry alone until its time, and then removes it',
    needs: ['sweep', 'damage'],
    async run({ store, damage }) {
      const now = aMinuteAhead()
      const live = makeEntry(2)
      await putEntry(store, makeName(1), makeEntry(1))
      await putEntry(store, makeName(2), live)
      await damage(makeName(1))
      const early = await sweep(store, { now, damagedAfter: 3_600_000 })
      deepEqual([early.removed, early.damaged, early.failed], [0, 1, 0])
      equal(await store.read(makeName(1)), 'damaged')
      // A store measures this time by a clock of its own, as that of the file system, which may be
      // some milliseconds behind.
      let removed = 0
      for (let attempt = 0; attempt < 100 && removed === 0; attempt += 1) {
        removed = (await sweep(store, { now, damagedAfter: 0 })).removed
        await setTimeout(10)
      }
      equal(removed, 1)
      equal(await store.read(makeName(1)), undefined)
      assertEntry(await readEntry(store, makeName(2)), live)
    },
  },
]

// Near enough to the real time that a store on the look-out for a clock that jumps has no reason to
// skip.
function aMinuteAhead(): number {
  return Date.now() + 60_000
}

function old(age: number, now: number): Entry {
  return { bytes: makeBytes(100, 1), expires: now - age }
}

function sweep(
  store: Store,
  options: Partial<SweepOptions> & { now: number },
): Promise<SweepReport> {
  ok(store.sweep, 'the store has no sweep(): say so with `sweeps: false`')
  return store.sweep({ grace: GRACE, damagedAfter: 3_600_000, ...options })
}

function counts({ scanned, removed }: SweepReport): readonly number[] {
  return [scanned, removed]
}
