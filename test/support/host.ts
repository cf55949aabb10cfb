import type { Data } from '../../lib/data.ts'
import type { Expiry } from '../../lib/expiry.ts'
import type { RegenerateOptions, SessionHost } from '../../lib/session.ts'

/** Plays the visit that a session object belongs to: it notes what it is asked, and answers what the test says. */
export class NotingHost implements SessionHost {
  /** What was asked, in order: the name of a method and its arguments. */
  readonly asked: unknown[][] = []
  /** What every promise comes to. Default: it resolves. */
  answer: () => Promise<void> = () => Promise.resolve()

  isNew = true
  ref = '0123456789ab'
  expiresIn = 5000
  expiresWithBrowser = false
  maxAge = 7000

  save(): Promise<void> {
    return this.#note('save')
  }

  reload(): Promise<void> {
    return this.#note('reload')
  }

  update<Result>(fn: (data: Data) => Result): Promise<Result> {
    this.asked.push(['update'])
    return Promise.resolve(fn({ from: 'the store' }))
  }

  regenerate(options: RegenerateOptions): Promise<void> {
    return this.#note('regenerate', options)
  }

  destroy(): Promise<void> {
    return this.#note('destroy')
  }

  setExpiry(expiry: Expiry, name: string): void {
    this.asked.push(['setExpiry', expiry, name])
  }

  now(): number {
    return 1_000_000
  }

  #note(...call: unknown[]): Promise<void> {
    this.asked.push(call)
    return this.answer()
  }
}
