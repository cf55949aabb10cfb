import type { Version } from '../../lib/store.ts'
import type { Fault } from './spoiled-store.ts'

const NEWEST = 'isCurrent() is true of the newest version at the most, and then a read says so too'
const GONE = 'isCurrent() is false of what was removed, also when it is there anew'
const OTHER_NAME = 'isCurrent() is false of the version of another name, there or not'
const NEITHER = 'isCurrent() is false of what is no name or no version, and does not throw'
const OTHER = 'isCurrent() is false as soon as another instance has changed or removed the entry'
const DAMAGED = 'isCurrent() is false of an entry that was found to be damaged'
const DISABLED = 'isCurrent() does not throw where the store cannot answer'
const CLOSED = 'isCurrent() is false from the call of close() on'
const BESIDE =
  'a version that a change is given stands for the entry beside it, as that of a read does'
const NO_ENTRY = 'a change is given no version where there is no entry'
const NO_WHOLE = 'a change is given no version of a damaged entry'
const AT_ONCE = 'of changes made at once, those that are given one version are given one entry'
const AT_ONCE_BOTH =
  'of changes made at once through two instances, those that are given one version are given one entry'
const AGAIN = 'a change that runs again is given the version of what is newest by then, or none'

/** Stores that are wrong about which version is which. */
export const faultsOfVersions: readonly Fault[] = [
  {
    fault: 'every version being current',
    spoil: () => ({ isCurrent: () => true }),
    caughtBy: [NEWEST, GONE, OTHER_NAME, NEITHER, OTHER, DAMAGED, CLOSED],
  },
  {
    fault: 'an isCurrent() that takes its time',
    spoil: () => ({ isCurrent: (async () => false) as unknown as () => boolean }),
    caughtBy: [NEWEST, GONE, OTHER_NAME, NEITHER, OTHER, DAMAGED, DISABLED, CLOSED],
  },
  {
    fault: 'an isCurrent() that throws',
    spoil: () => ({
      isCurrent: () => {
        throw new Error('down')
      },
    }),
    caughtBy: [NEITHER, DISABLED],
  },
  {
    fault: 'a version being current as long as the bytes are the same',
    spoil: (_, table) => {
      const known = new Map<Version, Uint8Array>()
      return {
        isCurrent: (name, version) => {
          const row = table.rows.get(name)
          if (row?.revision === version) known.set(version, row.bytes)
          const bytes = known.get(version)
          return row !== undefined && bytes !== undefined && Buffer.compare(bytes, row.bytes) === 0
        },
      }
    },
    caughtBy: [NEWEST],
  },
  {
    fault: 'a version being current under any name',
    spoil: (_, table) => ({
      isCurrent: (_name, version) =>
        [...table.rows.values()].some(({ revision }) => revision === version),
    }),
    caughtBy: [OTHER_NAME],
  },
  {
    fault: 'a version being current until this instance has changed the entry',
    spoil: (right) => {
      const seen = new Map<string, Version>()
      return {
        read: async (name, known) => {
          const found = await right.read(name, known)
          if (typeof found === 'object') seen.set(name, found.version)
          return found
        },
        update: (name, change) => {
          seen.delete(name)
          return right.update(name, change)
        },
        isCurrent: (name, version) => seen.get(name) === version,
      }
    },
    caughtBy: [OTHER, DAMAGED, CLOSED],
  },
  {
    fault: 'one version for whatever is under a name, given to a change',
    spoil: (right) => ({
      update: (name, change) => right.update(name, (current) => change(current, name)),
    }),
    caughtBy: [BESIDE, NO_ENTRY, NO_WHOLE, AT_ONCE, AT_ONCE_BOTH, AGAIN],
  },
  {
    fault: 'the version from before the wait, given to a change',
    spoil: (right) => ({
      update: async (name, change) => {
        const found = await right.read(name)
        const version = typeof found === 'object' ? found.version : undefined
        return right.update(name, (current) => change(current, current && version))
      },
    }),
    caughtBy: [AT_ONCE, AT_ONCE_BOTH, AGAIN],
  },
]
