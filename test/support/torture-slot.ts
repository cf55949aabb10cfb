import { type ChildProcess, spawn } from 'node:child_process'
import { statSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { TortureOptions, TortureReport, WorkerOptions } from './torture.ts'
import { chanceOf, pickFrom } from './torture-chance.ts'
import { CALLS, type Point } from './torture-points.ts'

const WORKER = fileURLToPath(new URL('torture-worker.js', import.meta.url))
const LONGEST_STOP_MILLISECONDS = 3000
/** The exit code of a process that has done its stint. */
export const STINT_IS_OVER = 2

/** One process, and those that follow when it is killed. */
export class Slot {
  readonly options: WorkerOptions
  readonly finished: Promise<void>
  readonly #report: TortureReport
  readonly #chance: () => number
  child: ChildProcess
  done = false
  #starts = 0
  /** How long the journal was when a process of ours was killed last. */
  #killedAt = -1

  constructor(options: WorkerOptions, report: TortureReport) {
    this.options = options
    this.#report = report
    this.#chance = chanceOf(options.seed, options.slot)
    this.child = this.#spawn()
    this.finished = this.#follow().finally(() => {
      this.done = true
    })
  }

  /** The last one was killed before it had done anything: on a busy machine none ever would. */
  get isSpared(): boolean {
    return statSync(this.options.journal).size === this.#killedAt
  }

  /** Whether the process could be killed. */
  kill(): boolean {
    return this.child.kill('SIGKILL')
  }

  /** Stops the process for a while, which is over when this resolves. Returns whether it could be. */
  stop(milliseconds: number): Promise<void> | undefined {
    const { child } = this
    if (!child.kill('SIGSTOP')) return undefined
    return delay(milliseconds).then(() => void child.kill('SIGCONT'))
  }

  /** Tells the process what to do to itself. How long it stops is at most `milliseconds`. */
  arm(point: Point, milliseconds: number): void {
    const { child } = this
    if (!child.connected) return
    // To one that has just ended nothing can be told.
    child.send(point, () => {})
    if (point.signal === 'SIGKILL') return
    // When it comes to the point, nobody hears: whoever runs is not moved by this.
    const resume = setInterval(() => child.kill('SIGCONT'), milliseconds)
    child.once('exit', () => clearInterval(resume))
  }

  async #follow(): Promise<void> {
    for (;;) {
      const [code, signal] = await new Promise<[number | null, string | null]>((resolve) => {
        this.child.once('exit', (code, signal) => resolve([code, signal]))
      })
      if (code === 0) return
      if (code === STINT_IS_OVER) {
        await delay(this.#chance() * 1000)
      } else if (signal !== 'SIGKILL') {
        this.#report.violations.push(`process ended with ${code ?? signal}`)
        return
      }
      this.#killedAt = statSync(this.options.journal).size
      this.child = this.#spawn()
    }
  }

  #spawn(): ChildProcess {
    this.#report.starts++
    const options: WorkerOptions = { ...this.options, predecessors: this.#starts++ }
    return spawn(process.execPath, [WORKER, JSON.stringify(options)], {
      stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    })
  }
}

/**
 * Kills and stops processes while there are any: by turns, so that a short run has some of each kind,
 * and by turns at any moment and at a named point.
 */
export async function sendSignals(
  slots: readonly Slot[],
  { seed, signalEvery: every, signals = Number.POSITIVE_INFINITY }: TortureOptions,
  report: TortureReport,
): Promise<void> {
  const chance = chanceOf(seed)
  const stopped: Promise<void>[] = []
  let sent = 0
  while (Number.isFinite(every) && sent < signals && slots.some((slot) => !slot.done)) {
    await delay(chance() * every)
    const slot = pickFrom(
      slots.filter((slot) => !slot.done && !slot.isSpared),
      chance,
    )
    if (!slot) continue
    const isKill = sent % 2 === 0
    const milliseconds = chance() * LONGEST_STOP_MILLISECONDS
    if (sent % 4 >= 2) {
      const signal = isKill ? 'SIGKILL' : 'SIGSTOP'
      const moment = pickFrom(['before', 'after'] as const, chance) ?? 'before'
      slot.arm({ signal, moment, call: pickFrom(CALLS, chance) ?? 'write' }, milliseconds)
    } else if (isKill) {
      if (!slot.kill()) continue
      report.kills++
    } else {
      const stop = slot.stop(milliseconds)
      if (!stop) continue
      report.stops++
      stopped.push(stop)
    }
    sent++
  }
  await Promise.all(stopped)
}
