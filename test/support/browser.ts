import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What a browser got for a request. */
export interface Page {
  readonly status: number
  readonly text: string
  readonly headers: Headers
  /** Every Set-Cookie line as it came. */
  readonly setCookies: readonly string[]
}

/** An application as Koa makes it, whichever its version. */
interface Application {
  callback(): (request: never, response: never) => unknown
}

/** A server on a free port of the loopback interface. */
export interface RunningServer {
  readonly origin: string
  readonly server: Server
  close(): Promise<void>
}

/** Serves an application. */
export async function serve(app: Application): Promise<RunningServer> {
  // A busy machine may take longer than the usual 5 s between two requests of one connection.
  const server = createServer({ keepAliveTimeout: 0 }, app.callback() as never)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const close = async (): Promise<void> => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
  return { origin: `http://127.0.0.1:${port}`, server, close }
}

/** Plays a browser with a cookie jar. */
export class Browser {
  readonly #origin: string
  readonly cookies: Map<string, string> = new Map()

  constructor(origin: string) {
    this.#origin = origin
  }

  /** Another browser with the same cookies: a second tab that answers to nobody. */
  clone(): Browser {
    const copy = new Browser(this.#origin)
    for (const [name, value] of this.cookies) copy.cookies.set(name, value)
    return copy
  }

  get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Page> {
    return this.send(path, { headers })
  }

  post(path: string, form: Readonly<Record<string, string>> = {}): Promise<Page> {
    return this.send(path, { method: 'POST', body: new URLSearchParams(form) })
  }

  async send(path: string, init: RequestInit = {}): Promise<Page> {
    const headers = new Headers(init.headers)
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    if (cookie !== '' && !headers.has('cookie')) headers.set('cookie', cookie)
    const response = await fetch(this.#origin + path, { ...init, headers, redirect: 'manual' })
    const setCookies = response.headers.getSetCookie()
    for (const line of setCookies) this.#keep(line)
    return {
      status: response.status,
      text: await response.text(),
      headers: response.headers,
      setCookies,
    }
  }

  #keep(line: string): void {
    const [pair = '', ...attributes] = line.split('; ')
    const equals = pair.indexOf('=')
    const name = pair.slice(0, equals)
    if (attributes.includes('Max-Age=0')) this.cookies.delete(name)
    else this.cookies.set(name, pair.slice(equals + 1))
  }
}
