import { EventEmitter } from 'node:events'
import { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import Koa, { type Context } from 'koa'
import type { Sessions } from '../../lib/middleware.ts'
import { Gate } from './gate.ts'

/** What a request was answered with. */
export interface Answer {
  readonly status: number
  readonly setCookies: readonly string[]
  readonly headers: ReturnType<ServerResponse['getHeaders']>
}

/** A request whose handler does what the test does, until it is told to end. */
export interface OpenRequest {
  readonly ctx: Context
  /** Ends it, with a status or a mistake. */
  end(status: number | Error): Promise<Answer>
}

/** Plays a server that is called without a network: its requests go straight to Koa. */
export class IndoorServer {
  readonly #handle: (request: IncomingMessage, response: ServerResponse) => Promise<void>
  readonly #handlers = new WeakMap<IncomingMessage, (ctx: Context) => Promise<void>>()

  constructor(sessions: Sessions) {
    const app = new Koa()
    app.on('error', () => {})
    app.use(sessions)
    app.use((ctx) => this.#handlers.get(ctx.req)?.(ctx))
    this.#handle = app.callback() as never
  }

  /** Resolves when its session is loaded. Rejects when it was answered before that. */
  async begin(cookie: string | undefined): Promise<OpenRequest> {
    const request = makeRequest(cookie === undefined ? {} : { cookie })
    const response = new ServerResponse(request)
    const arrived = new Gate<Context>()
    const told = new Gate<number | Error>()
    this.#handlers.set(request, async (ctx) => {
      arrived.open(ctx)
      const status = await told.passed
      if (typeof status !== 'number') throw status
      ctx.status = status
      ctx.body = 'fine'
    })
    const handled = this.#handle(request, response)
    const ctx = await Promise.race([arrived.passed, handled])
    if (ctx === undefined) throw new Error(`Answered with ${response.statusCode} at once`)
    return {
      ctx,
      async end(status) {
        told.open(status)
        await handled
        const headers = response.getHeaders()
        const { 'set-cookie': setCookies = [] } = headers
        return { status: response.statusCode, setCookies: [setCookies].flat().map(String), headers }
      },
    }
  }
}

function makeRequest(headers: Readonly<Record<string, string>>): IncomingMessage {
  const socket = Object.assign(new EventEmitter(), { remoteAddress: '127.0.0.1' })
  const request = new IncomingMessage(socket as unknown as Socket)
  Object.assign(request.headers, { host: 'localhost:3000', ...headers })
  return Object.assign(request, { method: 'GET', url: '/', httpVersion: '1.1' })
}
