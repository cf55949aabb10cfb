import type { FileSystem } from '../../stores/file/file-system.ts'

/** The calls of a store that change what others find. */
export const CALLS = ['write', 'fdatasync', 'rename', 'unlink', 'rmdir'] as const

/** A named point, and what is to befall the process there that comes to it next. */
export interface Point {
  readonly signal: 'SIGKILL' | 'SIGSTOP'
  readonly moment: 'before' | 'after'
  readonly call: (typeof CALLS)[number]
}

/** A file system that says of each of {@link CALLS} that it begins, and that it is done. */
export function watchCalls(
  fs: FileSystem,
  reach: (moment: Point['moment'], call: Point['call']) => void,
): FileSystem {
  const watched: Record<string, unknown> = { ...fs }
  for (const call of CALLS) {
    const proceed = fs[call].bind(fs) as (...parameters: unknown[]) => Promise<unknown>
    watched[call] = async (...parameters: unknown[]) => {
      reach('before', call)
      try {
        return await proceed(...parameters)
      } finally {
        reach('after', call)
      }
    }
  }
  return watched as unknown as FileSystem
}
