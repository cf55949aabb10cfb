import type { FileSystem } from './file-system.ts'

/** What a process may have open when nobody can tell: the usual limit of old systems. */
const USUAL_LIMIT = 1024
const MOST_KEPT = 4096

/**
 * How many files may be kept open for later: a quarter of what the process may have open, 4096 at
 * most, since the rest of the application needs descriptors too.
 */
export async function findKeptDescriptors(fs: FileSystem): Promise<number> {
  const limits = await fs.readText('/proc/self/limits').catch(() => '')
  const [, soft] = /^Max open files +(\d+)/m.exec(limits) ?? []
  return Math.min(MOST_KEPT, Math.floor(Number(soft ?? USUAL_LIMIT) / 4))
}
