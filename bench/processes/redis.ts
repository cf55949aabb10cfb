import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createConnection, createServer } from 'node:net'
import { setTimeout } from 'node:timers/promises'

/** Linux counts a process's time in ticks of this many microseconds: USER_HZ is 100. */
const TICK_MICROSECONDS = 10_000

/** A `redis-server` of our own, that writes nothing to the disk. */
export class Redis {
  readonly port: number
  readonly #process: ChildProcess

  private constructor(port: number, process: ChildProcess) {
    this.port = port
    this.#process = process
  }

  /** Starts one; undefined when there is no `redis-server` on this machine. */
  static async start(cores: string | undefined): Promise<Redis | undefined> {
    if (spawnSync('redis-server', ['--version']).status !== 0) return undefined
    const port = await findFreePort()
    const command = ['redis-server', '--port', String(port), '--bind', '127.0.0.1']
    command.push('--save', '', '--appendonly', 'no')
    if (cores !== undefined) command.unshift('taskset', '--cpu-list', cores)
    const [program = '', ...parameters] = command
    const redis = new Redis(port, spawn(program, parameters, { stdio: 'ignore', cwd: '/' }))
    await waitForPort(port)
    return redis
  }

  /** The CPU time it has used, in microseconds, in steps of 10,000; 0 where there is no `/proc`. */
  cpuMicroseconds(): number {
    try {
      const stat = readFileSync(`/proc/${this.#process.pid}/stat`, 'utf8')
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      return (Number(fields[11]) + Number(fields[12])) * TICK_MICROSECONDS
    } catch {
      return 0
    }
  }

  async end(): Promise<void> {
    if (this.#process.exitCode !== null) return
    const ended = new Promise((resolve) => this.#process.once('exit', resolve))
    this.#process.kill('SIGKILL')
    await ended
  }
}

function findFreePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject).listen(0, '127.0.0.1', () => {
      const address = server.address()
      const port = typeof address === 'object' && address !== null ? address.port : 0
      server.close(() => resolve(port))
    })
  })
}

async function waitForPort(port: number): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    if (await canConnect(port)) return
    await setTimeout(50)
  }
  throw new Error('redis-server did not listen within 5 seconds')
}

function canConnect(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(port, '127.0.0.1')
    const settle = (answer: boolean): void => {
      socket.destroy()
      resolve(answer)
    }
    socket.once('connect', () => settle(true)).once('error', () => settle(false))
  })
}
