import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/** What came of the tests of one file. */
export interface TestRun {
  /** The titles of those that passed. */
  readonly passed: readonly string[]
  /** The titles of those that failed; also the message of a file that did not run to its end. */
  readonly failed: readonly string[]
  /** Some waited for what could not come any more, so that they have no end of their own. */
  readonly hasRemaining: boolean
  readonly end: 'all passed' | 'some failed' | 'called off' | 'time limit'
}

/** A line of the Test Anything Protocol; one that was skipped says so behind its title. */
const RESULT = /^(not )?ok \d+ - (.*)$/
const SKIPPED = / # (SKIP|TODO)/i
const REMAINING = /^# \d+ tests? remaining in /

/** A copy of the project that may be changed, compiled and tested. */
export class Workshop {
  readonly #directory: string
  readonly #modules: string
  readonly #temporary: string
  /** What runs here now. */
  #program: ChildProcess | undefined

  /** `directory`: the copy; `modules`: the packages it is to use. */
  constructor(directory: string, modules: string) {
    this.#directory = directory
    this.#modules = modules
    this.#temporary = join(directory, 't')
    mkdirSync(this.#temporary)
    symlinkSync(modules, join(directory, 'node_modules'))
  }

  read(file: string): string {
    return readFileSync(join(this.#directory, file), 'utf8')
  }

  write(file: string, text: string): void {
    writeFileSync(join(this.#directory, file), text)
  }

  /** Compiles without a look at the types. Resolves to whether that was possible. */
  async compile(): Promise<boolean> {
    const compiler = this.#start('typescript/bin/tsc', ['--noCheck', '--sourceMap', 'false'])
    return (await endOf(compiler)) === 0
  }

  /**
   * Runs the tests of one file for so many milliseconds at most. It ends at once when `isEnough`
   * says so of the title of one that failed.
   */
  async runTests(
    file: string,
    milliseconds: number,
    isEnough: (title: string) => boolean = () => false,
  ): Promise<TestRun> {
    const compiled = join('dist', file.replace(/ts$/, 'js'))
    // Its own limit is off: AVA 7 cannot report one in this form.
    const tests = this.#start('ava/entrypoints/cli.mjs', ['--tap', '--timeout=1h', compiled])
    const passed: string[] = []
    const failed: string[] = []
    let hasRemaining = false
    let end: TestRun['end'] | undefined
    const stop = (why: TestRun['end']): void => {
      end ??= why
      endGroup(tests)
    }
    const timer = setTimeout(() => stop('time limit'), milliseconds)
    createInterface({ input: tests.stdout as NodeJS.ReadableStream }).on('line', (line) => {
      hasRemaining ||= REMAINING.test(line)
      const [, not, title = ''] = RESULT.exec(line) ?? []
      if (title === '' || SKIPPED.test(title)) return
      if (not === undefined) passed.push(title)
      else failed.push(title)
      if (not !== undefined && isEnough(title)) stop('called off')
    })
    const code = await endOf(tests)
    clearTimeout(timer)
    // What a test has started may outlive it when its code is broken.
    endGroup(tests)
    return { passed, failed, hasRemaining, end: end ?? (code === 0 ? 'all passed' : 'some failed') }
  }

  /** Ends what runs here. */
  close(): void {
    if (this.#program) endGroup(this.#program)
  }

  /** Starts a program of a package in a process group of its own. */
  #start(program: string, options: readonly string[]): ChildProcess {
    this.#program = spawn(process.execPath, [join(this.#modules, program), ...options], {
      cwd: this.#directory,
      detached: true,
      env: { ...process.env, TMPDIR: this.#temporary },
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    return this.#program
  }
}

function endOf(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
    child.stdout?.resume()
  })
}

/** Ends a process and all that it has started. */
function endGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL')
  } catch {
    // Nobody of them is left.
  }
}
