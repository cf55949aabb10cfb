import { join } from 'node:path'
import type { Environment } from '../environment.ts'
import { DIRECTORY_FLAGS } from '../file-system.ts'
import type { Connection, Handlers, Sockets } from './sockets.ts'

/** The name of a tenant's socket, its tenant's name first. */
export const SOCKET: RegExp = /^([0-9a-f]{16})\.socket$/
/** The name of a socket that is not listening yet, or never came to. */
export const UNFINISHED_SOCKET: RegExp = /^[0-9a-f]{16}\.new$/

/** The directory of the tenants of one store, for one who has sockets. */
export interface Place {
  readonly environment: Environment
  readonly sockets: Sockets
  /** `tenants/`, an absolute path. */
  readonly directory: string
}

/** The name of the socket of the tenant `name`. */
export function socketOf(name: string): string {
  return `${name}.socket`
}

/** Connects to the socket `name` in the directory. Rejects with the system's error. */
export function connectTo(place: Place, name: string, handlers: Handlers): Promise<Connection> {
  return withSocketPath(place, name, (path) => place.sockets.connect(path, handlers))
}

/**
 * Does `work` with a path of `name` that a socket can have. One too long goes by way of an open
 * descriptor of the directory (proc(5), `/proc/self/fd`); rejects with ENAMETOOLONG where there is
 * no such way.
 */
export async function withSocketPath<T>(
  { environment: { fs }, sockets, directory }: Place,
  name: string,
  work: (path: string) => Promise<T>,
): Promise<T> {
  const path = join(directory, name)
  if (Buffer.byteLength(path) <= sockets.longestPath) return work(path)
  const descriptor = await fs.open(directory, DIRECTORY_FLAGS)
  try {
    const short = `/proc/self/fd/${descriptor}`
    const [own, found] = await Promise.all([
      fs.fstat(descriptor),
      fs.stat(short).catch(() => undefined),
    ])
    if (found?.ino !== own.ino || found.dev !== own.dev) {
      throw Object.assign(new Error('ENAMETOOLONG: bind'), { code: 'ENAMETOOLONG' })
    }
    return await work(`${short}/${name}`)
  } finally {
    await fs.close(descriptor)
  }
}
