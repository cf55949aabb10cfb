import { SessionError } from '../../lib/errors.ts'
import { codeOf } from './file-system.ts'

const TRIES = 5

/**
 * Does `work`, which makes what it needs, and again a few times when somebody deletes that
 * meanwhile.
 */
export async function retryDeleted<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await work()
    } catch (error) {
      const cause = error instanceof SessionError ? error.cause : error
      if (codeOf(cause) !== 'ENOENT' || tries === TRIES) throw error
    }
  }
}
