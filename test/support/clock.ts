/** Plays the wall clock and the clock that never jumps, both in milliseconds. */
export class Clock {
  #now: number
  #monotonic = 0

  constructor(now: number = Date.UTC(2026, 0, 1)) {
    this.#now = now
  }

  now = (): number => this.#now

  monotonic = (): number => this.#monotonic

  /** Time passes, for both clocks. */
  advance(milliseconds: number): void {
    this.#now += milliseconds
    this.#monotonic += milliseconds
  }

  /** Somebody sets the wall clock. */
  jump(milliseconds: number): void {
    this.#now += milliseconds
  }
}
