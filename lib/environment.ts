import { performance } from 'node:perf_hooks'
import { debuglog } from 'node:util'
import { drawRandomBytes, type RandomBytes } from './id.ts'
import type { Schedule } from './sweeper.ts'

/** What a session library asks of the world beside its store: time, chance and somebody to tell. */
export interface Environment {
  /** The wall clock, milliseconds since the epoch. Only expiry goes by it. */
  readonly now: () => number
  /** A clock that never jumps, in milliseconds. Waiting goes by it. */
  readonly monotonic: () => number
  /** Unpredictable bytes. */
  readonly random: RandomBytes
  /** A number from 0 up to 1, for what need not be unpredictable. */
  readonly jitter: () => number
  readonly schedule: Schedule
  /** Whether this is production: `NODE_ENV=production`. */
  readonly isProduction: () => boolean
  /** The environment variables that keys may come from. */
  readonly variables: Readonly<Record<string, string | undefined>>
  /** Tells the operator, once. `code` says of what; default `'KOA_SEALED_SESSION'`. */
  readonly warn: (message: string, code?: string) => void
  /** Tells who is debugging: `NODE_DEBUG=koa-sealed-session`. Undefined when nobody is. */
  readonly trace: ((text: string) => void) | undefined
}

const debug = debuglog('koa-sealed-session')

/** The real one. */
export const processEnvironment: Environment = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  random: drawRandomBytes,
  jitter: () => Math.random(),
  schedule: (run, delay) => {
    const timer = setTimeout(run, delay).unref()
    return () => clearTimeout(timer)
  },
  isProduction: () => process.env.NODE_ENV === 'production',
  variables: process.env,
  warn: (message, code = 'KOA_SEALED_SESSION') => {
    process.emitWarning(message, { type: 'SessionWarning', code })
  },
  trace: debug.enabled ? (text) => debug('%s', text) : undefined,
}
