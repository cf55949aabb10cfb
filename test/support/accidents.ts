import { type FileSystem, type ListedFile, nodeFileSystem } from '../../stores/file/file-system.ts'
import { systemError } from './file-store.ts'
import type { HeldCall } from './held-calls.ts'

/** What goes wrong with one call to the file system, or with each from then on. */
export interface Accident {
  readonly name: string
  /** The calls that it befalls in life. */
  readonly befalls: ReadonlySet<string>
  /** Whether it is also tried as one that lasts, so that nothing can be mended meanwhile. */
  readonly lasts: boolean
  /** Does to a call what it does. */
  happen(call: HeldCall): Promise<unknown>
}

/** Every call that can fail. `rmdirSync` is made as the process ends: nobody is left to be told. */
export const CALLS: readonly string[] = Object.keys(nodeFileSystem).filter(
  (method) => method !== 'rmdirSync',
)
const WRITING = ['open', 'write', 'mkdir', 'rename', 'fsync', 'fdatasync']
const NAMING = ['open', 'mkdir', 'rename', 'unlink', 'rmdir', 'list', 'readdir']
const LOOKING = ['stat', 'lstat', 'lstatOpen', 'access', 'realpath']

/** The system's errors, and the calls that they befall. */
const CODES: Readonly<Record<string, readonly string[]>> = {
  EIO: CALLS,
  ENOSPC: WRITING,
  EMFILE: ['open', 'list', 'readdir', 'readText'],
  EACCES: [...NAMING, ...LOOKING],
  EDQUOT: WRITING,
  EROFS: [...WRITING, ...NAMING, 'chmod', 'fchmod'],
  EBUSY: NAMING,
}
/** The names of the errors. */
export const ERRNOS: readonly string[] = Object.keys(CODES)
/** The store has no other answer to these than to one of the others: they are not tried for ever. */
const LIKE_OTHERS = ['EDQUOT', 'EROFS', 'EBUSY']

function failing([code, methods]: readonly [string, readonly string[]]): Accident {
  return {
    name: code,
    befalls: new Set(methods),
    lasts: code !== 'EACCES' && !LIKE_OTHERS.includes(code),
    async happen({ method, proceed }) {
      // Linux lets go of the descriptor whatever close(2) answers.
      if (method === 'close') await proceed()
      throw systemError(code, method)
    },
  }
}

/** What is done, though the answer is that it failed, as over a bus that loses the reply. */
const LATE_FAILURE: Accident = {
  name: 'EIO after it was done',
  befalls: new Set([...WRITING, ...NAMING]),
  lasts: false,
  async happen({ fs, method, parameters, proceed }) {
    // The file of a new session, left without a word, is damage: and nobody has its cookie.
    const isNew = method === 'open' && /\.session$/.test(String(parameters[0]))
    const result = isNew ? undefined : await proceed()
    // A file may have been made, but nobody gets a descriptor of it.
    if (method === 'open' && !isNew) await fs.close(result as number)
    throw systemError('EIO', method)
  },
}

/** write(2) may take less than it was given. */
const SHORT_WRITE: Accident = {
  name: 'short write',
  befalls: new Set(['write']),
  lasts: false,
  happen: (call) => writeHalf(call),
}

/** A disk that is full in the middle of a write takes what it can. */
const HALF_WRITE: Accident = {
  name: 'half a write, then ENOSPC',
  befalls: new Set(['write']),
  lasts: false,
  async happen(call) {
    if (call.method !== 'write') return call.proceed()
    await writeHalf(call)
    throw systemError('ENOSPC', 'write')
  },
}

/** A directory that cannot be read to its end: half of its entries come, then an error. */
const BROKEN_LIST: Accident = {
  name: 'EIO in the middle of a list',
  befalls: new Set(['list']),
  lasts: false,
  async happen({ method, proceed }) {
    const result = await proceed()
    return method === 'list' ? breakOff(result as ListedFile[]) : result
  },
}

function* breakOff(files: readonly ListedFile[]): Generator<ListedFile> {
  yield* files.slice(0, Math.ceil(files.length / 2))
  throw systemError('EIO', 'readdir')
}

function writeHalf({ method, parameters, proceed }: HeldCall): Promise<unknown> {
  if (method !== 'write') return proceed()
  const [descriptor, buffer, offset, position] = parameters as [number, Buffer, number, number]
  const end = offset + Math.ceil((buffer.length - offset) / 2)
  return proceed(descriptor, buffer.subarray(0, end), offset, position)
}

/** Each kind of accident, on the calls that it befalls in life. */
export const ACCIDENTS: readonly Accident[] = [
  ...Object.entries(CODES).map(failing),
  LATE_FAILURE,
  SHORT_WRITE,
  HALF_WRITE,
  BROKEN_LIST,
]

/** Every errno, and each on every call, whether or not it befalls it in life. */
export const ALL_ACCIDENTS: readonly Accident[] = ACCIDENTS.map((accident) => ({
  ...accident,
  lasts: true,
  befalls: accident.befalls.size === 1 ? accident.befalls : new Set(CALLS),
}))

/** What can go wrong with one of the calls of a scenario. */
export interface Misfortune {
  readonly accident: Accident
  readonly call: number
  readonly method: keyof FileSystem
  readonly isLasting: boolean
}

/** Each accident at each call that it befalls, once and, where it lasts, from then on. */
export function listMisfortunes(
  calls: readonly (keyof FileSystem)[],
  accidents: readonly Accident[],
): Misfortune[] {
  return calls.flatMap((method, index) =>
    accidents
      .filter(({ befalls }) => befalls.has(method))
      .flatMap((accident) =>
        (accident.lasts ? [false, true] : [false]).map((isLasting) => ({
          accident,
          call: index + 1,
          method,
          isLasting,
        })),
      ),
  )
}

/** What kind it is: of which accident, and whether that lasts. */
export function nameOfKind({ accident, isLasting }: Misfortune): string {
  return `${accident.name} ${isLasting ? 'from' : 'at'}`
}

/** Lets the calls pass until it is told when an accident is to happen. */
export class Fate {
  #accident: Accident | undefined
  #first = 0
  #isLasting = false
  /** The methods that were called since {@link arm}. */
  readonly calls: (keyof FileSystem)[] = []

  /** From now on `accident` happens to call number `first`, and with `isLasting` to all after it. */
  arm(accident: Accident | undefined, first: number, isLasting: boolean): void {
    this.#accident = accident
    this.#first = first
    this.#isLasting = isLasting
    this.calls.length = 0
  }

  /** Nothing happens any more. */
  disarm(): void {
    this.#accident = undefined
  }

  pass = (call: HeldCall): Promise<unknown> => {
    const count = this.calls.push(call.method)
    if (this.#accident === undefined || count < this.#first) return call.proceed()
    if (count > this.#first && !this.#isLasting) return call.proceed()
    return this.#accident.happen(call)
  }
}
