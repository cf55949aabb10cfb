import test, { type ExecutionContext } from 'ava'
import { type SessionId, toSessionId } from '../../lib/id.ts'
import type { Store } from '../../lib/store.ts'
import { type Moment, CRASH_SEED as SEED, watch } from '../support/crash-moments.ts'
import type { Disk } from '../support/disk.ts'
import { nextProcess, openEngine, rush, WAYS, type Way } from '../support/engine.ts'
import { countBytes, idOf, openVaultOn } from '../support/engine-vault.ts'
import { nameOf, removing, storing } from '../support/file-store.ts'
import { History } from '../support/history.ts'
import { drawFrom, everyChoice } from '../support/power.ts'
import { isWhole } from '../support/proof.ts'
import { BEGAN, recordOf } from '../support/stored.ts'
import { draftOf, present } from '../support/vault.ts'

/** States of the disk to look at after a call: all forgotten, nothing forgotten, and some between. */
const STATES = isWhole ? 40 : 3

const [ANN, BOB, CLEO] = [nameOf(1), nameOf(17), nameOf(2)]

type Scenario = (store: Store, history: History) => Promise<void>

/** A text of several sectors, unlike any other. */
const page = (text: string): string => text.repeat(Math.ceil(1200 / text.length))
/** One that needs larger slots. */
const book = (text: string): string => text.repeat(Math.ceil(3000 / text.length))

const SCENARIOS: Readonly<Record<string, Scenario>> = {
  'durable saves': async (store, history) => {
    for (const text of ['one', 'two', 'three', 'four']) {
      await history.commit(store, ANN, page(text), true)
    }
  },
  'saves that are not durable, and one that is': async (store, history) => {
    await history.commit(store, ANN, page('one'), false)
    await history.commit(store, ANN, page('two'), false)
    await history.commit(store, ANN, page('three'), true)
    await history.commit(store, ANN, page('four'), false)
    await history.commit(store, ANN, page('five'), false)
  },
  'a durable save of what was stored without': async (store, history) => {
    await history.commit(store, ANN, page('one'), false)
    await history.commit(store, ANN, page('two'), true)
  },
  'a durable save of what has outgrown its file without': async (store, history) => {
    await history.commit(store, ANN, page('one'), true)
    await history.commit(store, ANN, book('two'), false)
    await history.commit(store, ANN, book('three'), true)
  },
  'a session that outgrows its file': async (store, history) => {
    await history.commit(store, ANN, page('one'), true)
    await history.commit(store, ANN, book('two'), true)
    await history.commit(store, ANN, book('three'), true)
    await history.commit(store, ANN, page('four'), true)
  },
  'the end of a session': async (store, history) => {
    await history.commit(store, ANN, page('one'), true)
    await history.commit(store, ANN, page('two'), true)
    await history.commit(store, ANN, undefined, true)
    await history.commit(store, BOB, page('one'), false)
    await history.commit(store, BOB, undefined, true)
  },
  'several sessions at once': async (store, history) => {
    for (const text of ['one', 'two', 'three']) {
      await Promise.all([
        history.commit(store, ANN, page(text), true),
        history.commit(store, BOB, page(text), text === 'two'),
        history.commit(store, CLEO, text === 'three' ? undefined : page(text), true),
      ])
    }
  },
}

function watchHistory(way: Way, play: Scenario): Promise<Moment<History>[]> {
  const history = new History()
  return watch(
    way,
    (store) => play(store, history),
    () => history.copy(),
  )
}

/** Whoever finds this disk reads what is allowed, twice, and can go on with it. */
async function inspect(
  t: ExecutionContext,
  disk: Disk,
  way: Way,
  boot: number,
  allowed: (name: string) => ReadonlySet<string | undefined>,
  names: readonly string[],
  where: string,
): Promise<void> {
  const monotonic = rush(5000)
  const { store, close } = openEngine({
    disk,
    way,
    monotonic,
    process: nextProcess(),
    boot,
  })
  for (const name of names) {
    const found = await textOf(store, name)
    const shown = typeof found === 'string' ? found.slice(0, 9) : found
    if (!allowed(name).has(found)) t.fail(`${where}: found ${shown}`)
    if ((await textOf(store, name)) !== found) t.fail(`${where}: found another after ${shown}`)
    if (found === 'damaged' || found === undefined) await store.update(name, removing)
    await store.update(name, storing('again'), { durable: true })
    if ((await textOf(store, name)) !== 'again') t.fail(`${where}: cannot go on after ${shown}`)
  }
  await close()
  if (disk.descriptors > 0) t.fail(`${where}: ${disk.descriptors} descriptors left open`)
}

async function textOf(store: Store, name: string): Promise<string | undefined> {
  const found = await store.read(name)
  return typeof found === 'object' ? Buffer.from(found.entry.bytes).toString() : found
}

for (const way of WAYS) {
  for (const [what, play] of Object.entries(SCENARIOS)) {
    test(`${what}, by ${way}: killed after any call, the last that was acknowledged is there, or what was under way`, async (t) => {
      let calls = 0
      for (const { call, disk, truth: history } of await watchHistory(way, play)) {
        const next = WAYS[calls++ % 2] as Way
        const allowed = (name: string): ReadonlySet<string | undefined> => history.afterKill(name)
        const where = `killed after call ${call}, then ${next}`
        await inspect(t, disk, next, 0, allowed, history.names, where)
      }
      t.pass()
    })

    test(`${what}, by ${way}: whenever the power is cut, what was acknowledged as durable is there, and nothing is torn`, async (t) => {
      let states = 0
      for (const { call, disk, truth: history } of await watchHistory(way, play)) {
        const random = drawFrom(SEED)
        const cut = (choose: (count: number) => number): Disk => disk.cutPower(choose)
        for (const left of everyChoice(cut, STATES, random)) {
          const allowed = (name: string): ReadonlySet<string | undefined> =>
            history.afterPowerCut(name)
          const where = `CRASH_SEED=${SEED}, power cut after call ${call}, state ${++states}`
          await inspect(t, left, way, 1, allowed, history.names, where)
        }
      }
      t.log(`${states} states of the disk`)
      t.pass()
    })
  }
}

for (const way of WAYS) {
  test(`a disk on which nothing is ever synced, by ${way}: it is noticed that durable saves are lost`, async (t) => {
    const history = new History()
    const save = SCENARIOS['durable saves'] as Scenario
    const play = (store: Store): Promise<void> => save(store, history)
    let lost = 0
    for (const { disk, truth } of await watch(way, play, () => history.copy(), { syncs: false })) {
      const { store, close } = openEngine({
        disk: disk.cutPower(() => 0),
        way,
        process: nextProcess(),
        monotonic: rush(5000),
        boot: 1,
      })
      if (!truth.afterPowerCut(ANN).has(await textOf(store, ANN))) lost += 1
      await close()
    }
    t.true(lost > 0)
  })
}

/** Where a sign-in is when the process ends: the ids it had and has, and whether it was answered. */
interface SignIn {
  readonly before: SessionId
  readonly after: SessionId | undefined
  readonly isBegun: boolean
  readonly isDone: boolean
}

for (const way of WAYS) {
  test(`a sign-in, by ${way}: whatever ends it, the session is there under one id or the other, and once it is answered under the new one alone`, async (t) => {
    const random = countBytes()
    const draws: Buffer[] = []
    const noteDraw = (length: number): Buffer => {
      const drawn = random(length)
      if (length === 32) draws.push(drawn)
      return drawn
    }
    const state = { isBegun: false, isDone: false, before: idOf(200) }
    const moments = await watch(
      way,
      async (store) => {
        const vault = openVaultOn(store, noteDraw)
        const base = await vault.create(recordOf({ cart: 1 }), state.before, true)
        state.isBegun = true
        draws.length = 0
        const rotated = await vault.rotate(base, draftOf({ cart: 1, user: 'ann' }))
        t.is(typeof rotated, 'object')
        state.isDone = true
      },
      (): SignIn => ({ ...state, after: draws[0] && toSessionId(draws[0]) }),
    )
    for (const { call, disk, truth: signIn } of moments) {
      if (!signIn.isBegun) continue
      const killed = [disk.copy()]
      const cut = everyChoice((choose) => disk.cutPower(choose), STATES, drawFrom(SEED))
      for (const left of [...killed, ...cut]) {
        const { store, close } = openEngine({
          disk: left,
          way,
          process: nextProcess(),
          monotonic: rush(5000),
        })
        const vault = openVaultOn(store, noteDraw)
        const before = await vault.load(signIn.before)
        const after = signIn.after && (await vault.load(signIn.after))
        const where = `CRASH_SEED=${SEED}, after call ${call}`
        if (!before && !after) t.fail(`${where}: both are gone`)
        if (signIn.isDone && (before || !after)) t.fail(`${where}: the old id is back`)
        if (before && before.record.data !== '{"cart":1}') t.fail(where)
        if (after && after.record.data !== '{"cart":1,"user":"ann"}') t.fail(where)
        await close()
      }
    }
    t.pass()
  })
}

for (const way of WAYS) {
  test(`a durable session that is in use, by ${way}: no power cut takes it away, whatever was stored of it last`, async (t) => {
    const id = idOf(200)
    const random = countBytes()
    const dataOf = (step: number): object => ({ step, text: 'of several sectors '.repeat(60) })
    const stored: string[] = []
    let now = BEGAN
    const play = async (store: Store): Promise<void> => {
      const vault = openVaultOn(store, random, () => now)
      let session = await vault.create(recordOf(dataOf(0)), id, true)
      stored.push(session.record.data)
      for (let step = 1; step < 4; step++) {
        now += 600_000
        session = present(t, await vault.touch(session))
        now += 600_000
        session = present(t, await vault.touch(session))
        stored.push(JSON.stringify(dataOf(step)))
        session = present(t, await vault.commit(session, draftOf(dataOf(step))))
        done = step
      }
    }
    let done = 0
    for (const { call, disk, truth } of await watch(way, play, () => ({
      begun: stored.length,
      done,
    }))) {
      if (truth.begun === 0) continue
      const cut = everyChoice((choose) => disk.cutPower(choose), STATES, drawFrom(SEED))
      for (const left of cut) {
        const monotonic = rush(5000)
        const { store, close } = openEngine({
          disk: left,
          way,
          process: nextProcess(),
          monotonic,
        })
        const found = (await openVaultOn(store, random).load(id))?.record.data
        const allowed = stored.slice(truth.done, truth.begun)
        if (found === undefined || !allowed.includes(found)) {
          t.fail(`CRASH_SEED=${SEED}, after call ${call}: found ${found?.slice(0, 9)}`)
        }
        await close()
      }
    }
    t.pass()
  })
}
