import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Answer, Question } from './calls.ts'

/** How much of what a child said before it ended is shown, in characters. */
const LAST_WORDS = 2000

/** What a call takes, and what it comes to. */
type InputOf<Call> = Call extends (...input: infer Input) => unknown ? Input : never
type OutputOf<Call> = Call extends (...input: never) => infer Output ? Awaited<Output> : never

/** A Node process of its own, which does what it is asked to. */
export class Child<Calls> {
  readonly #process: ChildProcess
  readonly #label: string
  readonly #waiting = new Map<number, Waiting>()
  #number = 0
  #lastWords = ''

  /**
   * `module` is relative to the root of the compiled benchmark. `cores`: the only ones it may use,
   * as `taskset --cpu-list` takes them; undefined: any.
   */
  constructor(module: string, label: string, cores: string | undefined) {
    const path = fileURLToPath(new URL(`../${module}`, import.meta.url))
    const command = [process.execPath, path]
    if (cores !== undefined) command.unshift('taskset', '--cpu-list', cores)
    const [program = '', ...parameters] = command
    this.#label = label
    this.#process = spawn(program, parameters, {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      env: { ...process.env, NODE_ENV: 'production' },
      serialization: 'advanced',
    })
    this.#process.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#lastWords = (this.#lastWords + text).slice(-LAST_WORDS)
    })
    this.#process.on('message', (answer: Answer) => this.#settle(answer))
    this.#process.on('error', (error) => this.#fail(error.message))
    this.#process.on('exit', (code, signal) => this.#fail(`ended with ${signal ?? code}`))
  }

  /** Asks the process; rejects with its error, or when it ends before the answer. */
  call<Name extends keyof Calls & string>(
    name: Name,
    ...input: InputOf<Calls[Name]>
  ): Promise<OutputOf<Calls[Name]>> {
    this.#number += 1
    const number = this.#number
    return new Promise((resolve, reject) => {
      this.#waiting.set(number, { resolve: resolve as (value: unknown) => void, reject })
      const question: Question = { number, name, input: (input as unknown[])[0] }
      this.#process.send(question, (error) => error && this.#fail(error.message))
    })
  }

  /** Stops the process where it is, until `resume()`. */
  pause(): void {
    this.#process.kill('SIGSTOP')
  }

  resume(): void {
    this.#process.kill('SIGCONT')
  }

  /** Ends the process. */
  async end(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return
    const ended = new Promise((resolve) => this.#process.once('exit', resolve))
    this.#process.kill('SIGKILL')
    await ended
  }

  #settle({ number, value, error }: Answer): void {
    const waiting = this.#waiting.get(number)
    this.#waiting.delete(number)
    if (error === undefined) waiting?.resolve(value)
    else waiting?.reject(new Error(`${this.#label}: ${error}`))
  }

  #fail(reason: string): void {
    const error = new Error(`${this.#label}: the process ${reason}\n${this.#lastWords}`)
    for (const { reject } of this.#waiting.values()) reject(error)
    this.#waiting.clear()
  }
}

interface Waiting {
  resolve(value: unknown): void
  reject(error: Error): void
}
