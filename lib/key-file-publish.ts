import type * as fs from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { RandomBytes } from './id.ts'

/** What a key file needs of `node:fs/promises`. */
export type KeyFileSystem = Pick<
  typeof fs,
  'link' | 'lstat' | 'mkdir' | 'open' | 'readdir' | 'rename' | 'rmdir' | 'unlink'
>

/** How {@link publishFile} works. */
export interface PublishOptions {
  readonly fileSystem: KeyFileSystem
  readonly random: RandomBytes
  /** Resolves after so many milliseconds. */
  readonly wait: (milliseconds: number) => Promise<unknown>
}

/** Errors of `link()` on file systems without hard links. */
const NO_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EXDEV', 'EMLINK'])

/**
 * A lock that did not change for `PATIENCE` looks, one every `POLL` milliseconds, was left by a
 * process that ended.
 */
const POLL = 50
const PATIENCE = 200

/**
 * Makes a private file that is there whole or not at all, and survives a power cut. Never takes the
 * place of another: `false` when one is there, or another process is first.
 */
export async function publishFile(
  path: string,
  text: string,
  options: PublishOptions,
): Promise<boolean> {
  const { fileSystem, random } = options
  const draft = `${path}.${random(8).toString('hex')}.tmp`
  try {
    await writeNew(fileSystem, draft, text)
    const made = await link(fileSystem, draft, path)
    const first = made ?? (await renameUnderLock(path, text, options))
    if (first) await syncDirectory(fileSystem, dirname(path))
    return first
  } finally {
    await unless(['ENOENT'], fileSystem.unlink(draft))
  }
}

/** The code of a file system error; `undefined` for any other value. */
export function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException | undefined)?.code
}

async function writeNew(fileSystem: KeyFileSystem, path: string, text: string): Promise<void> {
  const file = await fileSystem.open(path, 'wx', 0o600)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** `undefined` where there are no hard links. */
async function link(
  fileSystem: KeyFileSystem,
  draft: string,
  path: string,
): Promise<boolean | undefined> {
  try {
    await fileSystem.link(draft, path)
    return true
  } catch (error) {
    const code = codeOf(error)
    if (code === 'EEXIST') return false
    if (code !== undefined && NO_LINKS.has(code)) return undefined
    throw error
  }
}

/**
 * Without hard links nothing but `rename()` puts a whole file in place, and it does not ask what
 * was there. So one process at a time renames, from inside a lock directory: whoever breaks that
 * lock removes the file in it first, and the rename of the one who was too slow fails.
 */
async function renameUnderLock(
  path: string,
  text: string,
  options: PublishOptions,
): Promise<boolean> {
  const { fileSystem, random } = options
  const lock = `${path}.lock`
  const token = join(lock, random(8).toString('hex'))
  while (await acquire(lock, path, options)) {
    try {
      await writeNew(fileSystem, token, text)
      if (await exists(fileSystem, path)) return false
      await fileSystem.rename(token, path)
      return true
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error
    } finally {
      await unless(['ENOENT'], fileSystem.unlink(token))
      await unless(['ENOENT', 'ENOTEMPTY', 'EEXIST'], fileSystem.rmdir(lock))
    }
  }
  return false
}

/** `false` when the file is there, so that the lock is not needed any more. */
async function acquire(lock: string, path: string, options: PublishOptions): Promise<boolean> {
  const { fileSystem, wait } = options
  let seen: string | undefined
  for (let looks = 0; !(await exists(fileSystem, path)); looks += 1) {
    const made = await unless(
      ['EEXIST'],
      fileSystem.mkdir(lock, { mode: 0o700 }).then(() => true),
    )
    if (made) return true
    const now = await stateOf(fileSystem, lock)
    if (now !== seen) looks = 0
    seen = now
    if (looks < PATIENCE) await wait(POLL)
    else await breakLock(fileSystem, lock)
  }
  return false
}

async function stateOf(fileSystem: KeyFileSystem, lock: string): Promise<string | undefined> {
  const stats = await unless(['ENOENT'], fileSystem.lstat(lock, { bigint: true }))
  return stats && `${stats.ino} ${stats.mtimeNs}`
}

async function breakLock(fileSystem: KeyFileSystem, lock: string): Promise<void> {
  for (const token of (await unless(['ENOENT'], fileSystem.readdir(lock))) ?? []) {
    await unless(['ENOENT'], fileSystem.unlink(join(lock, token)))
  }
  await unless(['ENOENT', 'ENOTEMPTY', 'EEXIST'], fileSystem.rmdir(lock))
}

async function exists(fileSystem: KeyFileSystem, path: string): Promise<boolean> {
  return (await unless(['ENOENT'], fileSystem.lstat(path))) !== undefined
}

async function syncDirectory(fileSystem: KeyFileSystem, path: string): Promise<void> {
  // Windows has no handle of a directory to flush.
  if (process.platform === 'win32') return
  const directory = await fileSystem.open(path, 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}

async function unless<T>(codes: readonly string[], work: Promise<T>): Promise<T | undefined> {
  try {
    return await work
  } catch (error) {
    const code = codeOf(error)
    if (code !== undefined && codes.includes(code)) return undefined
    throw error
  }
}
