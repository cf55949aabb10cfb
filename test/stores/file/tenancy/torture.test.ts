import test from 'ava'
import { makeTemporaryDirectory } from '../../../support/temporary-directory.ts'
import { torture } from '../../../support/torture.ts'

/** More of everything, for a longer run. */
const processes = Number(process.env.TORTURE_PROCESSES ?? 3)
const commits = Number(process.env.TORTURE_COMMITS ?? 300)

test.serial(
  'processes that come, leave, end, are killed and stopped while others write lose nothing, and the last one is alone',
  async (t) => {
    const { violations, litter, ...figures } = await torture({
      directory: makeTemporaryDirectory(t),
      processes,
      commits,
      sessions: 10,
      clockSpeed: 1,
      slander: 0,
      lanes: 6,
      signalEvery: 1500,
      accompanied: false,
      stint: 60,
      rest: 150,
    })
    t.log(figures)
    t.deepEqual(violations, [])
    t.deepEqual(litter, [])
    t.true(figures.kills > 0 && figures.stops > 0, 'nobody was killed or stopped')
    t.true(figures.starts > processes, 'nobody came or went')
    t.true(figures.inPlace > 0, 'nobody was ever alone')
    t.true(figures.replaced > 0, 'nobody ever shared')
  },
)
