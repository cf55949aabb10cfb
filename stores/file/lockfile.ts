import type { FileSystem } from './file-system.ts'

type Done = (error: unknown, value?: unknown) => void

/**
 * What proper-lockfile calls, on our file system. A new object for each lock or store: what it
 * finds out of a file system it keeps on the object as a symbol.
 *
 * With `modified`, every lock is said to be of that time, and none is touched.
 */
export function adaptFileSystem(fs: FileSystem, modified?: Date): object {
  const adapter = {
    mkdir: (path: string, done: Done) => finish(fs.mkdir(path, 0o700), done),
    rmdir: (path: string, done: Done) => finish(fs.rmdir(path), done),
    rmdirSync: (path: string) => fs.rmdirSync(path),
    stat: (path: string, done: Done) => finish(readModified(fs, path), done),
    utimes: (path: string, accessed: Date, modified: Date, done: Done) =>
      finish(fs.utimes(path, accessed, modified), done),
  }
  if (!modified) return adapter
  return {
    ...adapter,
    stat: (_path: string, done: Done) => done(null, { mtime: modified }),
    utimes: (_path: string, _accessed: Date, _modified: Date, done: Done) => done(null),
  }
}

/**
 * To the nearest millisecond, as utimes(2) was given it: Node sets x.912 as x.911999, and a lock
 * whose time differs from the one that was set counts as another's.
 */
async function readModified(fs: FileSystem, path: string): Promise<{ mtime: Date }> {
  const { mtimeNs } = await fs.stat(path)
  return { mtime: new Date(Math.round(Number(mtimeNs) / 1e6)) }
}

function finish(work: Promise<unknown>, done: Done): void {
  work.then((value) => done(null, value), done)
}
