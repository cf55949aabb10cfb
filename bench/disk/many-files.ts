import { flushDisk } from '../measurement.ts'
import type { Workbench } from '../workbench.ts'
import type { DiskCalls } from './process.ts'

/** Files made between two messages. */
const CHUNK = 50_000
const PROCESSES = 2

/** Fills a store with files that nobody visits, as `fillStore()`, in two processes. */
export async function createManyFiles(
  workbench: Workbench,
  directory: string,
  count: number,
  expiredEvery: number,
): Promise<void> {
  let left = count
  const work = async (): Promise<void> => {
    const child = workbench.spawn<DiskCalls>('disk/process.js', 'files', undefined)
    while (left > 0) {
      const chunk = Math.min(left, CHUNK)
      left -= chunk
      await child.call('fill', { directory, count: chunk, expiredEvery })
      workbench.log(`${count - left} of ${count} session files`)
    }
    await child.end()
  }
  await Promise.all(Array.from({ length: PROCESSES }, work))
  workbench.log('waiting until they are on the disk')
  await flushDisk(directory)
}
