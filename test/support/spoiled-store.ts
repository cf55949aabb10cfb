import { setImmediate } from 'node:timers/promises'
import type { Change, Entry, Found, Store } from '../../lib/store.ts'
import { type StoreContractOptions, storeContract } from '../../lib/testing.ts'
import { MemoryTable } from './memory-table.ts'
import { TableStore } from './table-store.ts'

/** Given a right store and the table beneath it, the verbs that are to be wrong. */
export type Spoil = (right: TableStore, table: MemoryTable) => Partial<Store>

/** A planted fault, and the titles of the cases that must notice it. */
export interface Fault {
  readonly fault: string
  readonly spoil: Spoil
  readonly caughtBy: readonly string[]
}

export const KEEP: Change = { kind: 'keep' }

/**
 * The contract suite on a {@link TableStore} with every ability, some of whose verbs are replaced.
 */
export function spoiledContract(
  spoil: Spoil,
  options: StoreContractOptions<Store> = {},
): ReturnType<typeof storeContract> {
  const tables = new Map<Store, MemoryTable>()
  const tableOf = (store: Store): MemoryTable => tables.get(store) ?? new MemoryTable()
  const open = (table: MemoryTable): Store => {
    const right = new TableStore(table)
    const store: Store = {
      read: (name, known) => right.read(name, known),
      update: (name, change) => right.update(name, change),
      entries: () => right.entries(),
      sweep: (sweepOptions) => right.sweep(sweepOptions),
      close: () => right.close(),
      ...spoil(right, table),
    }
    tables.set(store, table)
    return store
  }
  return storeContract(() => open(new MemoryTable()), {
    reopen: (store) => open(tableOf(store)),
    damage: (store, name) => tableOf(store).damage(name),
    disable: (store) => tableOf(store).shutDown(),
    ...options,
  })
}

/** An `update()` that does something else than its change asked for. */
export function answering(
  right: Store,
  alter: (answer: Change, current: Entry | 'damaged' | undefined) => Change,
): Partial<Store> {
  return {
    update: (name, change) =>
      right.update(name, (current) => alter(change(structuredClone(current)), current)),
  }
}

/** An `update()` that stores something else than it was given. */
export function storing(
  right: Store,
  alter: (entry: Entry, before?: Entry) => Entry,
): Partial<Store> {
  return answering(right, (answer, current) => {
    if (answer.kind !== 'replace') return answer
    const before = typeof current === 'object' ? current : undefined
    return { kind: 'replace', entry: alter(answer.entry, before) }
  })
}

/** An `update()` that gives its change something else than what is there. */
export function showing(
  right: Store,
  alter: (current: Entry | 'damaged' | undefined, name: string) => Entry | 'damaged' | undefined,
): Partial<Store> {
  return { update: (name, change) => right.update(name, (now) => change(alter(now, name))) }
}

/** A `read()` that gives an entry other than the one that is there. */
export function reading(
  right: Store,
  alter: (found: Found, name: string) => unknown,
): Partial<Store> {
  return {
    read: async (name, known) => {
      const answer = await right.read(name, known)
      return (typeof answer === 'object' ? alter(answer, name) : answer) as typeof answer
    },
  }
}

/** An `update()` that reads, thinks, and then writes whatever is there by then. */
export function writeLast(right: Store): Store['update'] {
  return async (name, change) => {
    const answer = await right.read(name)
    const wanted = change(typeof answer === 'object' ? answer.entry : undefined)
    await setImmediate()
    return right.update(name, () => wanted)
  }
}

/** Runs one after the other, whatever becomes of them. */
export function makeQueue(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve()
  return (work) => {
    const next = last.then(work)
    last = next.catch(() => {})
    return next
  }
}
