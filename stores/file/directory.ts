import type { BigIntStats } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { SessionError } from '../../lib/errors.ts'
import { storeError } from './failure.ts'
import { CREATE_FLAGS, codeOf, type FileSystem, ignoring, writeAll } from './file-system.ts'

const GIT_IGNORE = '.gitignore'
const IGNORE_ALL = '*\n'
/** What stands in the folder of a store or of the key ring. */
const OUR_NAME = /^([0-9a-f]{2}|tenants|\.sweep(\.lock)?|keyring\.json.*)$/

const PRIVATE = 0o700n
const PERMISSIONS = 0o777n
const OTHERS_WRITE = 0o002n
const STICKY = 0o1000n

/**
 * Makes `path` a directory of ours alone: made with mode 0700 when missing (and what is above it),
 * narrowed to that when wider.
 *
 * Rejects with `ERR_SESSION_DIRECTORY` when it is a link, no directory, somebody else's, shared
 * (sticky, as `/tmp`), cannot be narrowed, or when its parent lets everybody rename it
 * (world-writable without the sticky bit; compare CVE-2020-24583); with `ERR_SESSION_STORE` when
 * the system refuses. `user` is our effective user id, or undefined where there are none. A wide
 * one for which `mayNarrow` says no is refused.
 */
export async function preparePrivateDirectory(
  fs: FileSystem,
  path: string,
  user: number | undefined = process.geteuid?.(),
  mayNarrow: () => Promise<boolean> = async () => true,
): Promise<void> {
  try {
    await makeDirectory(fs, path)
    await checkDirectory(fs, path, user, mayNarrow)
  } catch (error) {
    if (codeOf(error) === 'ENOTDIR') {
      throw refuse(path, 'is below a file', 'Set `directory` to another path', error)
    }
    throw storeError('prepare the directory of the store', error)
  }
}

/**
 * Writes a `.gitignore` that holds `*` into a directory that has none: sessions and keys are never
 * to be committed.
 */
export async function writeGitIgnore(fs: FileSystem, directory: string): Promise<void> {
  const path = join(directory, GIT_IGNORE)
  try {
    const descriptor = await fs.open(path, CREATE_FLAGS, 0o600)
    try {
      await writeAll(fs, descriptor, Buffer.from(IGNORE_ALL))
    } catch (error) {
      // An empty one would keep the next from being written.
      await fs.unlink(path).catch(() => {})
      throw error
    } finally {
      await fs.close(descriptor)
    }
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return
    throw storeError('write the .gitignore of the directory', error)
  }
}

/**
 * Whether a directory is empty, or one of ours: it has our mark, or nothing but what we make.
 * Nobody's project or home is to be closed to others.
 */
export async function isDataDirectory(fs: FileSystem, path: string): Promise<boolean> {
  const names = (await fs.readdir(path)).filter((name) => name !== 'lost+found')
  const mark = join(path, GIT_IGNORE)
  if (names.includes(GIT_IGNORE) && (await fs.lstat(mark)).isFile()) {
    return (await fs.readText(mark)) === IGNORE_ALL
  }
  const ours = await Promise.all(names.map((name) => holdsOurs(fs, join(path, name))))
  return ours.every(Boolean)
}

/** Whether something is a folder with nothing in it but shards and what else we make there. */
async function holdsOurs(fs: FileSystem, path: string): Promise<boolean> {
  if (!(await fs.lstat(path)).isDirectory()) return false
  return (await fs.readdir(path)).every((name) => OUR_NAME.test(name))
}

async function makeDirectory(fs: FileSystem, path: string): Promise<void> {
  try {
    await fs.mkdir(path, 0o700)
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return
    if (codeOf(error) !== 'ENOENT' || dirname(path) === path) throw error
    await makeDirectory(fs, dirname(path))
    await ignoring(['EEXIST'], fs.mkdir(path, 0o700))
  }
}

/**
 * Refuses a directory that is not ours alone to name, as {@link preparePrivateDirectory} does, but
 * makes and changes nothing. Resolves to whether it is there.
 */
export async function inspectDirectory(
  fs: FileSystem,
  path: string,
  user: number | undefined = process.geteuid?.(),
): Promise<boolean> {
  try {
    await checkOwner(fs, path, user)
    return true
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false
    throw storeError('look at the directory of the store', error)
  }
}

async function checkDirectory(
  fs: FileSystem,
  path: string,
  user: number | undefined,
  mayNarrow: () => Promise<boolean>,
): Promise<void> {
  const stats = await checkOwner(fs, path, user)
  if (user === undefined || (stats.mode & PERMISSIONS) === PRIVATE) return
  if (!(await mayNarrow())) {
    throw refuse(
      path,
      'holds other files, and others may enter it',
      'Set `directory` to one for sessions alone',
    )
  }
  await fs.chmod(path, Number(PRIVATE))
  const narrowed = await fs.lstat(path)
  if ((narrowed.mode & PERMISSIONS) !== PRIVATE) {
    throw refuse(
      path,
      'can be read by others, and its file system does not let that be changed',
      'Set `directory` to a path on a file system with permissions',
    )
  }
}

async function checkOwner(
  fs: FileSystem,
  path: string,
  user: number | undefined,
): Promise<BigIntStats> {
  const stats = await fs.lstat(path)
  if (stats.isSymbolicLink()) {
    throw refuse(path, 'is a symbolic link', 'Set `directory` to what it points to')
  }
  if (!stats.isDirectory()) {
    throw refuse(path, 'is not a directory', 'Remove it, or set `directory` to another path')
  }
  if (user === undefined) return stats
  if (stats.uid !== BigInt(user)) {
    throw refuse(
      path,
      `belongs to user ${stats.uid}, and this process runs as user ${user}`,
      'Give it to that user (chown), or set `directory` to another path',
    )
  }
  const parent = await fs.stat(dirname(path))
  if ((parent.mode & OTHERS_WRITE) !== 0n && (parent.mode & STICKY) === 0n) {
    throw refuse(
      path,
      'lies in a directory that everybody may write',
      'Take that right away (chmod o-w), or set `directory` to another path',
    )
  }
  if ((stats.mode & STICKY) !== 0n) {
    throw refuse(path, 'is shared by all users', 'Set `directory` to one of its own, inside it')
  }
  return stats
}

function refuse(path: string, reason: string, cure: string, cause?: unknown): SessionError {
  const message = `The directory '${basename(path)}' ${reason}. ${cure}.`
  return new SessionError('ERR_SESSION_DIRECTORY', message, cause === undefined ? {} : { cause })
}
