import { close, fdatasync, open, write } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { median, percentile } from '../statistics.ts'

/** How long one write took until it was on the disk, in milliseconds. */
export interface SyncTimes {
  readonly p50: number
  readonly p99: number
  readonly writes: number
}

const openFile = promisify(open)
const closeFile = promisify(close)
const syncData = promisify(fdatasync)

const FILES = 64
const FILE = Buffer.alloc(4096, 1)
const SLOT = Buffer.alloc(2048, 2)

/** Overwrites 2 KiB of one file after the other, each with its `fdatasync`: the least a durable write takes. */
export async function timeSyncs(directory: string, milliseconds: number): Promise<SyncTimes> {
  const names = Array.from({ length: FILES }, (_, index) => join(directory, `${index}.sync`))
  const files = await Promise.all(names.map((name) => openFile(name, 'w+', 0o600)))
  for (const file of files) {
    await writeAt(file, FILE, 0)
    await syncData(file)
  }
  const times: number[] = []
  const end = performance.now() + milliseconds
  while (performance.now() < end) {
    const file = files[times.length % FILES] ?? -1
    const begun = performance.now()
    await writeAt(file, SLOT, Math.floor(times.length / FILES) % 2 === 0 ? 0 : SLOT.length)
    await syncData(file)
    times.push(performance.now() - begun)
  }
  await Promise.all(files.map((file) => closeFile(file)))
  return { p50: median(times), p99: percentile(times, 0.99), writes: times.length }
}

function writeAt(file: number, bytes: Buffer, position: number): Promise<void> {
  return new Promise((resolve, reject) => {
    write(file, bytes, 0, bytes.length, position, (error) => (error ? reject(error) : resolve()))
  })
}
