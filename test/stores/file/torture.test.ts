import test from 'ava'
import { isWhole } from '../../support/proof.ts'
import { makeTemporaryDirectory } from '../../support/temporary-directory.ts'
import { type TortureReport, torture } from '../../support/torture.ts'
import { findViolations, formatLine, readJournal } from '../../support/torture-history.ts'

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
    // In the short form chance may have it that a process came to nothing of it.
    if (!isWhole) return
    t.true(figures.reads > figures.acked / 2, 'hardly anybody read')
    // One in fifty, and all that one process had begun when another was stopped for long.
    t.true(figures.timeouts <= figures.acked / 50 + form.lanes, 'too many gave up')
    t.true(figures.kills > 0 && figures.stops > 0, 'nobody was killed or stopped')
    t.true(figures.namedKills > 0 && figures.namedStops > 0, 'no point was reached')
  })
}

/** Plays processes that have written these lines into their journals, about a session `s`. */
function judge(found: string | undefined, ...journals: string[][]): string[] {
  return findViolations({
    journals: journals.map((lines) =>
      readJournal(lines.map((line) => formatLine([line])).join('')),
    ),
    found: new Map([['s', found]]),
  })
}

test('what happens at the same time may be seen in either order', (t) => {
  const writes = ['acked 1 4 s a', 'acked 5 8 s b']
  t.deepEqual(judge('a,b', writes, ['read 2 3 s ', 'read 5 7 s a', 'read 8 9 s a']), [])
  t.deepEqual(judge('a,b', writes, ['read 2 3 s a', 'read 5 7 s a,b']), [])
  const removal = ['acked 1 2 s a', 'destroying 3 3 s', 'destroyed 3 6 s']
  t.deepEqual(judge(undefined, removal, ['read 4 5 s a', 'read 5 7 s gone']), [])
  t.deepEqual(judge(undefined, ['acked 1 2 s a', 'destroying 3 3 s']), [])
})

test('what no order of the steps explains is found out', (t) => {
  const writes = ['acked 1 2 s a', 'acked 3 4 s b']
  t.deepEqual(judge('a,b', writes, ['read 5 6 s a']), ['stale read, without b s'])
  t.deepEqual(judge('a,b', [], ['read 1 2 s a,b', 'read 3 4 s a']), ['read that went back s'])
  t.deepEqual(judge('a,b', writes, ['read 5 6 s b,a']), ['read of what never was s'])
  t.deepEqual(judge('a,b', writes, ['read 5 6 s gone']), ['vanished for a while s'])
  t.deepEqual(judge(undefined, writes), ['vanished s'])
  t.deepEqual(judge('a', writes), ['lost b s'])
  t.deepEqual(judge('a,a,b', writes), ['doubled a s'])
  const removal = ['acked 1 2 s a', 'destroying 3 3 s', 'destroyed 3 4 s']
  t.deepEqual(judge(undefined, removal, ['read 5 6 s a']), ['revived for a while s'])
  t.deepEqual(judge(undefined, removal, ['read 1 2 s gone']), ['vanished for a while s'])
  t.deepEqual(judge('a', removal), ['revived s'])
  t.deepEqual(judge('damaged', removal), ['damaged s', 'revived s'])
})
