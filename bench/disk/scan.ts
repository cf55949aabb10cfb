import { close, type Dir, open, opendir, read } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** What a scan took. */
export interface Scan {
  readonly files: number
  readonly milliseconds: number
  readonly cpuMicroseconds: number
}

const openDirectory = promisify(opendir)
const AT_ONCE = 4
const FILE_BYTES = 4096

/**
 * Opens and reads every file below a store's shards, and does nothing with it: the least a sweep
 * takes. Ends early when `signal` says so.
 */
export async function scanStore(directory: string, signal?: AbortSignal): Promise<Scan> {
  const store = join(directory, 'sid')
  const begun = performance.now()
  const before = process.cpuUsage()
  let files = 0
  for (const shard of await readdir(store)) {
    if (!/^[0-9a-f]{2}$/.test(shard)) continue
    files += await scanShard(join(store, shard), signal)
  }
  const { user, system } = process.cpuUsage(before)
  return { files, milliseconds: performance.now() - begun, cpuMicroseconds: user + system }
}

async function scanShard(path: string, signal: AbortSignal | undefined): Promise<number> {
  const entries = await openDirectory(path)
  let files = 0
  const work = async (): Promise<void> => {
    while (!signal?.aborted) {
      const entry = await readEntry(entries)
      if (entry === undefined) return
      await readWhole(join(path, entry))
      files += 1
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
  await entries.close()
  return files
}

async function readEntry(entries: Dir): Promise<string | undefined> {
  const entry = await entries.read()
  return entry?.name
}

/** By callbacks, which cost less than promises here. */
function readWhole(path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    open(path, 'r', (failed, file) => {
      if (failed) return reject(failed)
      const buffer = Buffer.allocUnsafe(FILE_BYTES)
      read(file, buffer, 0, FILE_BYTES, 0, () => {
        close(file, (error) => (error ? reject(error) : resolve()))
      })
    })
  })
}
