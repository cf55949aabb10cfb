import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { makeTemporaryDirectory } from './temporary-directory.ts'

const isRoot = process.geteuid?.() === 0
/** A mount of one's own: root may, and a user who may be root among themselves. */
const UNSHARE = ['unshare', ...(isRoot ? ['-m'] : ['-Urm']), '--propagation', 'private']

/** Why no disk can be mounted here; undefined when it can. */
export function whyNoMount(): string | undefined {
  const [command = '', ...words] = UNSHARE
  const { status } = spawnSync(command, [...words, 'mount', '-t', 'tmpfs', 'none', '/tmp'])
  return status === 0 ? undefined : 'no disk may be mounted'
}

/** Plays a disk that is small, and that only the processes see which are started under it. */
export class SmallDisk {
  /** Where it is mounted, as they see it. */
  readonly path: string
  /** The command to start a process under it. */
  readonly under: readonly string[]
  /** Where everybody else sees it. */
  readonly outside: string

  private constructor(path: string, holder: number) {
    this.path = path
    this.under = [
      'nsenter',
      '-t',
      `${holder}`,
      '-m',
      ...(isRoot ? [] : ['-U', '--preserve-credentials']),
    ]
    this.outside = `/proc/${holder}/root${path}`
  }

  /** Mounts one with such options of tmpfs; it is gone when the test ends. */
  static async mount(t: ExecutionContext, options: string): Promise<SmallDisk> {
    const path = makeTemporaryDirectory(t)
    const script = `mount -t tmpfs -o mode=755,${options} none "$0" && echo mounted && exec cat`
    const [command = '', ...words] = [...UNSHARE, 'sh', '-c', script, path]
    const holder: ChildProcess = spawn(command, words, { stdio: ['pipe', 'pipe', 'inherit'] })
    t.teardown(() => holder.kill('SIGKILL'))
    await once(holder.stdout as NodeJS.ReadableStream, 'data')
    return new SmallDisk(path, holder.pid as number)
  }

  /** Writes until there is no room for another byte. */
  fill(): void {
    const descriptor = openSync(join(this.outside, 'filler'), 'a')
    try {
      for (;;) writeSync(descriptor, Buffer.alloc(4096))
    } catch {
      closeSync(descriptor)
    }
  }

  /** Makes files until there is no room for another one. */
  fillInodes(): void {
    try {
      for (let index = 0; ; index++) writeFileSync(join(this.outside, `filler.${index}`), '')
    } catch {
      // Full.
    }
  }

  /** Makes room again. */
  free(): void {
    rmSync(join(this.outside, 'filler'), { force: true })
    for (let index = 0; index < 1000; index++) {
      rmSync(join(this.outside, `filler.${index}`), { force: true })
    }
  }

  /** Makes the disk read-only, or not any more. Nothing on it may be open for writing. */
  remount(mode: 'ro' | 'rw'): void {
    const [command = '', ...words] = [
      ...this.under,
      'mount',
      '-o',
      `remount,bind,${mode}`,
      this.path,
    ]
    const { status, stderr } = spawnSync(command, words, { encoding: 'utf8' })
    if (status !== 0) throw new Error(`mount: ${stderr}`)
  }
}
