import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe } from '../../lib/duration.ts'
import { SessionError } from '../../lib/errors.ts'

/** Options of a file store. */
export interface FileStoreOptions {
  /**
   * Where the files go: a path, or a file URL. Made with mode 0700 when missing, with a
   * `.gitignore` of its own; one of ours that is wider is narrowed. In production name a lasting,
   * absolute one. Default: `'.sessions'`, below the working directory.
   */
  readonly directory?: string | URL | undefined
  /**
   * The folder in `directory` that is this store's, so that several may share it: letters, digits
   * and ``!#$%&'*+-.^_`|~``, as in a cookie's name (RFC 6265 section 4.1.1), not beginning with a
   * dot, at most 100 of them, and neither `keys` nor `tenants`. Default: `'sid'`.
   */
  readonly name?: string | undefined
  /**
   * How long a commit waits for another process that commits the same session, in milliseconds: 0
   * to an hour; 0 tries once. Past it `update()` rejects with `ERR_SESSION_LOCK_TIMEOUT`. Default:
   * 5000.
   */
  readonly lockTimeout?: number | undefined
}

/** Options in full. */
export interface ResolvedFileStoreOptions {
  /** An absolute path. */
  readonly directory: string
  readonly name: string
  readonly lockTimeout: number
}

const DEFAULTS = { directory: '.sessions', name: 'sid', lockTimeout: 5000 } as const
const NAME = /^(?!\.)[\w!#$%&'*+.^`|~-]{1,100}$/
const RESERVED = ['keys', 'tenants']
const LONGEST_TIMEOUT = 3_600_000

/** Fills in the defaults. Throws `ERR_SESSION_OPTION` for what cannot be. */
export function resolveFileStoreOptions(options: FileStoreOptions = {}): ResolvedFileStoreOptions {
  const { directory, name, lockTimeout } = withDefaults(options)
  if (typeof name !== 'string' || !NAME.test(name) || RESERVED.includes(name.toLowerCase())) {
    throw refuse('name', "to be a plain name such as 'sid', and not 'keys' or 'tenants'", name)
  }
  if (typeof lockTimeout !== 'number' || !(lockTimeout >= 0 && lockTimeout <= LONGEST_TIMEOUT)) {
    throw refuse('lockTimeout', 'to be a number of milliseconds from 0 to 3600000', lockTimeout)
  }
  return { directory: resolve(parsePath(directory)), name, lockTimeout }
}

function withDefaults(options: FileStoreOptions): Required<FileStoreOptions> {
  return {
    directory: options.directory ?? DEFAULTS.directory,
    name: options.name ?? DEFAULTS.name,
    lockTimeout: options.lockTimeout ?? DEFAULTS.lockTimeout,
  }
}

function parsePath(directory: unknown): string {
  try {
    const path = directory instanceof URL ? fileURLToPath(directory) : directory
    if (typeof path === 'string' && path !== '' && !path.includes('\0')) return path
  } catch {
    // A URL of another scheme, or one that names a host, is as wrong as a number.
  }
  throw refuse('directory', 'to be a path or a file URL', directory)
}

function refuse(option: string, wanted: string, given: unknown): SessionError {
  const got = option === 'directory' ? `a ${typeof given}` : describe(given)
  return new SessionError('ERR_SESSION_OPTION', `Expected ${option} ${wanted}, got ${got}`)
}
