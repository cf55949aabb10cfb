import { connect, createServer, type Socket as NodeSocket } from 'node:net'

/** One end of a connection between two tenants. */
export interface Connection {
  /** Sends a line. What cannot be sent is dropped: the connection then ends. */
  send(line: string): void
  close(): void
}

/** What one end is told. */
export interface Handlers {
  line(line: string): void
  /** The connection is over, whoever ended it. Called once. */
  end(): void
}

/** A socket that others can connect to. */
export interface Listener {
  /** From now on the kernel refuses whoever connects. Connections accepted before go on. */
  close(): Promise<void>
}

/**
 * The stream sockets of the file system (unix(7)), as far as tenants need them. None keeps a
 * process alive that has nothing else to do.
 */
export interface Sockets {
  /** The longest path that a socket can be bound to, in bytes; longer ones are cut off silently. */
  readonly longestPath: number
  /** Rejects with the system's error. */
  listen(path: string, accept: (connection: Connection) => Handlers): Promise<Listener>
  /**
   * Rejects with the system's error: `ECONNREFUSED` when nobody listens any more. Resolves though
   * the process that listens is stopped.
   */
  connect(path: string, handlers: Handlers): Promise<Connection>
}

/** No line of the protocol comes near this many characters. */
const LONGEST_LINE = 100

/** The sockets of this machine. */
export const nodeSockets: Sockets = {
  longestPath: process.platform === 'linux' ? 107 : 103,
  listen(path, accept) {
    const server = createServer((socket) => {
      // The handlers need the connection, and the connection needs the handlers.
      let handlers: Handlers | undefined
      const connection = serve(socket, {
        line: (line) => handlers?.line(line),
        end: () => handlers?.end(),
      })
      handlers = accept(connection)
    })
    return new Promise((resolve, reject) => {
      server.once('error', (error) => reject(withoutPath(error)))
      // Not exclusive, the primary of a cluster would own it, and outlive the worker.
      server.listen({ path, exclusive: true }, () => {
        server.unref()
        server.on('error', () => {})
        resolve({
          close: () => new Promise((closed) => closeServer(server.close.bind(server), closed)),
        })
      })
    })
  },
  connect(path, handlers) {
    return new Promise((resolve, reject) => {
      const socket = connect(path)
      socket.once('error', (error) => reject(withoutPath(error)))
      socket.once('connect', () => resolve(serve(socket, handlers)))
    })
  },
}

/** `close()` waits for every connection as well, which others may keep for ever. */
function closeServer(close: (done: () => void) => unknown, closed: () => void): void {
  close(() => {})
  setImmediate(closed)
}

function serve(socket: NodeSocket, { line, end }: Handlers): Connection {
  let text = ''
  socket.unref()
  socket.setEncoding('latin1')
  socket.on('error', () => {})
  socket.on('close', end)
  socket.on('data', (chunk: string) => {
    const lines = (text + chunk).split('\n')
    text = lines.pop() ?? ''
    for (const each of lines) line(each)
    if (text.length > LONGEST_LINE) socket.destroy()
  })
  return {
    send: (each) => void socket.write(`${each}\n`),
    close: () => void socket.destroy(),
  }
}

/** A new error, since the message and the stack of the old one hold the path. */
function withoutPath(error: NodeJS.ErrnoException): NodeJS.ErrnoException {
  const { code, errno, syscall } = error
  return Object.assign(new Error(`${code}: ${syscall}`), { code, errno, syscall })
}
