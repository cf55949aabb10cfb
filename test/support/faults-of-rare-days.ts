import { setImmediate } from 'node:timers/promises'
import { SessionError } from '../../lib/errors.ts'
import type { Store, SweepOptions, SweepReport } from '../../lib/store.ts'
import { answering, type Fault, reading, type Spoil, showing } from './spoiled-store.ts'

const DAMAGED = 'a damaged entry is damaged to a read and to a change, and stays as it is'
const NOT_MISSING = 'a store that cannot answer says so, and never that an entry is missing'
const NO_CHANGE = 'a store that cannot answer changes nothing and lists nothing, but rejects'
const LISTED = 'every entry is listed once, with its expiry and its subject'
const GRACE = 'a sweep removes what expired the grace time ago or more, and nothing else'
const NO_GRACE = 'a sweep without grace removes what expires at this very moment'
const DOUBTFUL = 'a sweep leaves a damaged entry alone until its time, and then removes it'
const NO_NAME =
  'what is not 64 lowercase hexadecimal digits is refused as a name, without any effect'
const CLOSED = 'after close() every verb is refused, and no change is run'
const CLOSED_TWICE = 'a second close() does nothing, also at the same time'
const UNUSED = 'a store that was never used can be closed'

const sweepingWith =
  (alter: (options: SweepOptions) => SweepOptions): Spoil =>
  (right) => ({ sweep: (options) => right.sweep(alter(options)) })

const reporting =
  (alter: (report: SweepReport) => SweepReport): Spoil =>
  (right) => ({ sweep: async (options) => alter(await right.sweep(options)) })

const listing =
  (list: (entries: Store['entries'], size: () => number) => ReturnType<Store['entries']>): Spoil =>
  (right, table) => ({
    entries: () =>
      list(
        () => right.entries(),
        () => table.rows.size,
      ),
  })

/** Stores that are wrong about damage, failure, listing, sweeping and closing. */
export const faultsOfRareDays: readonly Fault[] = [
  {
    fault: 'missing instead of damaged, to a change',
    spoil: (right) => showing(right, (current) => (current === 'damaged' ? undefined : current)),
    caughtBy: [DAMAGED],
  },
  {
    fault: 'damaged entries that are removed when they are seen',
    spoil: (right, table) => ({
      read: async (name) => {
        const answer = await right.read(name)
        if (answer === 'damaged') table.rows.delete(name)
        return answer
      },
    }),
    caughtBy: [DAMAGED, 'a damaged entry is not replaced', DOUBTFUL],
  },
  {
    fault: 'damaged entries that are replaced',
    spoil: (right, table) => ({
      update: async (name, change) => {
        if ((await right.read(name)) === 'damaged') table.rows.delete(name)
        return right.update(name, change)
      },
    }),
    caughtBy: ['a damaged entry is not replaced', DAMAGED],
  },
  {
    fault: 'damaged entries that cannot be removed',
    spoil: (right) =>
      answering(right, (answer, current) => {
        if (current === 'damaged') throw new SessionError('ERR_SESSION_STORE', 'It is damaged')
        return answer
      }),
    caughtBy: ['a damaged entry can be removed'],
  },
  {
    fault: 'one damaged entry that spoils the others',
    spoil: (right, table) =>
      reading(right, (found) =>
        [...table.rows.values()].some((row) => Number.isNaN(row.expires)) ? 'damaged' : found,
      ),
    caughtBy: ['a damaged entry leaves the others as they are'],
  },
  {
    fault: 'damaged entries that are not listed',
    spoil: listing(async function* (entries) {
      for await (const line of entries()) if (!line.damaged) yield line
    }),
    caughtBy: ['a damaged entry is listed as damaged, with 0 for its expiry'],
  },
  {
    fault: 'missing instead of an error',
    spoil: (right) => ({
      read: (name) => right.read(name).catch(() => undefined),
      entries: async function* () {
        yield* []
      },
    }),
    caughtBy: [NOT_MISSING, NO_CHANGE],
  },
  {
    fault: 'a change that is told missing instead of an error',
    spoil: (right) => ({
      update: (name, change) =>
        right.update(name, change).catch((error: unknown) => {
          change(undefined)
          throw error
        }),
    }),
    caughtBy: [NO_CHANGE],
  },
  {
    fault: 'errors of the client beneath',
    spoil: (right) => ({
      read: (name) =>
        right.read(name).catch((error: Error) => {
          throw error.cause
        }),
    }),
    caughtBy: [NOT_MISSING],
  },
  {
    fault: 'an error for an empty list',
    spoil: listing(async function* (entries, size) {
      if (size() === 0) throw new Error('ENOENT')
      yield* entries()
    }),
    caughtBy: ['an empty store lists nothing'],
  },
  {
    fault: 'entries listed twice and without their subject',
    spoil: listing(async function* (entries) {
      for await (const { name, expires } of entries())
        yield* [
          { name, expires },
          { name, expires },
        ]
    }),
    caughtBy: [LISTED],
  },
  {
    fault: 'a listing that blocks the next one when it is left',
    spoil: (right) => {
      let isListing = false
      return {
        async *entries() {
          if (isListing) throw new Error('busy')
          isListing = true
          yield* right.entries()
          isListing = false
        },
      }
    },
    caughtBy: ['a listing that is left early can be begun anew'],
  },
  {
    fault: 'a listing that ends when something changes',
    spoil: listing(async function* (entries, size) {
      const before = size()
      for await (const line of entries()) {
        if (size() !== before) return
        yield line
      }
    }),
    caughtBy: [
      'a listing shows each entry that was there all the time, whatever comes, goes and changes',
    ],
  },
  {
    fault: 'a sweep a millisecond too late',
    spoil: sweepingWith((options) => ({ ...options, grace: options.grace + 1 })),
    caughtBy: [GRACE, NO_GRACE],
  },
  {
    fault: 'a sweep without grace',
    spoil: sweepingWith((options) => ({ ...options, grace: 0 })),
    caughtBy: [GRACE],
  },
  {
    fault: 'a sweep that counts one too many',
    spoil: reporting((report) => ({ ...report, scanned: report.scanned + 1 })),
    caughtBy: ['a sweep of an empty store finds nothing to do, and so does a second one', GRACE],
  },
  {
    fault: 'a sweep that does not sweep',
    spoil: () => ({
      sweep: async () => {
        return { scanned: 0, removed: 0, damaged: 0, litter: 0, failed: 0, skipped: true }
      },
    }),
    caughtBy: [
      GRACE,
      NO_GRACE,
      DOUBTFUL,
      'what a sweep removed is gone for whoever knows its version',
      'two sweeps at once remove each entry once',
    ],
  },
  {
    fault: 'a sweep that cannot be called off',
    spoil: sweepingWith((options) => ({ ...options, signal: undefined })),
    caughtBy: ['a sweep that is called off before it began removes nothing'],
  },
  {
    fault: 'a sweep that looks, and later removes',
    spoil: (_right, table) => ({
      sweep: async ({ now, grace }) => {
        const due = [...table.rows.values()].filter((row) => now - row.expires >= grace)
        for (let turn = 0; turn < 5; turn += 1) await setImmediate()
        for (const { name } of due) table.rows.delete(name)
        const [scanned, removed] = [due.length, due.length]
        return { scanned, removed, damaged: 0, litter: 0, failed: 0, skipped: false }
      },
    }),
    caughtBy: [
      'a sweep never removes an entry that was renewed meanwhile',
      'two sweeps at once remove each entry once',
    ],
  },
  {
    fault: 'a sweep that removes what is damaged at once',
    spoil: sweepingWith((options) => ({ ...options, damagedAfter: 0 })),
    caughtBy: [DOUBTFUL],
  },
  {
    fault: 'any text for a name',
    spoil: (right) => {
      const pad = (name: string): string => Buffer.from(`${name}`).toString('hex').padEnd(64, '0')
      return {
        read: (name) => right.read(pad(name).slice(0, 64)),
        update: (name, change) => right.update(pad(name).slice(0, 64), change),
      }
    },
    caughtBy: [NO_NAME],
  },
  {
    fault: 'the name in the message',
    spoil: (right) => ({
      read: (name) =>
        right.read(name).catch(() => {
          throw new SessionError('ERR_SESSION_OPTION', `Not a name: ${name}`)
        }),
    }),
    caughtBy: [NO_NAME],
  },
  {
    fault: 'a ready() that works once',
    spoil: () => {
      let isReady = false
      return {
        ready: async () => {
          if (isReady) throw new Error('EEXIST')
          isReady = true
        },
      }
    },
    caughtBy: ['ready() can be called first, last, twice and at once, and changes nothing', CLOSED],
  },
  {
    fault: 'a close() that leaves all open',
    spoil: () => ({ close: async () => {} }),
    caughtBy: [CLOSED, CLOSED_TWICE, UNUSED],
  },
  {
    fault: 'a second close() that fails',
    spoil: (right) => {
      let isClosed = false
      return {
        close: async () => {
          if (isClosed) throw new Error('closed already')
          isClosed = true
          await right.close()
        },
      }
    },
    caughtBy: [CLOSED_TWICE],
  },
  {
    fault: 'a close() that drops what was begun',
    spoil: (right) => ({
      update: async (name, change) => {
        await setImmediate()
        return right.update(name, change)
      },
    }),
    caughtBy: [
      'close() lets every update finish that was begun',
      'what was begun before close() is there for the next instance',
    ],
  },
]
