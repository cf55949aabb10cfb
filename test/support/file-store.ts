import { join } from 'node:path'
import type { Change, ChangeFunction } from '../../lib/store.ts'
import { type Environment, nodeEnvironment } from '../../stores/file/environment.ts'
import { type FileSystem, nodeFileSystem } from '../../stores/file/file-system.ts'
import { FileStore, type FileStoreOptions } from '../../stores/file.ts'
import { makeTemporaryDirectory } from './temporary-directory.ts'

/** The name of entry number `index`; its shard is one of 16. */
export function nameOf(index: number): string {
  return (index % 16).toString(16).padStart(2, '0') + index.toString(16).padStart(62, '0')
}

/** A change that stores a text. */
export function storing(text: string, expires = 9e15): ChangeFunction {
  const entry = { bytes: Buffer.from(text), expires }
  return () => ({ kind: 'replace', entry })
}

/** A change that appends to the text there is, and writes nothing when there is none. */
export function appending(text: string): ChangeFunction {
  return (current) => {
    if (typeof current !== 'object') return { kind: 'keep' }
    const bytes = Buffer.concat([current.bytes, Buffer.from(text)])
    return { kind: 'replace', entry: { ...current, bytes } }
  }
}

/** A change that removes. */
export function removing(): Change {
  return { kind: 'remove' }
}

/** The text stored, or the store's other answer. */
export async function textOf(store: FileStore, name: string): Promise<string | undefined> {
  const found = await store.read(name)
  return typeof found === 'object' ? Buffer.from(found.entry.bytes).toString() : found
}

/** A store and where it is. */
export interface OpenStore {
  readonly store: FileStore
  readonly directory: string
  fileOf(name: string): string
}

/**
 * A store in a directory of the test's own, closed when that ends. Without sockets it is one of several
 * tenants, for all it knows.
 */
export function openStore(
  t: { teardown(work: () => unknown): void },
  environment: Partial<Environment> = {},
  options: FileStoreOptions = {},
): OpenStore {
  const directory = (options.directory as string) ?? makeTemporaryDirectory(t)
  const shared = { ...nodeEnvironment, sockets: undefined }
  const store = new FileStore({ ...options, directory }, { ...shared, ...environment })
  t.teardown(() => store.close())
  return { store, directory, fileOf: (name) => fileIn(directory, name) }
}

/** Where the default store of a directory keeps an entry. */
export function fileIn(directory: string, name: string): string {
  return join(directory, 'sid', name.slice(0, 2), `${name}.session`)
}

/** One call of a file store to its file system. */
export interface Call {
  readonly method: keyof FileSystem
  readonly path: unknown
  /** Makes the call. */
  proceed(): Promise<unknown>
}

/**
 * The real file system, with `intercept` before every call: it may proceed, fail, wait or note.
 * `rmdirSync` and `list` pass by.
 */
export function interceptFileSystem(intercept: (call: Call) => Promise<unknown>): FileSystem {
  const intercepted: Record<string, unknown> = { ...nodeFileSystem }
  for (const [method, call] of Object.entries(nodeFileSystem)) {
    if (method === 'rmdirSync' || method === 'list') continue
    intercepted[method] = (...parameters: unknown[]) =>
      intercept({
        method: method as keyof FileSystem,
        path: parameters[0],
        proceed: () => (call as (...given: unknown[]) => Promise<unknown>)(...parameters),
      })
  }
  return intercepted as unknown as FileSystem
}

/** The real file system, which notes every call by its method, and fails those that `fail` gives a code for. */
export function watchFileSystem(fail: (call: Call) => string | undefined = () => undefined): {
  readonly calls: string[]
  readonly fs: FileSystem
} {
  const calls: string[] = []
  const fs = interceptFileSystem((call) => {
    calls.push(call.method)
    const code = fail(call)
    return code === undefined ? call.proceed() : Promise.reject(systemError(code, call.method))
  })
  return { calls, fs }
}

/** An error as the system gives it, without a path; without a stack, which costs most of its time. */
export function systemError(code: string, syscall = 'test'): Error {
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 0
  const error = new Error(`${code}: ${syscall}`)
  Error.stackTraceLimit = stackTraceLimit
  return Object.assign(error, { code, syscall })
}

/** A monotonic clock that a test moves. */
export function makeClock(): { monotonic: () => number; advance: (milliseconds: number) => void } {
  let now = 0
  return {
    monotonic: () => now,
    advance(milliseconds) {
      now += milliseconds
    },
  }
}
