import { SessionError } from '../../lib/errors.ts'
import { codeOf } from './file-system.ts'

const HINTS: Readonly<Record<string, string>> = {
  EACCES: 'Let the user of this process read and write the directory of the store.',
  EPERM: 'Let the user of this process read and write the directory of the store.',
  EROFS: 'The file system is read-only: set `directory` to one that can be written.',
  ENOSPC: 'The disk is full: make room on it.',
  EDQUOT: 'The disk quota is used up: make room or raise it.',
  EMFILE: 'This process has too many files open: raise its limit (ulimit -n).',
  ENFILE: 'This machine has too many files open: raise its limit (fs.file-max).',
  EIO: 'The disk reported an error: check it.',
  ENAMETOOLONG: 'Set `directory` to a shorter path.',
}

/**
 * An `ERR_SESSION_STORE` that says what could not be done, why and what helps. An error that is a
 * SessionError is given back.
 */
export function storeError(
  attempt: string,
  cause: unknown,
  options: { committed?: 'unknown' } = {},
): SessionError {
  if (cause instanceof SessionError) return cause
  const code = codeOf(cause)
  const hint = HINTS[code ?? '']
  const message = `Could not ${attempt}${code ? ` (${code})` : ''}.${hint ? ` ${hint}` : ''}`
  return new SessionError('ERR_SESSION_STORE', message, { cause, ...options })
}

/** Whether there is no room for one more byte or file. */
export function isDiskFull(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT'].includes(codeOf(error) ?? '')
}
