import { deepStrictEqual } from 'node:assert/strict'
import test from 'ava'
import fc from 'fast-check'
import { endOf, type ModelVisit, ModelWorld } from '../support/model.ts'
import { action, Command } from '../support/model-commands.ts'
import {
  checkLifetime,
  compareShown,
  compareStored,
  type Guest,
  type Model,
  note,
  perform,
  receive,
} from '../support/model-comparison.ts'
import { act, beginVisit, endVisit } from '../support/model-visit.ts'
import { Machine, type Medium, type Process } from '../support/model-world.ts'
import { isWhole } from '../support/proof.ts'

/** A failure tells the seed of its batch: MODEL_SEED runs that first. */
const BATCH = 20
/** Runs for each medium in the short form. */
const SHORT = 20
const SEED = Number(process.env.MODEL_SEED ?? Date.now() % 1e9)

const MINUTE = 60_000
const DAY = 86_400_000

/** A request begins, with the browser's cookie or with one that somebody had before. */
const begin = fc
  .record({
    browser: fc.constantFrom(0, 0, 0, 1),
    process: fc.nat(1),
    old: fc.constantFrom(undefined, undefined, undefined, undefined, 0, 1, 2, 3),
  })
  .map(({ browser, process, old }) => {
    const run = async (model: Model, real: Machine): Promise<void> => {
      const ids = [...model.cookies.keys()]
      const id = old === undefined ? model.jars[browser] : ids.at(-1 - (old % (ids.length || 1)))
      const at = process % real.processes.length
      const cookie = id === undefined ? undefined : `sid=${model.cookies.get(id)}`
      const request = await (real.processes[at] as Process).server.begin(cookie)
      const visit = beginVisit(model.world, id)
      const guest = { browser, process: at, request, visit }
      model.guests.push(guest)
      compareShown(guest)
      checkLifetime(model, id, visit)
    }
    const which = old === undefined ? '' : `, old cookie ${old}`
    const name = `begin(${browser}, process ${process}${which})`
    return new Command(name, ({ guests }) => guests.length < 4, run)
  })

/** A handler does something. */
const doing = fc.tuple(fc.nat(3), action).map(
  ([index, what]) =>
    new Command(
      `act(${index}, ${JSON.stringify(what)})`,
      ({ guests }) => guests.length > 0,
      async (model) => {
        const guest = model.guests[index % model.guests.length] as Guest
        const wanted = act(model.world, guest.visit, what)
        deepStrictEqual(await perform(guest.request, what), wanted)
        compareShown(guest)
      },
    ),
)

/** A request ends. */
const end = fc.tuple(fc.nat(3), fc.constantFrom(200, 200, 200, 302, 404, 500, 0)).map(
  ([index, status]) =>
    new Command(
      `end(${index}, ${status || 'a mistake'})`,
      ({ guests }) => guests.length > 0,
      async (model) => {
        const [guest] = model.guests.splice(index % model.guests.length, 1) as [Guest]
        const answer = await guest.request.end(status || new Error('a mistake'))
        deepStrictEqual(answer.status, status || 500)
        endVisit(model.world, guest.visit, status || 500)
        receive(model, guest, answer.setCookies)
        if ((status || 500) < 500) note(model, guest)
      },
    ),
)

/** All requests do the same at the same time: what comes of it is what some order of them gives. */
function together(
  name: string,
  perform: (guest: Guest) => Promise<readonly string[] | 'done' | 'gone'>,
  model: (world: ModelWorld, visit: ModelVisit) => 'done' | 'gone' | undefined,
): fc.Arbitrary<Command> {
  const run = async (before: Model, real: Machine): Promise<void> => {
    const { guests } = before
    const outcomes = await Promise.all(guests.map(perform))
    const failures: unknown[] = []
    for (const order of permutations(guests.map((_guest, index) => index))) {
      const world = before.world.copy()
      const visits = guests.map(({ visit }) => ({ ...visit }))
      const answers = new Map(
        order.map((index) => [index, model(world, visits[index] as ModelVisit)]),
      )
      const trial: Model = {
        ...before,
        world,
        jars: [...before.jars],
        cookies: new Map(before.cookies),
        seen: new Map(before.seen),
        used: new Map(before.used),
        guests: guests.map((guest, index) => ({ ...guest, visit: visits[index] as ModelVisit })),
      }
      try {
        for (const [index, guest] of trial.guests.entries()) {
          const outcome = outcomes[index]
          if (typeof outcome === 'string') {
            deepStrictEqual(outcome, answers.get(index))
            compareShown(guest)
          }
        }
        for (const index of order) {
          const outcome = outcomes[index]
          if (typeof outcome !== 'object') continue
          receive(trial, trial.guests[index] as Guest, outcome)
          note(trial, trial.guests[index] as Guest)
        }
        await compareStored(trial, real)
      } catch (error) {
        failures.push(error)
        continue
      }
      const isOver = typeof outcomes[0] === 'object'
      guests.splice(0, guests.length, ...(isOver ? [] : trial.guests))
      Object.assign(before, { ...trial, guests })
      return
    }
    throw new AggregateError(failures, `No order of them gives this. ${failures[0]}`)
  }
  return fc.constant(new Command(name, ({ guests }) => guests.length > 1 && guests.length < 4, run))
}

const endTogether = together(
  'end all at once',
  async ({ request }) => (await request.end(200)).setCookies,
  (world, visit) => void endVisit(world, visit, 200),
)

const countTogether = together(
  'count all at once',
  ({ request }) => perform(request, { kind: 'count' }),
  (world, visit) => act(world, visit, { kind: 'count' }),
)

/** Time passes. */
const wait = fc
  .constantFrom(500, MINUTE, 6 * MINUTE, 20 * MINUTE, 0.6 * DAY, 1.02 * DAY, 8 * DAY)
  .map(
    (milliseconds) =>
      new Command(
        `wait(${milliseconds / MINUTE} min)`,
        () => true,
        async (model, { clock }) => {
          clock.advance(milliseconds)
          model.world.now += milliseconds
        },
      ),
  )

/** What is over is removed, and nothing else. */
const sweep = fc.nat(1).map(
  (index) =>
    new Command(
      `sweep(${index})`,
      () => true,
      async ({ world }, { processes }) => {
        const { sessions, store } = processes[index % processes.length] as Process
        const due = [...world.sessions].filter(([, each]) => endOf(each) + MINUTE <= world.now)
        const { removed, failed, damaged, litter } = await sessions.clearExpired()
        deepStrictEqual(
          { removed, failed, damaged, litter },
          { removed: due.length, failed: 0, damaged: 0, litter: 0 },
        )
        for (const [id] of due) world.remove(id)
        const alive = [...world.sessions.values()].filter((each) => world.now < endOf(each))
        deepStrictEqual(await sessions.count(), alive.length)
        let entries = 0
        for await (const _entry of store.entries()) entries += 1
        deepStrictEqual(entries, world.sessions.size)
      },
    ),
)

/** A server that has nobody to serve is started anew. */
const restart = fc.nat(1).map(
  (index) =>
    new Command(
      `restart(${index})`,
      ({ guests }) => !guests.some(({ process }) => process === index),
      async (_model, real) => {
        if (index < real.processes.length) await real.start(index)
      },
    ),
)

function permutations(items: readonly number[]): number[][] {
  if (items.length < 2) return [[...items]]
  return items.flatMap((item) =>
    permutations(items.filter((other) => other !== item)).map((rest) => [item, ...rest]),
  )
}

const commands = fc.commands(
  [
    ...[begin, begin, begin, doing, doing, doing, doing, doing, doing, end, end],
    ...[endTogether, endTogether, countTogether, wait, sweep, restart],
  ],
  { maxCommands: 100, size: 'max' },
)

/** The first visit, so that there is something to quarrel about. */
async function visitFirst(model: Model, real: Machine): Promise<void> {
  const request = await (real.processes[0] as Process).server.begin(undefined)
  const visit = beginVisit(model.world, undefined)
  const guest = { browser: 0, process: 0, request, visit }
  for (const key of ['a', 'b']) {
    await perform(request, { kind: 'set', key, value: 1 })
    act(model.world, visit, { kind: 'set', key, value: 1 })
  }
  const { setCookies } = await request.end(200)
  endVisit(model.world, visit, 200)
  receive(model, guest, setCookies)
}

for (const [medium, servers, whole] of [
  ['memory', 2, 4000],
  ['replace', 2, 3000],
  ['overwrite', 1, 3000],
] as const satisfies readonly [Medium, number, number][]) {
  test.serial(
    `whatever is done to sessions in ${medium}, they are as the model has them`,
    async (t) => {
      let runs = 0
      const property = fc.asyncProperty(commands, fc.nat(1e9), async (list, seed) => {
        runs += 1
        const real = new Machine(medium, seed)
        const model: Model = {
          world: new ModelWorld(real.clock.now()),
          guests: [],
          jars: [],
          cookies: new Map(),
          seen: new Map(),
          used: new Map(),
        }
        for (let index = 0; index < servers; index++) await real.start(index)
        await visitFirst(model, real)
        await fc.asyncModelRun(async () => ({ model, real }), list)
        for (const { request } of model.guests) await request.end(200)
        await real.close()
      })
      // In batches, of which one can be run again by its seed.
      const wanted = isWhole ? whole : SHORT
      for (let seed = SEED; runs < wanted; seed++) {
        await fc.assert(property, { seed, numRuns: BATCH, includeErrorInReport: true })
      }
      t.log(`MODEL_SEED=${SEED}, ${runs} runs`)
      t.pass()
    },
  )
}
