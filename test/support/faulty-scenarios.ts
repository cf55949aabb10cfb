import { inspect } from 'node:util'
import type { SessionError } from '../../lib/errors.ts'
import type { SessionId } from '../../lib/id.ts'
import type { Store } from '../../lib/store.ts'
import { type Engine, nextProcess, openEngine } from './engine.ts'
import { countBytes, idOf, openVaultOn } from './engine-vault.ts'
import { pass, type Run, sweep } from './faulty-run.ts'
import { appending, nameOf, removing, storing } from './file-store.ts'
import { interceptAll } from './held-calls.ts'
import { recordOf } from './stored.ts'
import { draftOf } from './vault.ts'

const NAME = nameOf(1)
const BIG = 'x'.repeat(5000)

/** What came of the part of a scenario that an accident happened to. */
export type Outcome<Result> = { readonly result: Result } | { readonly error: SessionError }

/** Something that a store does, and what is promised of it whatever fails meanwhile. */
export interface Scenario<Result> {
  /** Before anything happens. */
  prepare(run: Run): Promise<unknown>
  act(run: Run): Promise<Result>
  /** Says what is wrong. `isLasting`: it happened to every call, and still does. */
  judge(run: Run, outcome: Outcome<Result>): Promise<string | undefined>
}

async function textOf(store: Store, name: string): Promise<string | undefined> {
  const found = await store.read(name)
  return typeof found === 'object' ? Buffer.from(found.entry.bytes).toString() : found
}

/** What another process reads that has never seen the disk. */
async function textOnDisk({ disk, way }: Run, name: string): Promise<string | undefined> {
  const { store, close } = openEngine({ disk: disk.copy(), way, process: nextProcess() })
  const text = await textOf(store, name)
  await close()
  return text
}

/** A commit of one session: done or not, as was said, and the store goes on with it. */
function committing(
  before: readonly string[],
  change: Parameters<Store['update']>[1],
  after: string | undefined,
  durable: boolean,
): Scenario<unknown> {
  return {
    async prepare({ store }) {
      await store.ready()
      for (const text of before) await store.update(NAME, storing(text), { durable })
    },
    act: ({ store }) => store.update(NAME, change, { durable }),
    async judge(run, outcome) {
      const { store } = run
      const old = before.at(-1)
      const allowed = 'result' in outcome ? [after] : [old]
      if ('error' in outcome && outcome.error.committed === 'unknown') {
        allowed.push(after)
        if (old === undefined) allowed.push('damaged')
      }
      const text = await textOf(store, NAME)
      if (!allowed.includes(text)) return `found ${text?.slice(0, 9)}`
      const other = await textOnDisk(run, NAME)
      if (other !== text) return `found ${text?.slice(0, 9)}, another process ${other?.slice(0, 9)}`
      if (text === 'damaged') {
        await store.update(NAME, removing)
        await store.update(NAME, storing(''))
      }
      await store.update(NAME, appending('!'), { durable: true })
      const next = await textOf(store, NAME)
      const wanted = text === 'damaged' ? '!' : text && `${text}!`
      if (next !== wanted) return `does not go on: ${next?.slice(0, 9)}`
      await store.update(nameOf(17), storing('other'), { durable: true })
      return undefined
    },
  }
}

/** The first use of a directory, as `prepare` leaves it. */
function firstUse(prepare: Scenario<unknown>['prepare']): Scenario<unknown> {
  return {
    prepare,
    async act({ store }) {
      await store.ready()
      await store.update(NAME, storing('one'), { durable: true })
    },
    async judge({ store, disk }, outcome) {
      const text = await textOf(store, NAME)
      const isUnknown = 'error' in outcome && outcome.error.committed === 'unknown'
      const mark = (): string => String(disk.contentOf(`${disk.data}/.gitignore`))
      if ('result' in outcome && mark() !== '*\n') return 'the .gitignore is not whole'
      if (!isUnknown && text !== ('result' in outcome ? 'one' : undefined)) return `found ${text}`
      await store.ready()
      const { mode } = await disk.stat(disk.data)
      return mode & 0o077n ? 'others may enter it' : undefined
    },
  }
}

async function listNames(store: Store): Promise<string[]> {
  const names: string[] = []
  for await (const { name, damaged } of store.entries()) if (!damaged) names.push(name)
  return names.sort()
}

/** Another process, that has seen nothing yet and has the same accident. */
function openAnother({ disk, fate, way, others }: Run): Engine {
  const fs = interceptAll(disk, fate.pass)
  const engine = openEngine({ disk, fs, way, process: nextProcess() })
  others.push(engine)
  return engine
}

/** Says what does not work again when all is well again: a commit, a read, a list. */
export async function findStuck(store: Store): Promise<string | undefined> {
  const name = nameOf(33)
  await store.update(name, storing('after'), { durable: true })
  if ((await textOf(store, name)) !== 'after') return 'then lost a commit'
  return (await listNames(store)).includes(name) ? undefined : 'then listed not all'
}

async function signInAgain(store: Store, id: SessionId): Promise<string | undefined> {
  const vault = openVaultOn(store, (length) => Buffer.alloc(length, 99))
  const base = await vault.load(id)
  const rotated = base && (await vault.rotate(base, draftOf({ user: 'bob' })))
  if (typeof rotated !== 'object') return `then did not sign in: ${rotated}`
  const [before, after] = [await vault.load(id), await vault.load(idOf(99))]
  return after && !before ? undefined : 'then signed in by two ids, or none'
}

const LIVE = [nameOf(1), nameOf(2), nameOf(17)]
const OVER = [nameOf(3), nameOf(4)]

async function fill({ store, disk }: Run): Promise<void> {
  for (const name of LIVE) await store.update(name, storing('live', 9e15))
  for (const name of OVER) await store.update(name, storing('over', 1000))
  await disk.mkdir(`${disk.data}/sid/05`, 0o700)
  disk.put(`${disk.data}/sid/05/${nameOf(5)}.session`, Buffer.from('junk'))
}

const FIRST = committing([], storing('one'), 'one', true)

/** All that it proves. */
export const SCENARIOS: Readonly<Record<string, Scenario<unknown>>> = {
  'a durable new session': committing([], storing('one'), 'one', true),
  'a save': committing(['one', 'two'], appending(', three'), 'two, three', false),
  'a durable save': committing(['one', 'two'], appending(', three'), 'two, three', true),
  'durable growth': committing(['one'], storing(BIG), BIG, true),
  'a removal': committing(['one', 'two'], removing, undefined, true),
  'a look': committing(['one'], () => ({ kind: 'keep' }), 'one', false),
  'a first commit that others may read at first': {
    ...FIRST,
    async prepare(run) {
      await FIRST.prepare(run)
      run.disk.given = 0o044
    },
    async judge(run, outcome) {
      const wrong = await FIRST.judge(run, outcome)
      const file = `${run.disk.data}/sid/01/${NAME}.session`
      const stats = await run.disk.stat(file).catch(() => undefined)
      return wrong ?? (stats && stats.mode & 0o077n ? 'others may read it' : undefined)
    },
  },
  'a read': {
    prepare: ({ store }) => store.update(NAME, storing('one')),
    act: (run) => textOf(openAnother(run).store, NAME),
    async judge({ others }, outcome) {
      if ('result' in outcome && outcome.result !== 'one') return `read ${outcome.result}`
      for (const { store } of others) {
        const text = await textOf(store, NAME)
        if (text !== 'one') return `then read ${text}`
        const wrong = await findStuck(store)
        if (wrong !== undefined) return wrong
      }
      return undefined
    },
  },
  'a short life': {
    prepare: ({ store }) => store.update(NAME, storing('one')),
    async act(run) {
      const { store, close } = openAnother(run)
      try {
        return await textOf(store, NAME)
      } finally {
        await close()
      }
    },
    judge: async (_run, outcome) =>
      'result' in outcome && outcome.result !== 'one' ? `read ${outcome.result}` : undefined,
  },
  'a list': {
    prepare: fill,
    act: ({ store }) => listNames(store),
    async judge({ store }, outcome) {
      const complete = [...LIVE, ...OVER].sort().join()
      const isWrong = 'result' in outcome && String(outcome.result) !== complete
      if (isWrong) return `listed ${outcome.result}`
      const names = await listNames(store)
      return String(names) === complete ? undefined : `then listed ${names}`
    },
  },
  'a sweep': {
    prepare: fill,
    act: ({ store }) => sweep(store),
    async judge(run) {
      for (const name of LIVE) {
        if ((await textOf(run.store, name)) !== 'live') return 'a live session was removed'
      }
      await pass(run)
      const report = await sweep(run.store)
      for (const name of OVER) {
        if ((await textOf(run.store, name)) === undefined) continue
        return `the next one did not end it: ${inspect(report)}`
      }
      return undefined
    },
  },
  'the first use of a directory': firstUse(async () => {}),
  'the first use of a directory that others may enter': firstUse(async ({ disk }) => {
    await disk.mkdir(disk.data, 0o755)
    disk.put(`${disk.data}/.gitignore`, Buffer.from('*\n'))
  }),
  'a sign-in': {
    async prepare({ store }) {
      await openVaultOn(store, countBytes()).create(recordOf({ cart: 1 }), idOf(200), true)
    },
    async act({ store }) {
      const vault = openVaultOn(store, countBytes())
      const base = await vault.load(idOf(200))
      const rotated = base && (await vault.rotate(base, draftOf({ cart: 1, user: 'ann' })))
      return typeof rotated === 'object' ? rotated.record.data : rotated
    },
    async judge({ store }, outcome) {
      const vault = openVaultOn(store, countBytes())
      const before = (await vault.load(idOf(200)))?.record.data
      const after = (await vault.load(idOf(1)))?.record.data
      const isUnknown = 'error' in outcome && outcome.error.committed === 'unknown'
      if ('result' in outcome && (before || !after))
        return `answered ${outcome.result}, found ${before}, ${after}`
      if (!before && !after) return 'both ids are gone'
      if ('error' in outcome && !isUnknown && !before) return 'the old id is gone'
      return signInAgain(store, before ? idOf(200) : idOf(1))
    },
  },
}
