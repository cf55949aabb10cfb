import test from 'ava'
import { describe, parseDuration } from '../lib/duration.ts'
import { SessionError } from '../lib/errors.ts'

const YEAR = 365 * 86_400_000

test('each unit is worth what its letter says', (t) => {
  const units = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 }
  for (const [unit, milliseconds] of Object.entries(units)) {
    t.is(parseDuration('idle', `1${unit}`), milliseconds)
    t.is(parseDuration('idle', `20${unit}`), 20 * milliseconds)
  }
})

test('a number is milliseconds', (t) => {
  t.is(parseDuration('idle', 1), 1)
  t.is(parseDuration('idle', 86_400_000), 86_400_000)
})

test('decimals are taken, and the outcome is a whole number of at least 1', (t) => {
  t.is(parseDuration('idle', '1.5d'), 129_600_000)
  t.is(parseDuration('idle', '0.5s'), 500)
  t.is(parseDuration('idle', '1.0004s'), 1000)
  t.is(parseDuration('idle', 1.6), 2)
  t.is(parseDuration('idle', 0.2), 1)
  t.is(parseDuration('idle', '0.001ms'), 1)
})

test('a thousand years are a duration, a millisecond more is none', (t) => {
  t.is(parseDuration('idle', 1000 * YEAR), 1000 * YEAR)
  t.is(parseDuration('idle', '365000d'), 1000 * YEAR)
  t.throws(() => parseDuration('idle', 1000 * YEAR + 1), { code: 'ERR_SESSION_OPTION' })
  t.throws(() => parseDuration('idle', '365001d'), { code: 'ERR_SESSION_OPTION' })
})

test('what is no duration is refused, with what it is called, what was wanted and what was given', (t) => {
  const error = t.throws(() => parseDuration("the option 'idle'", '1 day'), {
    instanceOf: SessionError,
    code: 'ERR_SESSION_OPTION',
  })
  t.is(
    error?.message,
    "Expected the option 'idle' to be a duration, a number of milliseconds above 0 or a string " +
      "such as '30m', '12h' or '14d', got '1 day'",
  )
})

test('numbers that measure nothing are refused', (t) => {
  for (const value of [0, -0, -1, Number.NaN, Number.POSITIVE_INFINITY, -Infinity]) {
    t.throws(() => parseDuration('idle', value), { message: new RegExp(`, got ${value}$`) })
  }
})

test('strings of any other form are refused', (t) => {
  const strings = ['', '30', 'm', '0m', '0.0s', '-1d', '+1d', '1e3s', '.5s', '5.s', '1d ', ' 1d']
  for (const value of [...strings, '1D', '1M', '1y', '1h30m', '1,5h', '0x10s', '1d\n', '١d']) {
    t.throws(() => parseDuration('idle', value), { code: 'ERR_SESSION_OPTION' }, value)
  }
})

test('values that are neither number nor string are refused by their type', (t) => {
  const got = (value: unknown): string | undefined =>
    t
      .throws(() => parseDuration('idle', value), { code: 'ERR_SESSION_OPTION' })
      ?.message.split(', got ')[1]
  t.is(got(undefined), 'undefined')
  t.is(got(null), 'null')
  t.is(got(true), 'true')
  t.is(got(10n), 'a bigint')
  t.is(got(Symbol('1d')), 'a symbol')
  t.is(
    got(() => 1),
    'a function',
  )
  t.is(got([1]), 'an array')
  t.is(got({ valueOf: () => 1 }), 'an object')
  t.is(got(Object(1)), 'an object')
  t.is(got(new Date(Number.NaN)), 'an invalid Date')
})

test('a long string is not repeated in a message', (t) => {
  t.is(describe('x'.repeat(40)), `'${'x'.repeat(40)}'`)
  t.is(describe('x'.repeat(41)), 'a long string')
})

test('a valid Date is not called an invalid one', (t) => {
  t.notRegex(describe(new Date(0)), /invalid/)
})
