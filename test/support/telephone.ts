import { connect } from 'node:net'

/** What came back over a bare connection. */
export interface Reply {
  readonly status: number
  readonly head: string
  readonly setCookies: readonly string[]
  readonly body: string
}

/** Says `lines` to a server over a bare connection, for what no client would say, and reads until it hangs up. */
export async function speak(origin: string, ...lines: readonly string[]): Promise<Reply> {
  const { hostname, port } = new URL(origin)
  const socket = connect(Number(port), hostname)
  socket.setTimeout(10_000, () => socket.destroy(new Error('No answer within 10 s')))
  socket.write(`${lines.join('\r\n')}\r\n\r\n`)
  const chunks: Buffer[] = []
  for await (const chunk of socket) chunks.push(chunk as Buffer)
  const text = Buffer.concat(chunks).toString('latin1')
  const end = text.indexOf('\r\n\r\n')
  const head = text.slice(0, end)
  const setCookies = [...head.matchAll(/^set-cookie: (.*)\r?$/gim)].map(([, line]) => String(line))
  return { status: Number(head.split(' ')[1]), head, setCookies, body: text.slice(end + 4) }
}

/** Asks for a page over a bare connection, with exactly these headers. */
export function ask(
  origin: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
  version: '1.0' | '1.1' = '1.1',
): Promise<Reply> {
  const fields = { Host: new URL(origin).host, Connection: 'close', ...headers }
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}`)
  return speak(origin, `GET ${path} HTTP/${version}`, ...lines)
}
