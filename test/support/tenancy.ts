import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import {
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ExecutionContext } from 'ava'
import { type Environment, nodeEnvironment } from '../../stores/file/environment.ts'
import { SessionLocks } from '../../stores/file/lock.ts'
import type { Register, Tenant } from '../../stores/file/tenancy/register.ts'
import { Tenancy, type TenancyOptions } from '../../stores/file/tenancy/tenancy.ts'
import type { Stage } from './stage.ts'
import { makeTemporaryDirectory } from './temporary-directory.ts'

/** What a test may set of a tenancy. */
export interface TenancyScript extends Partial<Environment> {
  readonly onTenureEnd?: TenancyOptions['onTenureEnd']
  readonly patience?: number
  readonly interval?: number
}

/** A tenancy of this thread, left when the test ends. */
export function openTenancy(
  t: ExecutionContext,
  directory: string,
  { onTenureEnd = async () => {}, patience, interval, ...overrides }: TenancyScript = {},
): Tenancy {
  const environment = { ...nodeEnvironment, ...overrides }
  const tenancy = new Tenancy({
    environment,
    directory,
    locks: new SessionLocks(environment),
    onTenureEnd,
    ...(patience === undefined ? {} : { patience }),
    ...(interval === undefined ? {} : { interval }),
  })
  // A tenancy keeps no process alive, and this one is to see what comes.
  const alive = setInterval(() => {}, 60_000)
  t.teardown(async () => {
    const left = tenancy.leave()
    // After a failure it may wait for what the test has not come to.
    if (t.passed) await left
    clearInterval(alive)
  })
  return tenancy
}

/** A directory for tenants. */
export function makeTenantsDirectory(t: Stage, ...below: readonly string[]): string {
  const directory = join(realpathSync(makeTemporaryDirectory(t)), ...below)
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  return directory
}

/** The register, as it stands on the disk. */
export function readRegister(directory: string): Register {
  return JSON.parse(readFileSync(join(directory, 'tenants', 'register'), 'utf8'))
}

/** A register as somebody left it. */
export function writeRegister(directory: string, register: Partial<Register> | string): void {
  mkdirSync(join(directory, 'tenants'), { recursive: true, mode: 0o700 })
  const empty = { version: 1, tenants: [], sole: [], shared: false }
  const text = typeof register === 'string' ? register : JSON.stringify({ ...empty, ...register })
  writeFileSync(join(directory, 'tenants', 'register'), text, { mode: 0o600 })
}

/** The names of the sockets there, those of the dead too. */
export function listSockets(directory: string): string[] {
  return readdirSync(join(directory, 'tenants')).filter((name) => /\.(socket|new)$/.test(name))
}

/** A tenant as another process has entered it. */
export async function makeTenant(change: Partial<Tenant> = {}): Promise<Tenant> {
  const owner = await nodeEnvironment.owner.identify()
  return { name: '0123456789abcdef', owner, directory: '1', ...change }
}

const CHILD = fileURLToPath(new URL('tenancy-child.js', import.meta.url))

/** A tenant in a process of its own. */
export class TenantProcess {
  readonly child: ChildProcess

  /** It is killed when the test ends. */
  constructor(t: Stage, directory: string, ...parameters: readonly string[]) {
    this.child = fork(CHILD, [directory, ...parameters], { execArgv: [] })
    t.teardown(() => this.child.kill('SIGKILL'))
  }

  /** Has it do something, and resolves to what came of it. */
  async call(task: 'join' | 'isSole' | 'begin' | 'end' | 'leave' | 'fork'): Promise<unknown> {
    this.child.send(task)
    const [answer] = await once(this.child, 'message')
    return answer
  }

  /** Ends it by a signal, and resolves when the system has done that. */
  async kill(): Promise<void> {
    const ended = once(this.child, 'exit')
    this.child.kill('SIGKILL')
    await ended
  }
}

/** The socket of a process that was killed. */
export async function leaveDeadSocket(t: Stage, directory: string): Promise<string> {
  const killed = new TenantProcess(t, directory)
  await killed.call('join')
  await killed.kill()
  return readRegister(directory).tenants[0]?.name ?? ''
}

/** Where the socket of a process that was killed is, and how many names it was given. */
export interface DeadSocket {
  readonly path: string
  names: number
}

/**
 * Puts the socket of a process that was killed into another directory, under a name that is on no
 * register. It is one socket under many names: refused by the same dead process.
 */
export function putDeadSocket(dead: DeadSocket, directory: string): string {
  dead.names += 1
  const name = dead.names.toString(16).padStart(16, '0')
  mkdirSync(join(directory, 'tenants'), { recursive: true, mode: 0o700 })
  linkSync(dead.path, join(directory, 'tenants', `${name}.socket`))
  return name
}
