import type { OutgoingHttpHeader, OutgoingHttpHeaders, ServerResponse } from 'node:http'

type GivenHeaders = OutgoingHttpHeaders | readonly OutgoingHttpHeader[] | undefined

/**
 * The headers a session adds to one response. They are added at the last moment, when the
 * response's head is written: whatever became of the other headers until then, as Koa strips them
 * all for an error page, ours are there.
 */
export class ResponseHeaders {
  readonly #response: ServerResponse
  #isWatching = false
  #varies = false
  #cookie: string | undefined

  constructor(response: ServerResponse) {
    this.#response = response
  }

  get areSent(): boolean {
    return this.#response.headersSent
  }

  /** Says that the response depends on the cookie (RFC 9110 section 12.5.5). */
  vary(): void {
    this.#varies = true
    this.#watch()
  }

  /** The Set-Cookie to send, in place of an earlier one; `undefined` for none. */
  setCookie(cookie: string | undefined): void {
    this.#cookie = cookie
    this.#watch()
  }

  #watch(): void {
    if (this.#isWatching || this.areSent) return
    this.#isWatching = true
    const response = this.#response
    const { writeHead } = response
    const headers = this
    response.writeHead = function writeHeadWithSession(
      this: ServerResponse,
      status: number,
      first?: unknown,
      second?: unknown,
    ): ServerResponse {
      const hasReason = typeof first === 'string'
      applyHeaders(response, (hasReason ? second : (second ?? first)) as GivenHeaders)
      headers.#add()
      return Reflect.apply(writeHead, response, hasReason ? [status, first] : [status])
    }
  }

  #add(): void {
    const response = this.#response
    if (response.headersSent) return
    if (this.#varies) addVary(response)
    if (this.#cookie === undefined) return
    response.setHeader('Set-Cookie', [...listOf(response.getHeader('Set-Cookie')), this.#cookie])
    response.setHeader('Cache-Control', 'no-store')
    this.#cookie = undefined
  }
}

/**
 * Headers given to writeHead() itself go over those set before, ours too: so they are set first.
 */
function applyHeaders(response: ServerResponse, headers: GivenHeaders): void {
  if (headers === undefined || headers === null || response.headersSent) return
  if (!Array.isArray(headers)) {
    for (const [name, value] of Object.entries(headers)) {
      if (value !== undefined) response.setHeader(name, value)
    }
    return
  }
  const pairs = Array.isArray(headers[0])
    ? (headers as unknown as [string, string][])
    : headers.flatMap((name, index) =>
        index % 2 === 0 ? [[name, headers[index + 1]] as const] : [],
      )
  for (const [name] of pairs) response.removeHeader(String(name))
  for (const [name, value] of pairs) {
    response.appendHeader(String(name), Array.isArray(value) ? value.map(String) : String(value))
  }
}

function addVary(response: ServerResponse): void {
  const given = response.getHeader('Vary')
  if (given === undefined) {
    response.setHeader('Vary', 'Cookie')
    return
  }
  const fields = listOf(given).flatMap((value) => value.split(','))
  const names = fields.map((field) => field.trim().toLowerCase())
  if (names.includes('*') || names.includes('cookie')) return
  response.setHeader('Vary', [...fields.map((field) => field.trim()), 'Cookie'].join(', '))
}

function listOf(value: number | string | readonly string[] | undefined): string[] {
  if (value === undefined || value === '') return []
  return Array.isArray(value) ? [...value] : [String(value)]
}
