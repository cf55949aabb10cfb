import { type Environment, waitUpTo } from './environment.ts'
import { codeOf } from './file-system.ts'

const TRIES = 8

/**
 * Does `work`, and again a few times while there is no file descriptor for it: for about a quarter
 * of a second in all.
 */
export async function retryDescriptors<T>(
  environment: Environment,
  work: () => Promise<T>,
): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await work()
    } catch (error) {
      const scarce = ['EMFILE', 'ENFILE'].includes(codeOf(error) ?? '')
      if (!scarce || tries === TRIES) throw error
      await waitUpTo(environment, 10 * tries)
    }
  }
}
