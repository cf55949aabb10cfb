import type { BigIntStats } from 'node:fs'
import { join } from 'node:path'
import { codeOf, ignoring } from '../file-system.ts'
import { type Place, socketOf, withSocketPath } from './place.ts'
import type { Connection, Handlers, Listener } from './sockets.ts'

/** Where a tenant can be asked. As long as it is open, the kernel refuses nobody there. */
export interface Endpoint {
  /** The tenant's name. */
  readonly name: string
  /** Whether the socket is still where others look for it. */
  stands(): Promise<boolean>
  /** Refuses whoever connects from now on. */
  close(): Promise<void>
  /** Removes the socket. Only for one whose entry is off the register: a missing socket of a tenant proves nothing. */
  remove(): Promise<void>
}

/** With these a file system, a sandbox or a path lets nobody listen. */
const IMPOSSIBLE: ReadonlySet<string | undefined> = new Set([
  'ENAMETOOLONG',
  'EOPNOTSUPP',
  'ENOTSUP',
  'EPERM',
  'EACCES',
  'EINVAL',
  'ENOSYS',
  'EAFNOSUPPORT',
  'EPROTONOSUPPORT',
])
const TRIES = 5

/**
 * Listens under a fresh name; `undefined` where no socket is possible. Rejects with the system's
 * error.
 */
export async function openEndpoint(
  place: Place,
  accept: (connection: Connection) => Handlers,
): Promise<Endpoint | undefined> {
  const { fs } = place.environment
  for (let tries = 1; ; tries++) {
    const name = drawName(place)
    const unfinished = join(place.directory, `${name}.new`)
    const path = join(place.directory, socketOf(name))
    let listener: Listener | undefined
    try {
      listener = await withSocketPath(place, `${name}.new`, (short) =>
        place.sockets.listen(short, accept),
      )
      await fs.chmod(unfinished, 0o600)
      const stats = await fs.lstat(unfinished)
      // libuv unlinks the name it bound when it closes, even after this process has a new socket
      // there: so it gets one that is no longer used.
      await fs.rename(unfinished, path)
      return createEndpoint(place, name, stats, listener)
    } catch (error) {
      await listener?.close()
      if (!listener && IMPOSSIBLE.has(codeOf(error))) return undefined
      // Between bind and listen it looked like one that somebody left, and was removed.
      if (codeOf(error) !== 'ENOENT' || !listener || tries === TRIES) throw error
    }
  }
}

function createEndpoint(
  { environment: { fs }, directory }: Place,
  name: string,
  { ino }: BigIntStats,
  listener: Listener,
): Endpoint {
  const path = join(directory, socketOf(name))
  return {
    name,
    stands: () =>
      fs.lstat(path).then(
        (stats) => stats.isSocket() && stats.ino === ino,
        () => false,
      ),
    close: () => listener.close(),
    remove: () => ignoring(['ENOENT'], fs.unlink(path)),
  }
}

function drawName({ environment: { random } }: Place): string {
  const digits = (): string =>
    Math.floor(random() * 2 ** 32)
      .toString(16)
      .padStart(8, '0')
  return `${digits()}${digits()}`
}
