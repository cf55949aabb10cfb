import type { FileSystem, ListedFile } from '../../stores/file/file-system.ts'
import { nodeFileSystem } from '../../stores/file/file-system.ts'

/** One call to a file system, which {@link interceptAll} holds in its hand. */
export interface HeldCall {
  /** The file system beneath, whose calls nobody holds. */
  readonly fs: FileSystem
  readonly method: keyof FileSystem
  readonly parameters: readonly unknown[]
  /** Makes the call, with other parameters where any are given. */
  proceed(...instead: unknown[]): Promise<unknown>
}

/**
 * A file system with `intercept` around every call. That of `list` proceeds to an array of entries,
 * and may resolve to another iterable, which may throw.
 */
export function interceptAll(
  fs: FileSystem,
  intercept: (call: HeldCall) => Promise<unknown>,
): FileSystem {
  const intercepted: Record<string, unknown> = {
    rmdirSync: (path: string) => fs.rmdirSync(path),
    async *list(path: string): AsyncGenerator<ListedFile> {
      const proceed = async (): Promise<ListedFile[]> => {
        const files: ListedFile[] = []
        for await (const file of fs.list(path)) files.push(file)
        return files
      }
      const files = await intercept({ fs, method: 'list', parameters: [path], proceed })
      yield* files as Iterable<ListedFile>
    },
  }
  for (const method of Object.keys(nodeFileSystem) as (keyof FileSystem)[]) {
    if (method === 'rmdirSync' || method === 'list') continue
    const call = fs[method].bind(fs) as (...given: unknown[]) => Promise<unknown>
    intercepted[method] = (...parameters: unknown[]) =>
      intercept({
        fs,
        method,
        parameters,
        proceed: (...instead) => call(...(instead.length > 0 ? instead : parameters)),
      })
  }
  return intercepted as unknown as FileSystem
}
