import { inspect } from 'node:util'
import test from 'ava'
import { SessionError } from '../../lib/errors.ts'
import type { Store } from '../../lib/store.ts'
import type { FileSystem } from '../../stores/file/file-system.ts'
import {
  ACCIDENTS,
  type Accident,
  ALL_ACCIDENTS,
  listMisfortunes,
  type Misfortune,
  nameOfKind,
} from '../support/accidents.ts'
import type { Disk } from '../support/disk.ts'
import { nextProcess, openEngine, WAYS, type Way } from '../support/engine.ts'
import { countBytes, idOf, openVaultOn } from '../support/engine-vault.ts'
import { findLitter, litterOn, openRun, pass, type Run, sweep } from '../support/faulty-run.ts'
import { appending, nameOf, removing, storing } from '../support/file-store.ts'
import { interceptAll } from '../support/held-calls.ts'
import { everyNth, isWhole, strideOf } from '../support/proof.ts'
import { recordOf } from '../support/stored.ts'
import { draftOf } from '../support/vault.ts'

const NAME = nameOf(1)
const BIG = 'x'.repeat(5000)

/** What came of the part of a scenario that an accident happened to. */
type Outcome<Result> = { readonly result: Result } | { readonly error: SessionError }

interface Scenario<Result> {
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

const LIVE = [nameOf(1), nameOf(2), nameOf(17)]
const OVER = [nameOf(3), nameOf(4)]

async function fill({ store, disk }: Run): Promise<void> {
  for (const name of LIVE) await store.update(name, storing('live', 9e15))
  for (const name of OVER) await store.update(name, storing('over', 1000))
  await disk.mkdir(`${disk.data}/sid/05`, 0o700)
  disk.put(`${disk.data}/sid/05/${nameOf(5)}.session`, Buffer.from('junk'))
}

const SCENARIOS: Readonly<Record<string, Scenario<unknown>>> = {
  'a durable new session': committing([], storing('one'), 'one', true),
  'a save': committing(['one', 'two'], appending(', three'), 'two, three', false),
  'a durable save': committing(['one', 'two'], appending(', three'), 'two, three', true),
  'durable growth': committing(['one'], storing(BIG), BIG, true),
  'a removal': committing(['one', 'two'], removing, undefined, true),
  'a look': committing(['one'], () => ({ kind: 'keep' }), 'one', false),
  'a read': {
    prepare: ({ store }) => store.update(NAME, storing('one')),
    act: readAnew,
    judge: async (_run, outcome) =>
      'result' in outcome && outcome.result !== 'one' ? `read ${outcome.result}` : undefined,
  },
  'a list': {
    prepare: fill,
    async act({ store }) {
      const names: string[] = []
      for await (const { name, damaged } of store.entries()) if (!damaged) names.push(name)
      return names.sort()
    },
    async judge(_run, outcome) {
      const complete = [...LIVE, ...OVER].sort().join()
      const isWrong = 'result' in outcome && String(outcome.result) !== complete
      return isWrong ? `listed ${outcome.result}` : undefined
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
  'the first use of a directory': {
    prepare: async () => {},
    act: async ({ store }) => {
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
      await store.update(nameOf(2), storing('two'), { durable: true })
      return (await textOf(store, nameOf(2))) === 'two' ? undefined : 'does not go on'
    },
  },
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
      return undefined
    },
  },
}

/** As another process would, that has seen nothing yet and has the same accident. */
async function readAnew({ disk, fate, way }: Run): Promise<string | undefined> {
  const fs = interceptAll(disk, fate.pass)
  const { store, close } = openEngine({ disk, fs, way, process: nextProcess() })
  try {
    return await textOf(store, NAME)
  } finally {
    await close()
  }
}

/** Runs a scenario with one accident, or none. Says what is wrong, if anything. */
async function play(
  scenario: Scenario<unknown>,
  way: Way,
  accident?: Accident,
  call = 1,
  isLasting = false,
): Promise<{ readonly wrong: string | undefined; readonly calls: readonly (keyof FileSystem)[] }> {
  const opened = openRun(way)
  const { engine, disk, fate, store } = opened
  await scenario.prepare(opened)
  fate.arm(accident, call, isLasting)
  const outcome = await scenario.act(opened).then(
    (result) => ({ result }),
    (error: SessionError) => ({ error }),
  )
  const calls = [...fate.calls]
  fate.disarm()
  // Whoever comes now may share the end of a try that began while it lasted. The next may not.
  await store.ready().catch(() => {})
  const wrong =
    (accident === undefined ? litterOn(disk) : undefined) ??
    judgeError(outcome, disk) ??
    (await scenario.judge(opened, outcome).catch((error: unknown) => `then ${inspect(error)}`))
  await pass(opened)
  await sweep(store)
  await engine.close()
  if (wrong !== undefined || disk.descriptors === 0) {
    return { wrong: wrong ?? (await findLitter(opened)), calls }
  }
  return { wrong: `left ${disk.descriptors} descriptors`, calls }
}

function judgeError(outcome: Outcome<unknown>, disk: Disk): string | undefined {
  if ('result' in outcome) return undefined
  const { error } = outcome
  const isOurs = error instanceof SessionError && error.code === 'ERR_SESSION_STORE'
  if (!isOurs) return `failed with ${inspect(error)}`
  return inspect(error, { depth: 9 }).includes(disk.data) ? 'the error tells a path' : undefined
}

/** Every errno on every call, or in the short form some of those that befall a call in life. */
const accidents = isWhole ? ALL_ACCIDENTS : ACCIDENTS
const stride = strideOf(10)
/** One in `stride` of each kind, and of each that there is one at least. */
function choose(all: readonly Misfortune[], start: number): Misfortune[] {
  const kinds = [...new Set(all.map(nameOfKind))]
  return kinds.flatMap((kind) => {
    const alike = all.filter((each) => nameOfKind(each) === kind)
    return everyNth(alike, stride, start % Math.min(stride, alike.length))
  })
}

const plays = WAYS.flatMap((way) =>
  Object.entries(SCENARIOS).map(([what, scenario]) => ({ way, what, scenario })),
)

// Each begins to count at another one, so that not each has the same accidents.
for (const [start, { way, what, scenario }] of plays.entries()) {
  test(`${what}, by ${way}: whichever call fails, once or from then on, the promises hold`, async (t) => {
    const { wrong, calls } = await play(scenario, way)
    t.is(wrong, undefined, 'without an accident')
    const all = listMisfortunes(calls, accidents)
    const chosen = choose(all, start)
    for (const each of chosen) {
      const { accident, call, method, isLasting } = each
      const end = await play(scenario, way, accident, call, isLasting)
      if (end.wrong === undefined) continue
      t.fail(`${nameOfKind(each)} call ${call}, ${method}: ${end.wrong}`)
    }
    t.log(`${chosen.length} of ${all.length} accidents: one in ${stride}, from ${start % stride}`)
  })
}

test('every kind of accident happens, once and from then on', async (t) => {
  const kinds = new Set<string>()
  let [chosen, all] = [0, 0]
  for (const [start, { way, scenario }] of plays.entries()) {
    const misfortunes = listMisfortunes((await play(scenario, way)).calls, accidents)
    const some = choose(misfortunes, start)
    for (const each of some) kinds.add(nameOfKind(each))
    chosen += some.length
    all += misfortunes.length
  }
  const wanted = accidents.flatMap(({ name, lasts }) =>
    lasts ? [`${name} at`, `${name} from`] : [`${name} at`],
  )
  t.deepEqual([...kinds].sort(), wanted.sort())
  t.log(`${chosen} of ${all} accidents: one in ${stride}`)
})
