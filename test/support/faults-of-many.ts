import { setImmediate } from 'node:timers/promises'
import { MemoryTable } from './memory-table.ts'
import { type Fault, makeQueue, reading, storing, writeLast } from './spoiled-store.ts'
import { type Row, TableStore } from './table-store.ts'

const COUNT = '50 parallel updates of one entry count 50'
const COUNT_BOTH = '50 parallel updates of one entry through two instances count 50'
const CREATE = 'of parallel creators of one entry exactly one finds nothing there'
const CREATE_BOTH =
  'of parallel creators of one entry through two instances exactly one finds nothing there'
const GONE = 'a removed entry stays removed while others save what they find'
const GONE_BOTH =
  'an entry removed through one instance stays removed while another saves what it finds'
const FORWARD = 'reads during 300 replaces see whole entries and never go back in time'
const FORWARD_BOTH =
  'reads through one instance during 300 replaces through another never go back in time'
const AT_ONCE = 'what one instance stored or removed the other sees at once'
const STALE = 'a version goes stale when another instance changes the entry'
const TURNS = 'instances that take turns add up'
const LASTING = 'what was stored is there after all instances were closed'
const STAYS_OPEN = 'one instance closed leaves the other open'

/** Stores that are wrong when several callers or instances meet. */
export const faultsOfMany: readonly Fault[] = [
  {
    fault: 'the last writer wins',
    spoil: (right) => ({ update: writeLast(right) }),
    caughtBy: [COUNT, CREATE, GONE, COUNT_BOTH, CREATE_BOTH, GONE_BOTH],
  },
  {
    fault: 'a lock within the instance only',
    spoil: (right) => {
      const enqueue = makeQueue()
      const update = writeLast(right)
      return { update: (name, change) => enqueue(() => update(name, change)) }
    },
    caughtBy: [COUNT_BOTH, CREATE_BOTH, GONE_BOTH],
  },
  {
    fault: 'one error for all that wait together',
    spoil: (right) => {
      let failed: unknown
      return {
        update: async (name, change) => {
          await right
            .update(name, change)
            .catch((error: unknown) => {
              failed = error
            })
            .then(() => setImmediate())
          if (failed) throw failed
          return {}
        },
      }
    },
    caughtBy: ['a change that throws fails alone among parallel ones'],
  },
  {
    fault: 'the version that is newest by now, instead of its own',
    spoil: (right) => ({
      update: async (name, change) => {
        await right.update(name, change)
        for (let turn = 0; turn < 5; turn += 1) await setImmediate()
        const found = await right.read(name)
        return typeof found === 'object' ? { version: found.version } : {}
      },
    }),
    caughtBy: ['a version given by parallel updates never stands for the entry of another'],
  },
  {
    fault: 'names cut to one digit',
    spoil: (right) => {
      const cut = (name: string): string => name.charAt(0).repeat(64)
      return {
        read: (name) => right.read(cut(name)),
        update: (name, change) => right.update(cut(name), change),
      }
    },
    caughtBy: [
      'parallel updates of many entries do not meet',
      'every entry is listed once, with its expiry and its subject',
    ],
  },
  {
    fault: 'bytes of one version with the expiry of another',
    spoil: (right) => {
      let before: Uint8Array | undefined
      return {
        ...storing(right, (entry, replaced) => {
          before = replaced?.bytes
          return entry
        }),
        ...reading(right, (found) => ({
          ...found,
          entry: { ...found.entry, bytes: before ?? found.entry.bytes },
        })),
      }
    },
    caughtBy: [FORWARD],
  },
  {
    fault: 'every other read from a copy that lags behind',
    spoil: (right, table) => {
      const lagging = new MemoryTable()
      const behind = new TableStore(lagging)
      let reads = 0
      return {
        read: (name) => {
          reads += 1
          return reads % 2 ? right.read(name) : behind.read(name)
        },
        update: async (name, change) => {
          for (const [key, row] of table.rows) lagging.rows.set(key, row)
          return right.update(name, change)
        },
      }
    },
    caughtBy: [FORWARD, FORWARD_BOTH],
  },
  {
    fault: 'a cache within the instance that is never checked',
    spoil: (_right, table) => {
      const cached = new MemoryTable()
      cached.select = async (name) => {
        const row = cached.rows.get(name) ?? table.rows.get(name)
        if (row) cached.rows.set(name, row)
        return row
      }
      const write = (row: Row): true => {
        cached.rows.set(row.name, row)
        return table.rows.set(row.name, row) && true
      }
      cached.insert = async (row) => write(row)
      cached.replace = async (row) => write(row)
      cached.remove = async (name) => cached.rows.delete(name) && table.rows.delete(name)
      const store = new TableStore(cached)
      return {
        read: (name, known) => store.read(name, known),
        update: (name, change) => store.update(name, change),
      }
    },
    caughtBy: [AT_ONCE, STALE, TURNS, FORWARD_BOTH],
  },
  {
    fault: 'data of its own in every instance',
    spoil: () => {
      const own = new TableStore(new MemoryTable())
      return {
        read: (name, known) => own.read(name, known),
        update: (name, change) => own.update(name, change),
        entries: () => own.entries(),
      }
    },
    caughtBy: [
      AT_ONCE,
      STALE,
      TURNS,
      LASTING,
      STAYS_OPEN,
      COUNT_BOTH,
      CREATE_BOTH,
      'what was begun before close() is there for the next instance',
    ],
  },
  {
    fault: 'a close() that takes the data along',
    spoil: (right, table) => ({
      close: async () => {
        await right.close()
        table.rows.clear()
      },
    }),
    caughtBy: [LASTING, STAYS_OPEN, 'what was begun before close() is there for the next instance'],
  },
]
