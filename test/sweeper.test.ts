import test from 'ava'
import { SessionError } from '../lib/errors.ts'
import { resolveOptions } from '../lib/options.ts'
import type { Store, SweepOptions, SweepReport } from '../lib/store.ts'
import { Sweeper, type SweeperOptions } from '../lib/sweeper.ts'
import { Alarm, settle } from './support/alarm.ts'
import { Clock } from './support/clock.ts'
import { Gate } from './support/gate.ts'
import { NOTHING } from './support/sweeps.ts'

const MINUTE = 60_000
const LARGEST_DELAY = 2 ** 31 - 1

const REPORT: SweepReport = {
  scanned: 3,
  removed: 2,
  damaged: 0,
  litter: 0,
  failed: 0,
  skipped: false,
}

/** Plays a store of which only `sweep()` matters: it notes what it was asked, and answers what the test says. */
class SweptStore {
  readonly asked: SweepOptions[] = []
  answer: () => Promise<SweepReport> = () => Promise.resolve(REPORT)

  sweep(options: SweepOptions): Promise<SweepReport> {
    this.asked.push(options)
    return this.answer()
  }
}

/** A sweeper of every 10 minutes, and all that is around it. */
function openSweeper(changes: Partial<SweeperOptions> = {}): {
  sweeper: Sweeper
  store: SweptStore
  clock: Clock
  alarm: Alarm
  errors: SessionError[]
} {
  const store = new SweptStore()
  const clock = new Clock()
  const alarm = new Alarm()
  const errors: SessionError[] = []
  const sweeper = new Sweeper({
    store: store as unknown as Store,
    interval: 10 * MINUTE,
    damagedAfter: 5000,
    now: clock.now,
    monotonic: clock.monotonic,
    schedule: alarm.schedule,
    jitter: () => 0.5,
    onError: (error) => errors.push(error),
    ...changes,
  })
  return { sweeper, store, clock, alarm, errors }
}

test('a sweep removes what has been over for a minute, and says what the store did', async (t) => {
  const { sweeper, store, clock } = openSweeper()
  t.is(await sweeper.sweep(), REPORT)
  const [{ signal, ...asked } = {}] = store.asked
  t.deepEqual(asked, { now: clock.now(), grace: MINUTE, damagedAfter: 5000 } as object)
  t.false(signal?.aborted)
})

test('a store that expires by itself has nothing to be swept', async (t) => {
  const { sweeper } = openSweeper({ store: {} as Store })
  t.deepEqual(await sweeper.sweep(), NOTHING)
})

test('nothing is swept in the background before start(), and one interval after it', async (t) => {
  const { sweeper, store, alarm } = openSweeper()
  t.deepEqual(alarm.delays, [])
  sweeper.start()
  t.deepEqual(alarm.delays, [10 * MINUTE])
  t.is(store.asked.length, 0)
  alarm.ring()
  await settle()
  t.is(store.asked.length, 1)
  t.deepEqual(alarm.delays, [10 * MINUTE], 'and so on')
})

test('two sweeps are the interval apart, give or take a tenth', (t) => {
  for (const [jitter, delay] of [
    [0, 9 * MINUTE],
    [0.5, 10 * MINUTE],
    [1 - 2 ** -20, 11 * MINUTE],
  ] as const) {
    const { sweeper, alarm } = openSweeper({ jitter: () => jitter })
    sweeper.start()
    t.true(Math.abs((alarm.delays[0] ?? 0) - delay) < 1)
  }
})

test('the longest interval an application can ask for is one that a timer can count', (t) => {
  const { sweep: interval } = resolveOptions({ sweep: '24d' })
  const { sweeper, alarm } = openSweeper({ interval, jitter: () => 0.999 })
  sweeper.start()
  t.true((alarm.delays[0] ?? 0) <= LARGEST_DELAY)
})

test('without an interval nothing is swept but when asked', async (t) => {
  const { sweeper, alarm } = openSweeper({ interval: false })
  sweeper.start()
  t.deepEqual(alarm.delays, [])
  t.is(await sweeper.sweep(), REPORT)
  t.deepEqual(alarm.delays, [])
})

test('who asks during a sweep gets the report of that one', async (t) => {
  const { sweeper, store, alarm } = openSweeper()
  const gate = new Gate<SweepReport>()
  store.answer = () => gate.passed
  sweeper.start()
  alarm.ring()
  const reports = [sweeper.sweep(), sweeper.sweep()]
  await settle()
  t.is(store.asked.length, 1)
  gate.open(REPORT)
  t.deepEqual(await Promise.all(reports), [REPORT, REPORT])
  await sweeper.sweep()
  t.is(store.asked.length, 2)
})

test('a sweep is skipped when the wall clock has jumped, forward or back, and only then', async (t) => {
  for (const jump of [5 * MINUTE + 1, -5 * MINUTE - 1]) {
    const { sweeper, store, clock } = openSweeper()
    clock.advance(60 * MINUTE)
    clock.jump(jump)
    t.like(await sweeper.sweep(), { skipped: true, scanned: 0, removed: 0 })
    t.is(store.asked.length, 0)
    clock.advance(10 * MINUTE)
    t.like(await sweeper.sweep(), { skipped: false })
    t.is(store.asked.length, 1)
  }
})

test('a clock that is set by 5 minutes at the most, or set back in time, is no reason to skip', async (t) => {
  const { sweeper, store, clock } = openSweeper()
  clock.jump(5 * MINUTE)
  await sweeper.sweep()
  clock.jump(-5 * MINUTE)
  await sweeper.sweep()
  clock.jump(20 * MINUTE)
  clock.jump(-20 * MINUTE)
  await sweeper.sweep()
  t.is(store.asked.length, 3)
})

test('a jump makes the background skip a round, and then go on', async (t) => {
  const { sweeper, store, clock, alarm } = openSweeper()
  sweeper.start()
  clock.jump(24 * 60 * MINUTE)
  alarm.ring()
  await settle()
  t.is(store.asked.length, 0)
  alarm.ring()
  await settle()
  t.is(store.asked.length, 1)
})

test('a sweep in the background that fails is told of, and the next one comes', async (t) => {
  const { sweeper, store, alarm, errors } = openSweeper()
  const cause = new Error('disk')
  store.answer = () => Promise.reject(cause)
  sweeper.start()
  alarm.ring()
  await settle()
  t.is(errors.length, 1)
  t.is(errors[0]?.code, 'ERR_SESSION_STORE')
  t.is(errors[0]?.message, 'Expired sessions could not be removed')
  t.is(errors[0]?.cause, cause)
  t.deepEqual(alarm.delays, [10 * MINUTE])
})

test('a sweep that was asked for rejects as the store does, and the next one is a new one', async (t) => {
  const { sweeper, store, errors } = openSweeper()
  const error = new SessionError('ERR_SESSION_STORE', 'Down')
  store.answer = () => Promise.reject(error)
  t.is(await t.throwsAsync(sweeper.sweep()), error)
  t.deepEqual(errors, [])
  store.answer = () => Promise.resolve(REPORT)
  t.is(await sweeper.sweep(), REPORT)
})

test('stop() ends the background', async (t) => {
  const { sweeper, alarm } = openSweeper()
  sweeper.start()
  await sweeper.stop()
  t.deepEqual(alarm.delays, [])
  sweeper.start()
  t.deepEqual(alarm.delays, [], 'for good')
})

test('stop() ends a sweep that is under way, and waits for it', async (t) => {
  const { sweeper, store, alarm } = openSweeper()
  const gate = new Gate<SweepReport>()
  store.answer = () => gate.passed
  sweeper.start()
  alarm.ring()
  await settle()
  let stopped = false
  const stopping = sweeper.stop().then(() => {
    stopped = true
  })
  await settle()
  t.true(store.asked[0]?.signal?.aborted)
  t.false(stopped)
  gate.open(REPORT)
  await stopping
  await settle()
  t.deepEqual(alarm.delays, [])
})

test('stop() does not mind that the sweep it ends fails', async (t) => {
  const { sweeper, store } = openSweeper()
  store.answer = () => Promise.reject(new Error('disk'))
  const sweep = sweeper.sweep()
  await t.notThrowsAsync(sweeper.stop())
  await t.throwsAsync(sweep, { message: 'disk' })
})

test('stop() without start() does nothing', async (t) => {
  await t.notThrowsAsync(openSweeper().sweeper.stop())
})
