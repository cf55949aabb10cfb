import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

/** What a server that is soaked is told. */
export interface ServerOptions {
  readonly directory: string
  /** When the fast clocks of all servers showed the real time, in milliseconds. */
  readonly epoch: number
  readonly clockSpeed: number
}

/** What a server holds at one moment, garbage apart. */
export interface Sample {
  /** In MiB, buffers included. */
  readonly heap: number
  /** Descriptors of session files: kept open between two saves, up to a number. */
  readonly sessionFiles: number
  /** Descriptors of files that are deleted. */
  readonly deletedFiles: number
  /** All other descriptors: sockets, pipes, directories. */
  readonly otherDescriptors: number
  /** Timers and sockets, those that are unref()ed among them. */
  readonly timers: number
  readonly sockets: number
}

const PROGRAM = fileURLToPath(new URL('server.js', import.meta.url))

/** A server process that is started again whenever it ends. */
export class SoakServer {
  readonly #options: ServerOptions
  #child: ChildProcess | undefined
  #origin: string | undefined
  /** How often it was started. */
  starts = 0

  constructor(options: ServerOptions) {
    this.#options = options
  }

  /** Where it listens; undefined while it is down. */
  get origin(): string | undefined {
    return this.#origin
  }

  async start(): Promise<void> {
    const words = ['--expose-gc', PROGRAM, JSON.stringify(this.#options)]
    const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] })
    // Nobody outlives the run, however that ends.
    const kill = (): unknown => child.kill('SIGKILL')
    process.once('exit', kill)
    child.once('exit', () => process.off('exit', kill))
    this.#child = child
    this.starts++
    const [port] = await Promise.race([
      once(child.stdout as NodeJS.ReadableStream, 'data'),
      once(child, 'exit').then(() => {
        throw new Error('A server did not start')
      }),
    ])
    this.#origin = `http://127.0.0.1:${Number(String(port))}`
  }

  /** Ends it by a signal; after SIGTERM it may take its time. */
  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const child = this.#child
    this.#child = this.#origin = undefined
    if (child === undefined || child.exitCode !== null) return
    child.kill(signal)
    await once(child, 'exit')
  }

  /** Ends and starts it, at random, until `isOver`. */
  async suffer(isOver: () => boolean, longestLife: number, longestDeath: number): Promise<void> {
    for (;;) {
      await pause(Math.random() * longestLife, isOver)
      if (isOver()) return
      await this.end(Math.random() < 0.75 ? 'SIGKILL' : 'SIGTERM')
      await pause(Math.random() * longestDeath, isOver)
      await this.start()
    }
  }
}

/** Waits for so many milliseconds, or until it is over. */
async function pause(milliseconds: number, isOver: () => boolean): Promise<void> {
  const end = performance.now() + milliseconds
  while (performance.now() < end && !isOver()) await delay(50)
}
