import * as fs from 'node:fs/promises'
import type { KeyFileSystem } from '../../lib/key-file-publish.ts'

type Call = Exclude<keyof KeyFileSystem, 'constants'>

/** The real file system, in which one call fails: the one of a number, or every one of a name. */
export class KeyFileFaults {
  readonly calls: string[] = []
  readonly fileSystem: KeyFileSystem
  #number = -1
  #code = ''
  readonly #names = new Map<string, string>()
  readonly #before = new Map<string, () => Promise<void>>()

  constructor() {
    const real: Record<string, unknown> = { ...fs }
    const calls: Call[] = ['link', 'lstat', 'mkdir', 'open', 'readdir', 'rename', 'rmdir', 'unlink']
    this.fileSystem = Object.fromEntries(
      calls.map((call) => [call, this.#wrap(call, real[call] as AnyCall)]),
    ) as unknown as KeyFileSystem
  }

  /** Lets the call of this number, counted from now on, fail once. */
  failAt(number: number, code: string): void {
    this.calls.length = 0
    this.#number = number
    this.#code = code
  }

  fail(name: Call, code: string): void {
    this.#names.set(name, code)
  }

  /** Runs before the next call of this name. */
  before(name: Call, run: () => Promise<void>): void {
    this.#before.set(name, run)
  }

  #wrap(name: string, call: AnyCall): AnyCall {
    return async (...given) => {
      this.#count(name, given)
      const before = this.#before.get(name)
      this.#before.delete(name)
      await before?.()
      const result = await call.apply(fs, given)
      return name === 'open' ? this.#wrapFile(result as fs.FileHandle) : result
    }
  }

  #wrapFile(file: fs.FileHandle): fs.FileHandle {
    for (const name of ['stat', 'writeFile', 'readFile', 'sync', 'chmod'] as const) {
      const call = (file[name] as AnyCall).bind(file)
      Object.assign(file, { [name]: this.#wrap(`file.${name}`, call) })
    }
    return file
  }

  #count(name: string, given: readonly unknown[]): void {
    const number = this.calls.push(name) - 1
    const code = this.#names.get(name) ?? (number === this.#number ? this.#code : undefined)
    if (code === undefined) return
    const path = String(given[0])
    const syscall = name.replace('file.', '')
    throw Object.assign(new Error(`${code}: it failed, ${syscall} '${path}'`), {
      code,
      syscall,
      path,
    })
  }
}

type AnyCall = (...given: unknown[]) => Promise<unknown>
