import fs, { type BigIntStats } from 'node:fs'

/** One entry of a directory that is read as a stream. */
export interface ListedFile {
  readonly name: string
  isDirectory(): boolean
}

/**
 * Every call the file store makes to the file system, and the only place it makes one from.
 *
 * Each rejects with an error that keeps `code`, `errno` and `syscall` of the system's, and holds no
 * path.
 */
export interface FileSystem {
  /** Opens a file and resolves to its descriptor. */
  open(path: string, flags: number, mode?: number): Promise<number>
  close(descriptor: number): Promise<void>
  /** Reads once, into `buffer` from `offset` on; resolves to the number of bytes, 0 at the end. */
  read(descriptor: number, buffer: Buffer, offset: number): Promise<number>
  /**
   * Writes once: `buffer` from `offset` on, to the file from `position + offset` on. Resolves to the
   * number of bytes, which may be fewer than given.
   */
  write(descriptor: number, buffer: Buffer, offset: number, position: number): Promise<number>
  fstat(descriptor: number): Promise<BigIntStats>
  fchmod(descriptor: number, mode: number): Promise<void>
  fdatasync(descriptor: number): Promise<void>
  fsync(descriptor: number): Promise<void>
  stat(path: string): Promise<BigIntStats>
  lstat(path: string): Promise<BigIntStats>
  /**
   * As `lstat`, of a path that leads to a file which this process has open: may answer at once, since
   * what it asks for cannot have left the memory, and so waits for no disk.
   */
  lstatOpen(path: string): BigIntStats | Promise<BigIntStats>
  chmod(path: string, mode: number): Promise<void>
  /** Rejects unless this process may read, write and enter the directory. */
  access(path: string): Promise<void>
  mkdir(path: string, mode: number): Promise<void>
  rmdir(path: string): Promise<void>
  /** As rmdir, for the moment a process ends. */
  rmdirSync(path: string): void
  readdir(path: string): Promise<string[]>
  /** The type of the file system that a directory is on (statfs(2)). */
  statfs(path: string): Promise<bigint>
  /** The path without links: one for all that lead to the same directory. */
  realpath(path: string): Promise<string>
  /** The entries of a directory, streamed: memory stays flat however many there are. */
  list(path: string): AsyncIterable<ListedFile>
  rename(from: string, to: string): Promise<void>
  unlink(path: string): Promise<void>
  utimes(path: string, accessed: Date, modified: Date): Promise<void>
  /** A small text file of the system, such as those under `/proc`. */
  readText(path: string): Promise<string>
}

type Callback<T> = (error: NodeJS.ErrnoException | null, value: T) => void

/**
 * Calls back into a promise: half the cost of `fs.promises`, whose file handles and validation a
 * store of tiny files feels.
 */
function promise<T>(call: (callback: Callback<T>) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    call((error, value) => (error ? reject(withoutPath(error)) : resolve(value)))
  })
}

/** A new error, since the stack of the old one begins with its message, and that with a path. */
function withoutPath(error: NodeJS.ErrnoException): NodeJS.ErrnoException {
  const { code, errno, syscall } = error
  return Object.assign(new Error(`${code}: ${syscall}`), { code, errno, syscall })
}

/** The file system of this machine. */
export const nodeFileSystem: FileSystem = {
  open: (path, flags, mode) => promise((done) => fs.open(path, flags, mode, done)),
  close: (descriptor) => promise((done) => fs.close(descriptor, done as () => void)),
  read: (descriptor, buffer, offset) =>
    promise((done) =>
      fs.read(descriptor, buffer, offset, buffer.length - offset, offset, (error, count) =>
        done(error, count),
      ),
    ),
  write: (descriptor, buffer, offset, position) => {
    const length = buffer.length - offset
    return promise((done) => fs.write(descriptor, buffer, offset, length, position + offset, done))
  },
  fstat: (descriptor) => promise((done) => fs.fstat(descriptor, { bigint: true }, done)),
  fchmod: (descriptor, mode) => promise((done) => fs.fchmod(descriptor, mode, done as () => void)),
  fdatasync: (descriptor) => promise((done) => fs.fdatasync(descriptor, done as () => void)),
  fsync: (descriptor) => promise((done) => fs.fsync(descriptor, done as () => void)),
  stat: (path) => promise((done) => fs.stat(path, { bigint: true }, done)),
  lstat: (path) => promise((done) => fs.lstat(path, { bigint: true }, done)),
  lstatOpen: (path) => {
    try {
      return fs.lstatSync(path, { bigint: true })
    } catch (error) {
      throw withoutPath(error as NodeJS.ErrnoException)
    }
  },
  chmod: (path, mode) => promise((done) => fs.chmod(path, mode, done as () => void)),
  access: (path) =>
    promise((done) =>
      fs.access(
        path,
        fs.constants.R_OK | fs.constants.W_OK | fs.constants.X_OK,
        done as () => void,
      ),
    ),
  mkdir: (path, mode) => promise((done) => fs.mkdir(path, mode, done as () => void)),
  rmdir: (path) => promise((done) => fs.rmdir(path, done as () => void)),
  rmdirSync: (path) => fs.rmdirSync(path),
  readdir: (path) => promise((done) => fs.readdir(path, done)),
  statfs: (path) =>
    promise((done) =>
      fs.statfs(path, { bigint: true }, (error, stats) => done(error, stats?.type ?? 0n)),
    ),
  realpath: (path) => promise((done) => fs.realpath.native(path, done)),
  list: listDirectory,
  rename: (from, to) => promise((done) => fs.rename(from, to, done as () => void)),
  unlink: (path) => promise((done) => fs.unlink(path, done as () => void)),
  utimes: (path, accessed, modified) =>
    promise((done) => fs.utimes(path, accessed, modified, done as () => void)),
  readText: (path) => promise((done) => fs.readFile(path, 'latin1', done)),
}

async function* listDirectory(path: string): AsyncGenerator<ListedFile> {
  const directory = await promise<fs.Dir>((done) => fs.opendir(path, done))
  try {
    for (;;) {
      const entry = await promise<fs.Dirent | null>((done) => directory.read(done))
      if (!entry) return
      yield entry
    }
  } finally {
    await promise<void>((done) => directory.close(done as () => void))
  }
}

const {
  O_CREAT,
  O_DIRECTORY = 0,
  O_EXCL,
  O_NOFOLLOW = 0,
  O_NONBLOCK = 0,
  O_RDONLY,
  O_RDWR,
  O_WRONLY,
} = fs.constants

/**
 * Flags to read a file that may be anything: follows no link, and does not wait for the other end
 * of a FIFO.
 */
export const READ_FLAGS: number = O_RDONLY | O_NOFOLLOW | O_NONBLOCK
/** As {@link READ_FLAGS}, to write as well. */
export const READ_WRITE_FLAGS: number = O_RDWR | O_NOFOLLOW | O_NONBLOCK
/** Flags to make a file that must not exist. */
export const CREATE_FLAGS: number = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW
/** Flags to open a directory, for its fsync. */
export const DIRECTORY_FLAGS: number = O_RDONLY | O_DIRECTORY

/** Whether a file's owner may read and write it, and nobody else may do anything. */
export function isPrivate({ mode }: BigIntStats): boolean {
  return (mode & 0o777n) === 0o600n
}

/** The system's code of an error, such as `'ENOENT'`. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined
}

/** Resolves when `work` does, or rejects with one of the codes given. */
export async function ignoring(codes: readonly string[], work: Promise<unknown>): Promise<void> {
  try {
    await work
  } catch (error) {
    if (!codes.includes(codeOf(error) ?? '')) throw error
  }
}

/**
 * Writes all of `buffer`, or what is left of it from `start` on, to a file from `position` on, in
 * bytes.
 */
export async function writeAll(
  fs: FileSystem,
  descriptor: number,
  buffer: Buffer,
  position = 0,
  start = 0,
): Promise<void> {
  for (let offset = start; offset < buffer.length; ) {
    const count = await fs.write(descriptor, buffer, offset, position)
    // write(2) may answer 0 for a regular file only in error, and would then do so for ever.
    if (count === 0) {
      throw Object.assign(new Error('ENOSPC: write'), { code: 'ENOSPC', syscall: 'write' })
    }
    offset += count
  }
}

/** The first `length` bytes of a file, or fewer when it ends before. */
export async function readUpTo(
  fs: FileSystem,
  descriptor: number,
  length: number,
): Promise<Buffer> {
  const buffer = Buffer.allocUnsafeSlow(length)
  let offset = 0
  while (offset < length) {
    const count = await fs.read(descriptor, buffer, offset)
    if (count === 0) break
    offset += count
  }
  return buffer.subarray(0, offset)
}
