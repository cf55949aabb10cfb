import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'

/** What tells one request from another for a cookie. */
export interface RequestTraits {
  readonly headers?: IncomingHttpHeaders
  /** The address at the other end of the connection. Default: `'127.0.0.1'`. */
  readonly peer?: string | undefined
  /** Whether it came over https. Default: `false`. */
  readonly encrypted?: boolean
  readonly httpVersion?: string
}

/** Plays a request: of a browser on the machine of its server, on plain http, unless `traits` differ. */
export function requestOf(traits: RequestTraits = {}): IncomingMessage {
  const { headers = {}, encrypted = false, httpVersion = '1.1' } = traits
  const remoteAddress = 'peer' in traits ? traits.peer : '127.0.0.1'
  return {
    headers: { host: 'localhost:3000', ...headers },
    httpVersion,
    socket: encrypted ? { remoteAddress, encrypted } : { remoteAddress },
  } as unknown as IncomingMessage
}
