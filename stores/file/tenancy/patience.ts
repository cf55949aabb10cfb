import { SessionError } from '../../../lib/errors.ts'
import { processIdOf } from '../owner.ts'

/** What all who wait for one piece of work share: it, or the end of their patience. */
export interface PatientWait {
  /** Settles as the work does, or rejects when the patience is over or `signal` aborts. */
  readonly result: Promise<void>
  /** Keeps the process alive until then: somebody waits. */
  hold(): void
}

/** A process whose event loop stood still for seconds has lost one tick, and not its patience. */
const TICKS = 20

/**
 * Waits for `work` at most so many milliseconds in which this process was running. `explain` gives
 * the error of one who did not get it.
 */
export function waitPatiently(
  work: Promise<void>,
  milliseconds: number,
  signal: AbortSignal,
  explain: () => Error,
): PatientWait {
  let timer: NodeJS.Timeout | undefined
  let ticks = 0
  const result = new Promise<void>((resolve, reject) => {
    const tick = (): void => {
      ticks += 1
      if (ticks < TICKS) return
      clearInterval(timer)
      reject(explain())
    }
    timer = setInterval(tick, milliseconds / TICKS).unref()
    const close = (): void => reject(closed())
    signal.addEventListener('abort', close)
    const settle = (): void => {
      clearInterval(timer)
      signal.removeEventListener('abort', close)
    }
    work.then(resolve, reject).finally(settle)
  })
  // Nobody may be waiting yet.
  result.catch(() => {})
  return { result, hold: () => void timer?.ref() }
}

/** The error of one who waits for what was closed. */
export function closed(): SessionError {
  return new SessionError(
    'ERR_SESSION_CLOSED',
    'The session store was closed. Make a new one to go on.',
  )
}

/** The error of one whom others do not let in. `owners`: who they are, as far as that is known. */
export function unanswered(owners: readonly string[]): SessionError {
  const ids = owners.flatMap((owner) => processIdOf(owner) ?? [])
  const who = ids.length > 0 ? ` (process ${ids.join(', ')})` : ''
  return new SessionError(
    'ERR_SESSION_STORE',
    `Another process that uses the directory of the sessions${who} does not answer. Let it go on if it is stopped, or end it.`,
    { status: 503 },
  )
}
