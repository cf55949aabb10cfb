import { codeOf, type FileSystem } from './file-system.ts'

/**
 * A lock held, until somebody takes us for dead. What makes that harmless is the token, a file in
 * the lock directory: whoever breaks a lock unlinks the tokens in it first, so that the rename of a
 * token onto the session's name, the commit, fails for the one who lost.
 */
export interface Tenure {
  /** The path of the token. */
  readonly token: string
  /** The token, open for writing until `close()`. */
  readonly descriptor: number
  close(): Promise<void>
  /**
   * Lets go after the token was renamed away. Never rejects: whatever is left, others can break.
   */
  release(): Promise<void>
  /** Lets go without a commit: the token is removed. Never rejects. */
  abandon(): Promise<void>
}

/** The tenure of a lock whose token was just made. `release` lets go of the lock directory. */
export function createTenure(
  fs: FileSystem,
  token: string,
  descriptor: number,
  release: () => Promise<void>,
): Tenure {
  let open = true
  const close = async (): Promise<void> => {
    if (!open) return
    open = false
    await fs.close(descriptor)
  }
  return {
    token,
    descriptor,
    close,
    release,
    async abandon() {
      await close().catch(() => {})
      await fs.unlink(token).catch(() => {})
      await release()
    },
  }
}

/** Lets go of a lock directory by `unlock`, or as far as that is possible. Never rejects. */
export async function releaseLock(
  fs: FileSystem,
  lock: string,
  unlock: () => Promise<void>,
): Promise<void> {
  try {
    await unlock()
  } catch (error) {
    if (['ENOENT', 'ENOTEMPTY', 'EEXIST'].includes(codeOf(error) ?? '')) return
    // It failed, or another store of this process broke our lock: proper-lockfile keeps one lock a
    // file. rmdir spares a lock in use, which is not empty.
    await fs.rmdir(lock).catch(() => {})
  }
}
