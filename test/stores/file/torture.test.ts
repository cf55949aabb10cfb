import test from 'ava'
import { makeTemporaryDirectory } from '../../support/temporary-directory.ts'
import { type TortureReport, torture } from '../../support/torture.ts'

/**
 * More of everything, for a longer run: `TORTURE_PROCESSES=8 TORTURE_COMMITS=2000
 * TORTURE_SESSIONS=50`.
 */
const processes = Number(process.env.TORTURE_PROCESSES ?? 4)
const commits = Number(process.env.TORTURE_COMMITS ?? 120)
const sessions = Number(process.env.TORTURE_SESSIONS ?? 20)

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
      directory,
      processes,
      commits,
      sessions,
      clockSpeed,
      slander,
      lanes: 12,
      signalEvery: 300,
      accompanied: true,
    })
    const { violations, litter, ...figures } = report
    t.log(figures)
    t.deepEqual(violations, [])
    t.deepEqual(litter, [])
    t.true(figures.acked >= processes * commits)
    t.true(figures.kills > 0 && figures.stops > 0, 'nobody was killed or stopped')
  })
}
