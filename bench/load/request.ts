import { Agent, get } from 'node:http'

/** An answer, as far as it matters here. */
export interface Reply {
  readonly status: number
  readonly body: string
  /** The cookies it set, as a later request sends them; empty when there are none. */
  readonly cookie: string
}

const agent = new Agent({ keepAlive: true, maxSockets: 64 })

/** One request, outside what is measured. */
export function request(port: number, path: string, cookie: string): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const headers = cookie === '' ? {} : { cookie }
    get({ host: '127.0.0.1', port, path, headers, agent }, (response) => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (text: string) => {
        body += text
      })
      response.on('end', () => {
        const cookies = response.headers['set-cookie'] ?? []
        resolve({ status: response.statusCode ?? 0, body, cookie: joinCookies(cookies) })
      })
      response.on('error', reject)
    }).on('error', reject)
  })
}

/** The value of a Cookie header that sends back what these Set-Cookie headers set. */
export function joinCookies(headers: readonly string[]): string {
  return headers.map((header) => header.split(';', 1)[0]).join('; ')
}
