import { once } from 'node:events'
import { connect } from 'node:net'

/** What came back over a raw connection. */
export interface RawAnswer {
  readonly status: number
  readonly body: string
  /** Every Set-Cookie line as it came. */
  readonly setCookies: readonly string[]
  readonly head: string
}

/** Plays an attacker who writes requests byte by byte, in latin1: nothing tidies them up on the way. */
export class Attacker {
  readonly #port: number

  constructor(origin: string) {
    this.#port = Number(new URL(origin).port)
  }

  /** A GET with these header lines beside `Host`. */
  async get(path: string, lines: readonly string[] = []): Promise<RawAnswer> {
    const request = ['Host: localhost', ...lines, 'Connection: close']
    const [answer] = await this.converse(`GET ${path} HTTP/1.1\r\n${request.join('\r\n')}\r\n\r\n`)
    return answer as RawAnswer
  }

  /** A GET with one Cookie header. */
  knock(path: string, cookie: string): Promise<RawAnswer> {
    return this.get(path, [`Cookie: ${cookie}`])
  }

  /** A GET for each of these Cookie headers, all over one connection and without waiting for answers. */
  knockOften(path: string, cookies: readonly string[]): Promise<readonly RawAnswer[]> {
    const begin = `GET ${path} HTTP/1.1\r\nHost: localhost\r\n`
    const requests = cookies.map((cookie, index) => {
      const last = index === cookies.length - 1
      return `${begin}${last ? 'Connection: close\r\n' : ''}Cookie: ${cookie}\r\n\r\n`
    })
    return this.converse(requests.join(''))
  }

  /** Whatever bytes, and all answers until the server ends the connection. */
  async converse(request: string): Promise<readonly RawAnswer[]> {
    const socket = connect(this.#port, '127.0.0.1')
    const chunks: Buffer[] = []
    socket.on('data', (chunk) => chunks.push(chunk))
    socket.on('error', () => socket.destroy())
    socket.write(Buffer.from(request, 'latin1'))
    await once(socket, 'close')
    return parseAnswers(Buffer.concat(chunks).toString('latin1'))
  }
}

function parseAnswers(text: string): RawAnswer[] {
  const answers: RawAnswer[] = []
  let rest = text
  while (rest !== '') {
    const end = rest.indexOf('\r\n\r\n')
    const head = rest.slice(0, end)
    const after = rest.slice(end + 4)
    const length = Number(/^content-length: (\d+)$/im.exec(head)?.[1] ?? after.length)
    const lines = head.split('\r\n').filter((line) => /^set-cookie:/i.test(line))
    const setCookies = lines.map((line) => line.slice('set-cookie:'.length).trim())
    answers.push({
      status: Number(head.slice(9, 12)),
      head,
      setCookies,
      body: after.slice(0, length),
    })
    rest = after.slice(length)
  }
  return answers
}
