import { execFileSync, type SpawnSyncReturns, spawnSync } from 'node:child_process'
import {
  closeSync,
  cpSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { projectDirectory } from '../project.ts'
import { type DiskEvent, type Patch, parseDiskLog } from './disk-log.ts'

/** A file system to try, made as its users make it. */
export interface FileSystemKind {
  readonly name: 'ext4' | 'xfs' | 'btrfs'
  readonly make: readonly string[]
  readonly mount: string
  /** In MiB; each has a smallest size. */
  readonly size: number
}

/** The three that servers run on. */
export const FILE_SYSTEMS: readonly FileSystemKind[] = [
  {
    name: 'ext4',
    make: ['mkfs.ext4', '-q', '-F', '-E', 'lazy_itable_init=0,lazy_journal_init=0'],
    mount: 'commit=1',
    size: 48,
  },
  { name: 'xfs', make: ['mkfs.xfs', '-q', '-f', '-K'], mount: 'nouuid', size: 300 },
  { name: 'btrfs', make: ['mkfs.btrfs', '-q', '-f', '-K'], mount: 'commit=1', size: 128 },
]

function run(command: string, ...words: readonly string[]): string {
  return execFileSync(command, words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}

function tryTo(command: string, ...words: readonly string[]): SpawnSyncReturns<string> {
  return spawnSync(command, words, { encoding: 'utf8' })
}

/** A file system on a logging disk, and the disks that a power cut may leave of it. */
export class PowerCutRig {
  readonly #folder: string
  readonly #kind: FileSystemKind

  /** `folder`: an empty one, on a fast disk. */
  constructor(folder: string, kind: FileSystemKind) {
    this.#folder = folder
    this.#kind = kind
    mkdirSync(folder, { recursive: true })
    for (const each of ['fuse', 'mnt']) mkdirSync(join(folder, each), { recursive: true })
  }

  /** Where the file system is mounted. */
  get mountPoint(): string {
    return join(this.#folder, 'mnt')
  }

  /** The file that takes notes. */
  get note(): string {
    return join(this.#folder, 'fuse/note')
  }

  /** Makes a file system, runs `work` on it, and resolves to what its disk has seen. */
  async record(work: () => Promise<void>): Promise<DiskEvent[]> {
    const [program, base, log] = ['disk', 'base.img', 'log'].map((name) => this.#path(name))
    const [, fuse] = [this.#folder, this.#path('fuse')]
    const source = join(projectDirectory, 'test/support/powercut/disk.c')
    const flags = run('pkg-config', '--cflags', '--libs', 'fuse3').trim().split(/\s+/)
    run('gcc', '-O2', '-Wall', '-Wextra', source, '-o', program as string, ...flags)
    writeFileSync(base as string, '')
    truncateSync(base as string, this.#kind.size * 1024 * 1024)
    const [make = '', ...options] = this.#kind.make
    run(make, ...options, base as string)
    run(program as string, base as string, log as string, fuse as string)
    try {
      const device = run('losetup', '-f', '--show', join(fuse as string, 'disk')).trim()
      try {
        run('mount', '-o', this.#kind.mount, device, this.mountPoint)
        try {
          await work()
        } finally {
          run('umount', this.mountPoint)
        }
      } finally {
        run('losetup', '-d', device)
      }
    } finally {
      run('umount', fuse as string)
    }
    return parseDiskLog(readFileSync(log as string))
  }

  /** Mounts the disk with these patches, and runs `work` on it; `'unmountable'` if it cannot be. */
  async crash(
    patches: readonly Patch[],
    work: () => Promise<void>,
  ): Promise<'unmountable' | 'done'> {
    const image = this.#path('crash.img')
    run('cp', '--sparse=always', this.#path('base.img'), image)
    const descriptor = openSync(image, 'r+')
    for (const { bytes, offset } of patches) writeSync(descriptor, bytes, 0, bytes.length, offset)
    closeSync(descriptor)
    const { status } = tryTo('mount', '-o', `loop,${this.#kind.mount}`, image, this.mountPoint)
    if (status !== 0) return 'unmountable'
    try {
      await work()
    } finally {
      run('umount', this.mountPoint)
    }
    return 'done'
  }

  /** Keeps the last crash state, to look into it. */
  keep(path: string): void {
    cpSync(this.#path('crash.img'), path)
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #path(name: string): string {
    return join(this.#folder, name)
  }
}
