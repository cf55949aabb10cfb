import type { Store } from '../../lib/store.ts'
import { DataDirectory } from '../../stores/file/data-directory.ts'
import { type Environment, nodeEnvironment } from '../../stores/file/environment.ts'
import type { FileSystem } from '../../stores/file/file-system.ts'
import type { Owner, Verdict } from '../../stores/file/owner.ts'
import type { Tenancy } from '../../stores/file/tenancy/tenancy.ts'
import { enterTenant, type Tenant } from '../../stores/file/tenant.ts'
import { FileStore } from '../../stores/file.ts'
import type { Disk } from './disk.ts'

/** How a file store commits: always by a new file, or in place, as one that is alone. */
export type Way = 'replace' | 'overwrite'

/** Both. */
export const WAYS: readonly Way[] = ['replace', 'overwrite']

/** What {@link openEngine} opens. */
export interface EngineOptions {
  readonly disk: Disk
  /** Default: the disk itself. */
  readonly fs?: FileSystem
  readonly way: Way
  /** Default: one that goes 100 ms at each look, so that no patience is long. */
  readonly monotonic?: () => number
  /** The process it is: another one for each that was killed. Default: 1. */
  readonly process?: number
  /** What it thinks of the others. Default: that they are dead. */
  readonly verdict?: Verdict
}

/** A file store on a disk, and how it ends. */
export interface Engine {
  readonly store: Store & Required<Pick<Store, 'sweep' | 'ready'>>
  close(): Promise<void>
}

let processes = 1

/** Another process than all before. */
export function nextProcess(): number {
  processes += 1
  return processes
}

/** Opens a file store on a disk. */
export async function openEngine(options: EngineOptions): Promise<Engine> {
  const { disk, fs = disk, way, monotonic = rush(), process = 1, verdict = 'dead' } = options
  const environment: Environment = {
    ...nodeEnvironment,
    fs,
    monotonic,
    random: () => 0,
    owner: ownerOf(process, verdict),
    sockets: undefined,
  }
  const store = new FileStore({ directory: disk.data, lockTimeout: 3_600_000 }, environment)
  if (way === 'replace') return { store, close: () => store.close() }
  const directory = new DataDirectory(fs, disk.data, 'sid')
  await directory.prepare()
  const tenant = await enterTenant(environment, directory)
  beSole(tenant)
  const close = async (): Promise<void> => {
    await store.close()
    await tenant.leave()
  }
  return { store, close }
}

/** Has a tenant commit in place without asking who else is there: a disk in memory has no sockets. */
function beSole(tenant: Tenant): void {
  const { tenancy } = tenant
  const sole: Pick<Tenancy, 'isSole' | 'join' | 'confirm' | 'begin' | 'leave'> = {
    isSole: true,
    join: () => Promise.resolve(),
    confirm: () => undefined,
    begin: () => () => undefined,
    leave: () => tenancy.leave(),
  }
  Object.assign(tenant, { tenancy: sole })
}

/** A clock that goes on by so many milliseconds at each look. */
export function rush(step = 100): () => number {
  let now = 0
  return () => {
    now += step
    return now
  }
}

function ownerOf(process: number, verdict: Verdict): Owner {
  const self = `t-00000000-1-${process}-1-0`
  return {
    identify: async () => self,
    judge: async (name) => (name.startsWith(`${self}-`) ? 'alive' : verdict),
  }
}
