import { open, readdir, stat } from 'node:fs/promises'
import { join, relative } from 'node:path'

/** A file of the data directory, as the page lists it. */
export interface DataFile {
  /** Relative to the data directory. */
  readonly path: string
  /** In bytes. */
  readonly size: number
}

/** The files in a directory and those below it, by path. One that goes away meanwhile is left out. */
export async function listFiles(directory: string): Promise<DataFile[]> {
  const files = await walk(directory)
  return files
    .map(({ path, size }) => ({ path: relative(directory, path), size }))
    .sort((a, b) => (a.path < b.path ? -1 : 1))
}

async function walk(directory: string): Promise<DataFile[]> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(nothing)
  const files = entries.map(async (entry): Promise<DataFile[]> => {
    const path = join(directory, entry.name)
    if (entry.isDirectory()) return walk(path)
    const stats = await stat(path).catch(() => undefined)
    return stats === undefined ? [] : [{ path, size: stats.size }]
  })
  return (await Promise.all(files)).flat()
}

/** What is in a directory that was removed: another visitor's lock was there a moment ago. */
function nothing(error: NodeJS.ErrnoException): [] {
  if (error.code === 'ENOENT') return []
  throw error
}

/** The first bytes of a file in hexadecimal, 16 to a line. */
export async function readHex(path: string, bytes: number): Promise<string> {
  const file = await open(path)
  try {
    const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(bytes) })
    const digits = buffer.subarray(0, bytesRead).toString('hex')
    return (digits.match(/.{1,32}/g) ?? [])
      .map((line) => line.replace(/..(?=.)/g, '$& '))
      .join('\n')
  } finally {
    await file.close()
  }
}
