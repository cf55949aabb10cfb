import type { BigIntStats } from 'node:fs'
import { retryDescriptors } from './descriptors.ts'
import type { Environment } from './environment.ts'
import { codeOf, READ_FLAGS, readUpTo } from './file-system.ts'
import { type DecodedFile, decodeFile, LARGEST_FILE } from './frame.ts'

/** What stands under a session's name. */
export type Reading =
  | { readonly state: 'missing' }
  | { readonly state: 'damaged' }
  | (DecodedFile & {
      readonly state: 'found'
      /** As of before the content was read. */
      readonly stats: BigIntStats
      /** When the reading of the content began, by the monotonic clock. */
      readonly readAt: number
    })

const MISSING = { state: 'missing' } as const
const DAMAGED = { state: 'damaged' } as const

/** The codes with which open(2) answers for a link, or a thing that no one can read from. */
const NOT_A_FILE = ['ELOOP', 'EMLINK', 'ENXIO', 'ENODEV', 'EOPNOTSUPP']

/**
 * Reads a session file, without a lock: a commit is a rename, or a slot that has no valid check
 * until it is whole.
 *
 * Missing and damaged are answers; rejects with the system's error when there is none.
 */
export async function readFrame(environment: Environment, path: string): Promise<Reading> {
  const reading = await readOnce(environment, path)
  // Two commits in place may have passed between the reading of the two slots. They do not between
  // these.
  return reading.state === 'damaged' ? readOnce(environment, path) : reading
}

async function readOnce(environment: Environment, path: string): Promise<Reading> {
  const { fs, monotonic } = environment
  let descriptor: number
  try {
    descriptor = await retryDescriptors(environment, () => fs.open(path, READ_FLAGS))
  } catch (error) {
    const code = codeOf(error) ?? ''
    if (code === 'ENOENT') return MISSING
    if (NOT_A_FILE.includes(code)) return DAMAGED
    throw error
  }
  try {
    const stats = await fs.fstat(descriptor)
    if (!stats.isFile() || stats.size > LARGEST_FILE) return DAMAGED
    const readAt = monotonic()
    const content = await readUpTo(fs, descriptor, Number(stats.size))
    const decoded = decodeFile(content)
    return decoded ? { state: 'found', ...decoded, stats, readAt } : DAMAGED
  } finally {
    await fs.close(descriptor)
  }
}
