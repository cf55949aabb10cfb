import type { BigIntStats } from 'node:fs'
import { retryDescriptors } from './descriptors.ts'
import type { Environment } from './environment.ts'
import { codeOf, READ_FLAGS, readUpTo } from './file-system.ts'
import { DEFAULT_CAPACITY, type DecodedFile, decodeFile, LARGEST_FILE } from './frame.ts'

/** What stands under a session's name, when that is no session. */
type Absence = { readonly state: 'missing' } | { readonly state: 'damaged' }

/** What stands under a session's name. */
export type BareReading = Absence | (DecodedFile & { readonly state: 'found' })

/** As {@link BareReading}, and of when. */
export type Reading =
  | Absence
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

/** A usual file, and one byte more: a larger one shows by it. */
export const USUAL_BYTES: number = 2 * DEFAULT_CAPACITY + 1

/**
 * As `readFrame()`, in three calls to the system when the file is of the usual size.
 *
 * `buffer` has {@link USUAL_BYTES}: what is found may be a view of it.
 */
export async function readBareFrame(
  environment: Environment,
  path: string,
  buffer: Buffer,
): Promise<BareReading> {
  const usual = await readUsualFile(environment, path, buffer).catch(() => undefined)
  // Whatever is not as usual, errors too, is for the other one to judge.
  return usual ? { state: 'found', ...usual } : readFrame(environment, path)
}

async function readUsualFile(
  { fs }: Environment,
  path: string,
  buffer: Buffer,
): Promise<DecodedFile | undefined> {
  const descriptor = await fs.open(path, READ_FLAGS)
  try {
    return decodeFile(buffer.subarray(0, await fs.read(descriptor, buffer, 0)))
  } finally {
    await fs.close(descriptor)
  }
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
