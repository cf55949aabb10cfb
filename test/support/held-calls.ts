import type { FileSystem, ListedFile } from '../../stores/file/file-system.ts'
import { nodeFileSystem } from '../../stores/file/file-system.ts'

/** One call to a file system, which {@link interceptAll} holds in its hand. */
export interface HeldCall {
  readonly method: keyof FileSystem
  readonly parameters: readonly unknown[]
  /** Makes the call. */
  proceed(): Promise<unknown>
}

/** A file system with `intercept` around every call, the stream of a directory's entries too. */
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
      yield* (await intercept({ method: 'list', parameters: [path], proceed })) as ListedFile[]
    },
  }
  for (const method of Object.keys(nodeFileSystem) as (keyof FileSystem)[]) {
    if (method === 'rmdirSync' || method === 'list') continue
    const call = fs[method].bind(fs) as (...given: unknown[]) => Promise<unknown>
    intercepted[method] = (...parameters: unknown[]) =>
      intercept({ method, parameters, proceed: () => call(...parameters) })
  }
  return intercepted as unknown as FileSystem
}
