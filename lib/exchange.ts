import type { Context } from 'koa'
import type { SessionEventName, SessionEvents } from './events.ts'
import type { SessionId } from './id.ts'
import { ResponseHeaders } from './response.ts'
import type { SessionService } from './service.ts'
import type { Wire } from './wire.ts'

/** The visitor's end of a visit that comes through Koa: one request and its response. */
export class Exchange implements Wire {
  readonly #service: SessionService
  readonly #ctx: Context
  readonly #headers: ResponseHeaders
  /** The clearing cookie, as long as there is a cookie to clear. */
  #clearing: string | undefined

  constructor(service: SessionService, ctx: Context) {
    this.#service = service
    this.#ctx = ctx
    this.#headers = new ResponseHeaders(ctx.res)
  }

  get isClosed(): boolean {
    return this.#headers.areSent
  }

  /** Says that the response depends on the cookie. */
  vary(): void {
    this.#headers.vary()
  }

  setCookie(id: SessionId, lifetime: number | undefined): void {
    const value = this.#service.signId(id)
    this.#headers.setCookie(this.#service.cookie.set(this.#ctx.req, value, lifetime))
  }

  clearCookie(): void {
    const { cookie } = this.#service
    const hasCookie = cookie.values(this.#ctx.req).length > 0
    this.#clearing = hasCookie ? cookie.clear(this.#ctx.req) : undefined
    this.#headers.setCookie(this.#clearing)
  }

  dropCookie(): void {
    this.#headers.setCookie(this.#clearing)
  }

  /** An error that nobody listens for goes where Koa's own errors go. */
  emit<Name extends SessionEventName>(name: Name, event: SessionEvents[Name]): void {
    const { events } = this.#service
    if (name === 'error' && !events.has('error')) this.#ctx.app.emit('error', event, this.#ctx)
    else events.emit(name, event)
  }
}

/** The end of a visit to which no cookie can be sent: that of a request outside of Koa. */
export class ClosedExchange implements Wire {
  readonly isClosed = true
  readonly #service: SessionService

  constructor(service: SessionService) {
    this.#service = service
  }

  setCookie(): void {}
  clearCookie(): void {}
  dropCookie(): void {}

  emit<Name extends SessionEventName>(name: Name, event: SessionEvents[Name]): void {
    this.#service.events.emit(name, event)
  }
}
