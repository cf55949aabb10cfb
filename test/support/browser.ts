import { Agent, createServer, type IncomingMessage, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What a browser got for a request. */
export interface Page {
  readonly status: number
  readonly text: string
  readonly headers: PageHeaders
  /** Every Set-Cookie line as it came. */
  readonly setCookies: readonly string[]
}

/** The headers of a page, by names of any case. One that came twice is joined with a comma. */
export interface PageHeaders extends Iterable<readonly [string, string]> {
  get(name: string): string | null
}

/** What a browser may say beside a path. */
export interface RequestDetails {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  /** A form. */
  readonly body?: URLSearchParams
  readonly signal?: AbortSignal
}

// Not fetch(), which takes a tenth of a second to load, and several times as long for a request.
const agent = new Agent({ keepAlive: true })

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

  async send(path: string, details: RequestDetails = {}): Promise<Page> {
    const { method = 'GET', body, signal } = details
    const headers: Record<string, string> = { ...details.headers }
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    if (cookie !== '') headers.cookie ??= cookie
    if (body !== undefined) headers['content-type'] = 'application/x-www-form-urlencoded'
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      request(this.#origin + path, { method, headers, agent, ...(signal && { signal }) })
        .on('response', resolve)
        .on('error', reject)
        .end(body?.toString())
    })
    const setCookies = response.headers['set-cookie'] ?? []
    for (const line of setCookies) this.#keep(line)
    const { statusCode: status = 0 } = response
    return { status, text: await textOf(response), headers: headersOf(response), setCookies }
  }

  #keep(line: string): void {
    const [pair = '', ...attributes] = line.split('; ')
    const equals = pair.indexOf('=')
    const name = pair.slice(0, equals)
    if (attributes.includes('Max-Age=0')) this.cookies.delete(name)
    else this.cookies.set(name, pair.slice(equals + 1))
  }
}

function headersOf({ headers }: IncomingMessage): PageHeaders {
  const lines = new Map(Object.entries(headers).map(([name, value]) => [name, `${value}`]))
  return {
    get: (name) => lines.get(name.toLowerCase()) ?? null,
    [Symbol.iterator]: () => lines.entries(),
  }
}

async function textOf(response: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of response.setEncoding('utf8')) text += chunk
  return text
}
