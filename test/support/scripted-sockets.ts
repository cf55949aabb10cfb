import type { Connection, Handlers, Sockets } from '../../stores/file/tenancy/sockets.ts'
import { systemError } from './file-store.ts'

/** A connection that was made, seen from the other end. */
export interface Line {
  readonly path: string
  readonly handlers: Handlers
  readonly sent: string[]
  isClosed: boolean
}

/** Plays the sockets of a machine: the code says why a path cannot be reached, `'answers'` that it can. */
export function scriptSockets(
  find: (path: string) => string,
): Sockets & { readonly lines: readonly Line[] } {
  const lines: Line[] = []
  return {
    lines,
    longestPath: 1000,
    listen: () => Promise.reject(systemError('EACCES', 'listen')),
    connect(path, handlers): Promise<Connection> {
      const code = find(path)
      if (code !== 'answers') return Promise.reject(systemError(code, 'connect'))
      const line: Line = { path, handlers, sent: [], isClosed: false }
      lines.push(line)
      return Promise.resolve({
        send: (text) => void line.sent.push(text),
        close: () => {
          line.isClosed = true
        },
      })
    },
  }
}
