import type { Connection, Handlers, Sockets } from '../../stores/file/tenancy/sockets.ts'
import type { Disk } from './disk.ts'
import type { DiskFile } from './disk-nodes.ts'
import { systemError } from './file-store.ts'

type Accept = Parameters<Sockets['listen']>[1]

/** Who listens at which socket: nobody does at a copy of one. */
const listeners = new WeakMap<DiskFile, Accept>()

/** Whether a socket is there, and somebody listens at it. */
export function isSocketInUse(disk: Disk, path: string): boolean {
  return path.endsWith('.socket') && listeners.has(disk.socketAt(path))
}

/** Plays the kernel's sockets, on a disk. */
export function socketsOn(disk: Disk): Sockets {
  return {
    longestPath: 107,
    async listen(path, accept) {
      const socket = disk.putSocket(path)
      listeners.set(socket, accept)
      return {
        close: async () => {
          listeners.delete(socket)
        },
      }
    },
    async connect(path, handlers) {
      const accept = listeners.get(disk.socketAt(path))
      if (accept === undefined) throw systemError('ECONNREFUSED', 'connect')
      return join(accept, handlers)
    },
  }
}

/** The end of a connection for who asked for it; the other end is handed to `accept`. */
function join(accept: Accept, handlers: Handlers): Connection {
  let isOpen = true
  let other: Handlers | undefined
  const close = (): void => {
    if (!isOpen) return
    isOpen = false
    setImmediate(() => {
      handlers.end()
      other?.end()
    })
  }
  const sendTo = (find: () => Handlers | undefined) => (line: string) => {
    if (isOpen) setImmediate(() => find()?.line(line))
  }
  other = accept({ send: sendTo(() => handlers), close })
  return { send: sendTo(() => other), close }
}
