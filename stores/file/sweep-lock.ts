import { join } from 'node:path'
import { lock as lockFile } from 'proper-lockfile'
import type { Environment } from './environment.ts'
import { isDiskFull, storeError } from './failure.ts'
import { codeOf } from './file-system.ts'
import { adaptFileSystem } from './lockfile.ts'

/** The right to sweep a directory. */
export interface SweepLock {
  /**
   * The time by the clock that stamps the files there, in milliseconds; undefined when it could not
   * be had.
   */
  readonly fileTime: number | undefined
  /** Never rejects. */
  release(): Promise<void>
}

/**
 * Takes the lock that keeps a directory to one sweeper at a time.
 *
 * It only saves work: each removal is safe by itself, so that two sweepers, after a take-over, do
 * no harm.
 */
export async function takeSweepLock(
  { fs }: Environment,
  directory: string,
): Promise<SweepLock | 'busy' | 'missing'> {
  const path = join(directory, '.sweep')
  let unlock: () => Promise<void>
  try {
    unlock = await lockFile(directory, {
      lockfilePath: path,
      fs: adaptFileSystem(fs),
      realpath: false,
      retries: 0,
      onCompromised: () => {},
    })
  } catch (error) {
    if (codeOf(error) === 'ELOCKED') return 'busy'
    if (codeOf(error) === 'ENOENT') return 'missing'
    // Whoever has no room for a lock needs the sweep most.
    if (isDiskFull(error)) return { fileTime: undefined, release: async () => {} }
    throw storeError('sweep the directory of the store', error)
  }
  // Not the time of its content, which proper-lockfile sets by the wall clock.
  const fileTime = await fs.lstat(path).then(
    (stats) => Number(stats.ctimeMs),
    () => undefined,
  )
  return {
    fileTime,
    release: () => unlock().catch(() => {}),
  }
}
