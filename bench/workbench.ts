import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Contender } from './contenders.ts'
import type { LoadCalls } from './load/process.ts'
import type { TargetSpec } from './load/target.ts'
import { Child } from './processes/child.ts'
import { type Cores, divideCores } from './processes/cores.ts'
import { Redis } from './processes/redis.ts'
import type { ServerSpec } from './servers/app.ts'
import type { ServerCalls, Started } from './servers/process.ts'

/** The file system that is measured, unless the run says another: that of the project. */
const DIRECTORY = fileURLToPath(new URL('../.data/', import.meta.url))

/** How long a server may take to make its sessions, in milliseconds: slow ones get fewer. */
const PREPARATION_MILLISECONDS = 5000

/** A server that is measured: its processes, the first of which is asked for what it used. */
export interface RunningServer {
  readonly contender: Contender
  readonly processes: readonly Child<ServerCalls>[]
  readonly started: readonly Started[]
  readonly directory: string
}

/** What a run stands on: the load, the servers, and a directory that is removed at the end. */
export class Workbench {
  readonly directory: string
  readonly cores: Cores = divideCores()
  readonly load: Child<LoadCalls>
  readonly log: (message: string) => void
  readonly #children: Pick<Child<unknown>, 'end'>[] = []
  #redis: Redis | undefined
  #directories = 0

  /** `parent`: where to keep what is measured; default: in the folder of the benchmark. */
  constructor(log: (message: string) => void, parent: string = DIRECTORY) {
    mkdirSync(parent, { recursive: true })
    this.directory = mkdtempSync(join(parent, 'run-'))
    this.log = log
    this.load = this.spawn('load/process.js', 'load', this.cores.load)
  }

  get redis(): Redis | undefined {
    return this.#redis
  }

  /** Starts Redis; `false` when it is not installed. */
  async startRedis(): Promise<boolean> {
    this.#redis ??= await Redis.start(this.cores.companion)
    if (this.#redis !== undefined) return true
    this.log('There is no redis-server here (apt-get install redis-server): Redis is left out')
    return false
  }

  /** Starts a process that ends with the run. */
  spawn<Calls>(module: string, label: string, cores: string | undefined): Child<Calls> {
    const child = new Child<Calls>(module, label, cores)
    this.#children.push(child)
    return child
  }

  /** A new empty directory. */
  createDirectory(): string {
    this.#directories += 1
    const directory = join(this.directory, String(this.#directories))
    mkdirSync(directory)
    return directory
  }

  /** Starts a contender with all its processes; `directory` may hold sessions already. */
  async start(
    contender: Contender,
    directory: string = this.createDirectory(),
  ): Promise<RunningServer> {
    const { id, kind, sessionBytes = 200, loaded = 1, idle = 0 } = contender
    const redisPort = this.#redis?.port
    const spec: ServerSpec = { kind, directory, sessionBytes, redisPort }
    const cores = loaded > 1 ? this.cores.servers : this.cores.server
    const processes: Child<ServerCalls>[] = []
    const started: Started[] = []
    // One after the other, as servers are started: who comes second finds the first.
    for (let index = 0; index < loaded + idle; index++) {
      const child = this.spawn<ServerCalls>('servers/process.js', id, cores)
      processes.push(child)
      started.push(await child.call('start', spec))
    }
    return { contender, processes, started, directory }
  }

  /** Makes the sessions of a server, through it. */
  async prepare(
    server: RunningServer,
    sessions: number,
    milliseconds: number = PREPARATION_MILLISECONDS,
  ): Promise<number> {
    const target = targetOf(server)
    const prepared = await this.load.call('prepare', { target, sessions, milliseconds })
    const seconds = (prepared.milliseconds / 1000).toFixed(1)
    this.log(`${target.id}: made ${prepared.sessions} sessions in ${seconds} s`)
    return prepared.sessions
  }

  /** The same sessions, served by other processes now. */
  async redirect(server: RunningServer): Promise<void> {
    await this.load.call('redirect', targetOf(server))
  }

  /** Ends a server's processes, its commits done. */
  async stop({ processes }: RunningServer): Promise<void> {
    for (const child of processes) {
      await child.call('close')
      await child.end()
    }
  }

  /** Ends every process and removes every file. */
  async end(): Promise<void> {
    await Promise.all(this.#children.map((child) => child.end()))
    await this.#redis?.end()
    rmSync(this.directory, { recursive: true, force: true, maxRetries: 3 })
  }
}

function targetOf({ contender, started }: RunningServer): TargetSpec {
  const { id, keeps = 'store', loaded = 1 } = contender
  return { id, keeps, ports: started.slice(0, loaded).map(({ port }) => port) }
}
