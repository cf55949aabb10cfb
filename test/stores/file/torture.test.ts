import test from 'ava'
import { isWhole } from '../../support/proof.ts'
import { makeTemporaryDirectory } from '../../support/temporary-directory.ts'
import { type TortureReport, torture } from '../../support/torture.ts'

/** `npm run test:torture` has still more of everything. */
const form = isWhole
  ? {
      processes: 6,
      commits: 700,
      sessions: 30,
      lanes: 12,
      signalEvery: 300,
      signals: Number.POSITIVE_INFINITY,
    }
  : { processes: 3, commits: 30, sessions: 15, lanes: 6, rest: 60, signalEvery: 400, signals: 4 }
const processes = Number(process.env.TORTURE_PROCESSES ?? form.processes)
const commits = Number(process.env.TORTURE_COMMITS ?? form.commits)
// A longer run has as many as there is time for.
const signals = commits > form.commits ? Number.POSITIVE_INFINITY : form.signals
const seed = Number(process.env.TORTURE_SEED ?? Date.now() % 1e9)
const sessions = Number(process.env.TORTURE_SESSIONS ?? form.sessions)

for (const [title, clockSpeed, slander] of [
  [
    'processes that are killed and stopped lose no update, revive no session and leave no litter',
    20,
    0,
  ],
  ['so do processes whose live locks are taken for dead', 20, 0.2],
] as const) {
  test.serial(title, async (t) => {
    const directory = makeTemporaryDirectory(t)
    const report: TortureReport = await torture({
      ...form,
      seed,
      directory,
      processes,
      commits,
      signals,
      sessions,
      clockSpeed,
      slander,
      accompanied: true,
    })
    const { violations, litter, ...figures } = report
    t.log(`TORTURE_SEED=${seed}`, figures)
    t.deepEqual(violations, [])
    t.deepEqual(litter, [])
    t.true(figures.acked >= processes * commits)
    t.true(figures.reads > figures.acked / 2, 'hardly anybody read')
    t.true(figures.kills > 0 && figures.stops > 0, 'nobody was killed or stopped')
  })
}
