import test from 'ava'
import { isWhole } from '../../../support/proof.ts'
import { makeTemporaryDirectory } from '../../../support/temporary-directory.ts'
import { torture } from '../../../support/torture.ts'

/** `npm run test:torture` has still more of everything. */
const form = isWhole
  ? { processes: 6, commits: 700, signalEvery: 1500, signals: Number.POSITIVE_INFINITY, stint: 60 }
  : { processes: 3, commits: 50, signalEvery: 700, signals: 4, stint: 40 }
const LANES = 6
const processes = Number(process.env.TORTURE_PROCESSES ?? form.processes)
const commits = Number(process.env.TORTURE_COMMITS ?? form.commits)
// A longer run has as many as there is time for.
const signals = commits > form.commits ? Number.POSITIVE_INFINITY : form.signals
const seed = Number(process.env.TORTURE_SEED ?? Date.now() % 1e9)

test.serial(
  'processes that come, leave, end, are killed and stopped while others write lose nothing, and the last one is alone',
  async (t) => {
    const { violations, litter, ...figures } = await torture({
      ...form,
      seed,
      directory: makeTemporaryDirectory(t),
      processes,
      commits,
      signals,
      sessions: 10,
      clockSpeed: 1,
      slander: 0,
      lanes: LANES,
      accompanied: false,
      rest: 150,
    })
    t.log(`TORTURE_SEED=${seed}`, figures)
    t.deepEqual(violations, [])
    t.deepEqual(litter, [])
    // In the short form chance may have it that one was done before the next came.
    if (!isWhole) return
    t.true(figures.reads > figures.acked / 2, 'hardly anybody read')
    // One in fifty, and all that one process had begun when another was stopped for long.
    t.true(figures.timeouts <= figures.acked / 50 + LANES, 'too many gave up')
    t.true(figures.kills > 0 && figures.stops > 0, 'nobody was killed or stopped')
    t.true(figures.namedKills > 0 && figures.namedStops > 0, 'no point was reached')
    t.true(figures.starts > processes, 'nobody came or went')
    t.true(figures.inPlace > 0, 'nobody was ever alone')
    t.true(figures.replaced > 0, 'nobody ever shared')
  },
)
