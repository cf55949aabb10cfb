import test from 'ava'
import {
  defaultLimits,
  endOf,
  equalLimits,
  isExpired,
  isRenewalDue,
  type Lifetime,
  limitsOf,
  parseExpiry,
  remainingTime,
  renewalInterval,
  renewLimits,
} from '../lib/expiry.ts'

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const DEFAULTS = { idle: DAY, absolute: 14 * DAY }
const BEGAN = Date.UTC(2026, 0, 1)

const LIFETIME: Lifetime = {
  created: BEGAN,
  active: BEGAN,
  deadline: BEGAN + 14 * DAY,
  idle: DAY,
}

const parse = (expiry: unknown, now = BEGAN): ReturnType<typeof parseExpiry> =>
  parseExpiry('setExpiry()', expiry, DEFAULTS, BEGAN, now)

test('without a word a session has the limits of the options, from when it began', (t) => {
  t.deepEqual(defaultLimits(DEFAULTS, BEGAN), { idle: DAY, deadline: BEGAN + 14 * DAY })
})

test('activity is stored once in a twentieth of the idle time, and once in 5 minutes at the least', (t) => {
  t.is(renewalInterval(20 * MINUTE), MINUTE)
  t.is(renewalInterval(100 * MINUTE), 5 * MINUTE)
  t.is(renewalInterval(100 * MINUTE + 20), 5 * MINUTE)
  t.is(renewalInterval(365 * DAY), 5 * MINUTE)
})

test('activity is due to be stored at the interval, not before', (t) => {
  const lifetime = { ...LIFETIME, idle: 20 * MINUTE }
  t.false(isRenewalDue(lifetime, BEGAN + MINUTE - 1))
  t.true(isRenewalDue(lifetime, BEGAN + MINUTE))
  t.false(isRenewalDue(lifetime, BEGAN - DAY))
})

test('a session without an idle limit is never renewed', (t) => {
  t.false(isRenewalDue({ ...LIFETIME, idle: null }, BEGAN + 13 * DAY))
})

test('whoever comes back within the idle time is never put out, however activity was throttled', (t) => {
  for (const idle of [SECOND, 1234, MINUTE, 20 * MINUTE, 100 * MINUTE, DAY, 100 * DAY]) {
    const interval = renewalInterval(idle)
    for (const sinceStored of [0, interval / 3, interval - 1]) {
      const last = Math.floor(BEGAN + sinceStored)
      const lifetime = { ...LIFETIME, idle, deadline: BEGAN + 1000 * DAY }
      t.false(isRenewalDue(lifetime, last))
      t.false(isExpired(lifetime, last + idle), `idle ${idle}, ${sinceStored} after the stored one`)
    }
  }
})

test('whoever does not come back is put out at most 5 % later than the idle time', (t) => {
  for (const idle of [SECOND, 1234, MINUTE, 20 * MINUTE, 100 * MINUTE, DAY, 100 * DAY]) {
    const lifetime = { ...LIFETIME, idle, deadline: BEGAN + 1000 * DAY }
    t.true(isExpired(lifetime, BEGAN + Math.ceil(idle * 1.05)))
  }
  t.is(endOf({ ...LIFETIME, idle: DAY }), BEGAN + DAY + 5 * MINUTE)
})

test('the end is a whole number of milliseconds, as a store wants it', (t) => {
  t.is(endOf({ ...LIFETIME, idle: 1001 }), BEGAN + 1001 + 51)
})

test('the deadline holds however busy a session is', (t) => {
  const lifetime = { ...LIFETIME, active: BEGAN + 14 * DAY - 1 }
  t.is(endOf(lifetime), BEGAN + 14 * DAY)
  t.false(isExpired(lifetime, BEGAN + 14 * DAY - 1))
  t.true(isExpired(lifetime, BEGAN + 14 * DAY))
  t.true(isExpired(lifetime, Number.MAX_SAFE_INTEGER))
})

test('a session without an idle limit ends at its deadline', (t) => {
  const lifetime = { ...LIFETIME, idle: null }
  t.is(endOf(lifetime), BEGAN + 14 * DAY)
  t.false(isExpired(lifetime, BEGAN + 14 * DAY - 1))
})

test('null is what the options say', (t) => {
  t.deepEqual(parse(null, BEGAN + 3 * DAY), { idle: DAY, deadline: BEGAN + 14 * DAY })
})

test("'browser' and 0 are what the options say, with the browser", (t) => {
  const limits = { idle: DAY, deadline: BEGAN + 14 * DAY, persistent: false }
  t.deepEqual(parse('browser'), limits)
  t.deepEqual(parse(0), limits)
  t.deepEqual(parse(-0), limits)
})

test('a Date is that moment, without an idle limit, and outlives the browser', (t) => {
  const moment = new Date(BEGAN + 40 * DAY)
  t.deepEqual(parse(moment), { idle: null, deadline: moment.getTime(), persistent: true })
})

test('a Date that has passed ends the session', (t) => {
  const limits = parse(new Date(BEGAN - 1))
  t.true(isExpired({ ...LIFETIME, ...limits }, BEGAN))
})

test('a duration is the idle time, and never makes the deadline earlier', (t) => {
  t.deepEqual(parse('2h'), { idle: 2 * HOUR, deadline: BEGAN + 14 * DAY, persistent: true })
  t.deepEqual(parse(2 * HOUR), { idle: 2 * HOUR, deadline: BEGAN + 14 * DAY, persistent: true })
})

test('a duration moves the deadline to at least that long from now', (t) => {
  const now = BEGAN + DAY
  t.is(parse('30d', now).deadline, now + 30 * DAY)
  t.is(parse('13d', now).deadline, BEGAN + 14 * DAY)
  t.is(parse('13.5d', now).deadline, now + 13.5 * DAY)
})

test('a number from 1 to 999 is taken for seconds, and refused with the right one', (t) => {
  for (const number of [1, 300, 999]) {
    t.throws(() => parse(number), {
      code: 'ERR_SESSION_OPTION',
      message: `Expected setExpiry() to be in milliseconds, got ${number}: did you mean '${number}s'?`,
    })
  }
  t.is(parse(1000).idle, 1000)
  t.is(parse('300ms').idle, 300)
})

test('whatever else is given is refused under the name it has', (t) => {
  for (const value of [undefined, -1, Number.NaN, Infinity, '', 'session', 'soon', true, {}, []]) {
    t.throws(() => parse(value), {
      code: 'ERR_SESSION_OPTION',
      message: /^Expected setExpiry\(\) to be a duration, /,
    })
  }
  t.throws(() => parse(new Date(Number.NaN)), { message: /, got an invalid Date$/ })
  t.throws(() => parseExpiry('maxAge', '', DEFAULTS, BEGAN, BEGAN), {
    message: /^Expected maxAge to be /,
  })
})

test('under a new id the absolute deadline starts anew', (t) => {
  const now = BEGAN + 10 * DAY
  t.deepEqual(renewLimits(defaultLimits(DEFAULTS, BEGAN), DEFAULTS, now), {
    idle: DAY,
    deadline: now + 14 * DAY,
  })
})

test('under a new id a longer deadline stays', (t) => {
  const limits = parse('30d')
  t.deepEqual(renewLimits(limits, DEFAULTS, BEGAN + DAY), limits)
})

test('under a new id a Date that was set stands', (t) => {
  const limits = parse(new Date(BEGAN + DAY))
  t.deepEqual(renewLimits(limits, DEFAULTS, BEGAN), limits)
})

test('the limits of a lifetime are these three, and no more', (t) => {
  t.deepEqual(limitsOf(LIFETIME), { idle: DAY, deadline: BEGAN + 14 * DAY })
  t.deepEqual(limitsOf({ ...LIFETIME, persistent: false }), {
    idle: DAY,
    deadline: BEGAN + 14 * DAY,
    persistent: false,
  })
})

test('two limits are the same when all three are', (t) => {
  const limits = { idle: DAY, deadline: BEGAN, persistent: true }
  t.true(equalLimits(limits, { ...limits }))
  t.false(equalLimits(limits, { ...limits, idle: null }))
  t.false(equalLimits(limits, { ...limits, deadline: BEGAN + 1 }))
  t.false(equalLimits(limits, { ...limits, persistent: false }))
  t.false(equalLimits(limits, { idle: DAY, deadline: BEGAN }))
})

test('what a session has left is its idle time or what is left to its deadline', (t) => {
  const limits = { idle: DAY, deadline: BEGAN + 14 * DAY }
  t.is(remainingTime(limits, BEGAN, BEGAN), DAY)
  t.is(remainingTime(limits, BEGAN, BEGAN + DAY / 4), (3 / 4) * DAY)
  t.is(remainingTime(limits, BEGAN + 13.5 * DAY, BEGAN + 13.5 * DAY), DAY / 2)
  t.is(remainingTime({ ...limits, idle: null }, BEGAN, BEGAN), 14 * DAY)
  t.is(remainingTime(limits, BEGAN + 15 * DAY, BEGAN + 15 * DAY), 0)
})

test('a Date before 1970 is the beginning of 1970: a record holds no earlier one', (t) => {
  const defaults = { idle: 1000, absolute: 2000 }
  t.is(parseExpiry('setExpiry()', new Date(-1), defaults, 0, 5000).deadline, 0)
})
