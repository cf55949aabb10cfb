import { type SpawnSyncReturns, spawnSync } from 'node:child_process'
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FileSystemKind } from './rig.ts'

function tryTo(command: string, ...words: readonly string[]): SpawnSyncReturns<string> {
  return spawnSync(command, words, { encoding: 'utf8' })
}

/** Mounts that are nobody else's, and end with the process. */
export const OWN_MOUNTS: readonly string[] = ['-m', '--propagation', 'private']

/** Why nothing can be mounted here; undefined when it can. Tried, since root may have no right to. */
export function whyNoMounts(): string | undefined {
  if (process.geteuid?.() !== 0) return 'only root can mount a file system'
  const { status, error } = tryTo('unshare', ...OWN_MOUNTS, 'mount', '-t', 'tmpfs', 'none', '/tmp')
  if (error) return 'unshare is not installed'
  return status === 0 ? undefined : 'this root may not mount (CAP_SYS_ADMIN is missing)'
}

/** Why no power can be cut here; undefined when it can. To be asked with mounts of one's own. */
export function whyNoPowerCut(kind: FileSystemKind): string | undefined {
  for (const path of ['/dev/fuse', '/dev/loop-control']) {
    if (!existsSync(path)) return `there is no ${path}`
  }
  for (const tool of ['gcc', 'fusermount3', 'losetup', kind.make[0] as string]) {
    if (tryTo('which', tool).status !== 0) return `${tool} is not installed`
  }
  if (tryTo('pkg-config', '--exists', 'fuse3').status !== 0) return 'libfuse3-dev is not installed'
  try {
    closeSync(openSync('/dev/fuse', 'r+'))
  } catch {
    return '/dev/fuse may not be opened'
  }
  const folder = mkdtempSync(join(tmpdir(), 'powercut-'))
  try {
    return whyNoLoopMount(kind, folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Makes one such file system and mounts it: rights, devices and the kernel are asked at once. */
function whyNoLoopMount({ name, make, size }: FileSystemKind, folder: string): string | undefined {
  const [image, point] = [join(folder, 'image'), join(folder, 'mnt')]
  writeFileSync(image, '')
  truncateSync(image, size * 1024 * 1024)
  mkdirSync(point)
  const [program = '', ...options] = make
  if (tryTo(program, ...options, image).status !== 0) return `${program} fails`
  const { status, stdout } = tryTo('losetup', '-f', '--show', image)
  if (status !== 0) return 'no loop device can be set up'
  const device = stdout.trim()
  try {
    if (tryTo('mount', device, point).status !== 0) return `no ${name} can be mounted`
    return tryTo('umount', point).status === 0 ? undefined : `no ${name} can be unmounted`
  } finally {
    tryTo('losetup', '-d', device)
  }
}
