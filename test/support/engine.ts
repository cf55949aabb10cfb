import type { Store } from '../../lib/store.ts'
import { DataDirectory } from '../../stores/file/data-directory.ts'
import { type Environment, nodeEnvironment } from '../../stores/file/environment.ts'
import type { FileSystem } from '../../stores/file/file-system.ts'
import type { Owner, Verdict } from '../../stores/file/owner.ts'
import { enterTenant } from '../../stores/file/tenant.ts'
import { FileStore } from '../../stores/file.ts'
import type { Disk } from './disk.ts'
import { socketsOn } from './disk-sockets.ts'

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
  /** What it thinks of the others since this boot. Default: that they are dead. */
  readonly verdict?: Verdict
  /** How often the machine was started before. Default: 0. */
  readonly boot?: number
}

/** A file store on a disk, and how it ends. */
export interface Engine {
  readonly store: Store & Required<Pick<Store, 'sweep' | 'ready'>>
  /** Whether it commits in place. It must be in use. */
  isAlone(): Promise<boolean>
  close(): Promise<void>
}

let processes = 1

/** Another process than all before. */
export function nextProcess(): number {
  processes += 1
  return processes
}

/** Opens a file store on a disk. It joins those who use it when it is ready, or first commits. */
export function openEngine(options: EngineOptions): Engine {
  const { disk, fs = disk, way, monotonic = rush(), process = 1 } = options
  let random = process
  const environment: Environment = {
    ...nodeEnvironment,
    fs,
    monotonic,
    // So little that nobody waits, and yet each another number.
    random: () => ++random / 2 ** 32,
    owner: ownerOf(process, options),
    // Without sockets nobody is ever alone.
    sockets: way === 'overwrite' ? socketsOn(disk) : undefined,
    warn: () => {},
  }
  const store = new FileStore({ directory: disk.data, lockTimeout: 3_600_000 }, environment)
  return {
    store,
    async isAlone() {
      const directory = new DataDirectory(fs, disk.data, 'sid')
      const tenant = await enterTenant(environment, directory)
      await tenant.leave()
      return tenant.tenancy.isSole
    },
    close: () => store.close(),
  }
}

/** A clock that goes on by so many milliseconds at each look. */
export function rush(step = 100): () => number {
  let now = 0
  return () => {
    now += step
    return now
  }
}

function ownerOf(process: number, { verdict = 'dead', boot = 0 }: EngineOptions): Owner {
  const machine = `t-0000000${boot}-`
  const self = `${machine}1-${process}-1-0`
  return {
    identify: async () => self,
    async judge(name) {
      if (name === self || name.startsWith(`${self}-`)) return 'alive'
      // As the real one, which cannot tell a machine that was started anew from another.
      return name.startsWith(machine) ? verdict : 'unknown'
    },
  }
}
