import { inspect } from 'node:util'
import test from 'ava'
import { SessionError } from '../../lib/errors.ts'
import type { FileSystem } from '../../stores/file/file-system.ts'
import {
  ACCIDENTS,
  type Accident,
  ALL_ACCIDENTS,
  CALLS,
  ERRNOS,
  listMisfortunes,
  type Misfortune,
  nameOfKind,
} from '../support/accidents.ts'
import type { Disk } from '../support/disk.ts'
import { WAYS, type Way } from '../support/engine.ts'
import { findLitter, litterOn, openRun, pass, type Run, sweep } from '../support/faulty-run.ts'
import { findStuck, type Outcome, SCENARIOS, type Scenario } from '../support/faulty-scenarios.ts'
import { everyNth, isWhole, strideOf } from '../support/proof.ts'

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
  const engines = [engine, ...opened.others]
  for (const each of engines) await each.store.ready().catch(() => {})
  const wrong =
    (accident === undefined ? litterOn(disk) : undefined) ??
    judgeError(outcome, disk, isLasting ? undefined : calls[call - 1]) ??
    (await judge(scenario, opened, outcome).catch((error: unknown) => `then ${inspect(error)}`))
  await pass(opened)
  await sweep(store)
  for (const { close } of engines) await close()
  if (wrong !== undefined || disk.descriptors === 0) {
    return { wrong: wrong ?? (await findLitter(opened)), calls }
  }
  return { wrong: `left ${disk.descriptors} descriptors`, calls }
}

async function judge(
  scenario: Scenario<unknown>,
  run: Run,
  outcome: Outcome<unknown>,
): Promise<string | undefined> {
  return (await scenario.judge(run, outcome)) ?? findStuck(run.store)
}

/** `failed`: the call that failed, if it was but one. */
function judgeError(
  outcome: Outcome<unknown>,
  disk: Disk,
  failed: keyof FileSystem | undefined,
): string | undefined {
  if ('result' in outcome) return undefined
  // Who cannot tell what the disk is takes it for one that others may be on.
  if (failed === 'statfs') return 'failed for want of what it can do without'
  const { error } = outcome
  const isOurs = error instanceof SessionError && error.code === 'ERR_SESSION_STORE'
  if (!isOurs) return `failed with ${inspect(error)}`
  return inspect(error, { depth: 9 }).includes(disk.data) ? 'the error tells a path' : undefined
}

/** Every errno on every call, or in the short form some of those that befall a call in life. */
const accidents = isWhole ? ALL_ACCIDENTS : ACCIDENTS
const stride = strideOf(20)
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

test('every kind of accident happens, once and from then on, and every call has one', async (t) => {
  const kinds = new Set<string>()
  const befallen = new Set<string>()
  let [chosen, all] = [0, 0]
  for (const [start, { way, scenario }] of plays.entries()) {
    const misfortunes = listMisfortunes((await play(scenario, way)).calls, accidents)
    const some = choose(misfortunes, start)
    for (const each of some) kinds.add(nameOfKind(each))
    for (const { accident, method } of misfortunes) befallen.add(`${accident.name} ${method}`)
    chosen += some.length
    all += misfortunes.length
  }
  const wanted = accidents.flatMap(({ name, lasts }) =>
    lasts ? [`${name} at`, `${name} from`] : [`${name} at`],
  )
  t.deepEqual([...kinds].sort(), wanted.sort())
  // A call that no scenario makes would be one that never fails here.
  const errnos = isWhole ? ERRNOS : ['EIO']
  const missing = errnos
    .flatMap((errno) => CALLS.map((method) => `${errno} ${method}`))
    .filter((each) => !befallen.has(each))
  t.deepEqual(missing, [])
  t.log(`${chosen} of ${all} accidents: one in ${stride}`)
})
