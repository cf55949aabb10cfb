import { type IncomingMessage, STATUS_CODES } from 'node:http'
import { types } from 'node:util'
import type { Context, Next } from 'koa'
import type { Data } from './data.ts'
import { SessionError, toSessionError } from './errors.ts'
import type { SessionEventName, SessionListener } from './events.ts'
import { ClosedExchange, Exchange } from './exchange.ts'
import type { ListedSession, SessionService } from './service.ts'
import type { Session } from './session.ts'
import type { SweepReport } from './store.ts'
import type { Visit } from './visit.ts'
import type { Wire } from './wire.ts'

declare module 'koa' {
  interface ExtendableContext {
    /** The session of this visitor: never null. */
    get session(): Session
    /** An object replaces its data, null ends it. */
    set session(value: Data | null)
  }
}

/**
 * What `session()` returns: the Koa middleware, which also carries the operations outside of a
 * request.
 */
export interface Sessions {
  (ctx: Context, next: Next): Promise<void>

  /**
   * Resolves when sessions can be served: keys found, directory usable. Call it at start, to fail
   * there rather than at the first visitor. Rejects with what is wrong.
   */
  ready(): Promise<void>

  /**
   * Removes expired sessions now, as the background does every `sweep`. Django: `clear_expired`.
   */
  clearExpired(): Promise<SweepReport>

  /**
   * The sessions there are, streamed. Of each its log-safe handle and its end: never contents,
   * never ids.
   */
  list(): AsyncIterable<ListedSession>

  /** How many sessions there are. */
  count(): Promise<number>

  /** Ends every session, as after an incident. Resolves to how many there were. */
  destroyAll(): Promise<number>

  /**
   * The session of a request that does not pass through Koa, such as a WebSocket's upgrade. Nothing
   * but its activity is written by itself: call `save()`, `update()` or `destroy()`. Since no cookie
   * can be sent, `regenerate()`, and `save()` of a new session, reject with
   * `ERR_SESSION_HEADERS_SENT`.
   */
  fromRequest(request: IncomingMessage): Promise<Session>

  /**
   * Ends it all: requests under way may still commit, for 5 seconds at most, new ones get 503, then
   * the background and the store stop.
   */
  close(): Promise<void>

  /** Calls `listener` at each event. */
  on<Name extends SessionEventName>(name: Name, listener: SessionListener<Name>): Sessions

  /** No longer calls it. */
  off<Name extends SessionEventName>(name: Name, listener: SessionListener<Name>): Sessions
}

/** The visit that `ctx.session` belongs to. */
interface CurrentVisit {
  readonly cookieName: string
  readonly visit: Visit
  readonly exchange: Exchange
  /** The one around it, of another cookie. */
  readonly outer: CurrentVisit | undefined
}

/** Where a context has its visit: a name nobody else has, so that nobody finds it by another way. */
const CURRENT = Symbol('session')

type SessionContext = { [CURRENT]?: CurrentVisit | undefined }

/** The contexts that have our accessor. */
const prepared = new WeakSet<object>()

/** The Koa middleware of a service. `cookieName` tells it from another one on the same request. */
export function createSessions(service: SessionService, cookieName: string): Sessions {
  async function session(ctx: Context, next: Next): Promise<void> {
    const context: Context & SessionContext = ctx
    const outer = context[CURRENT]
    const open = findVisit(outer, cookieName)
    if (open !== undefined) return runWithin(context, open, outer, next)
    const end = service.begin()
    try {
      prepareContext(ctx.app.context, service)
      const exchange = new Exchange(service, ctx)
      const opened = service.open(ctx.req, exchange)
      const { visit, isCookieStale } = opened instanceof Promise ? await opened : opened
      context[CURRENT] = { cookieName, visit, exchange, outer }
      try {
        await next()
      } catch (error) {
        await commitAfterError(visit, error, exchange)
        throw error
      }
      await commit(visit, ctx.status)
      if (isCookieStale && ctx.status < 500) visit.resendCookie()
    } finally {
      if (outer !== undefined) context[CURRENT] = outer
      end()
    }
  }

  const sessions: Sessions = Object.assign(session, {
    ready: () => service.ready(),
    clearExpired: async () => service.clearExpired(),
    list: () => service.list(),
    count: () => count(service.list()),
    destroyAll: () => service.destroyAll(),
    fromRequest: (request: IncomingMessage) => fromRequest(service, request),
    close: () => service.close(),
    on: <Name extends SessionEventName>(name: Name, listener: SessionListener<Name>): Sessions => {
      service.events.on(name, listener)
      return sessions
    },
    off: <Name extends SessionEventName>(name: Name, listener: SessionListener<Name>): Sessions => {
      service.events.off(name, listener)
      return sessions
    },
  })
  return sessions
}

/** The visit of this cookie that a request has open: the same session() may be used twice. */
function findVisit(
  current: CurrentVisit | undefined,
  cookieName: string,
): CurrentVisit | undefined {
  if (current === undefined || current.cookieName === cookieName) return current
  return findVisit(current.outer, cookieName)
}

async function runWithin(
  context: SessionContext,
  open: CurrentVisit,
  outer: CurrentVisit | undefined,
  next: Next,
): Promise<void> {
  context[CURRENT] = open
  try {
    await next()
  } finally {
    if (outer !== undefined) context[CURRENT] = outer
  }
}

/** What the application throws goes before what the commit throws. */
async function commitAfterError(visit: Visit, thrown: unknown, wire: Wire): Promise<void> {
  try {
    await commit(visit, statusOf(thrown))
  } catch (failure) {
    wire.emit('error', toSessionError(failure, 'The session could not be stored'))
  }
}

/**
 * How a request ends decides what becomes of its session:
 *
 * | the session is | below 500 | from 500 | headers already sent |
 * |---|---|---|---|
 * | empty | nothing | nothing | nothing |
 * | new | create, cookie | nothing | nothing, event |
 * | unchanged | touch when due | nothing | touch when due |
 * | changed | commit, under a new id when somebody signed in | dropped | commit, same id |
 * | ended (`settle()`) | removed, clearing cookie | removed, clearing cookie | removed |
 * | gone | nothing, but a sign-in begins a new one | nothing | nothing |
 *
 * Not async, since nothing has to be waited for in most requests.
 */
function commit(visit: Visit, status: number): Promise<void> | undefined {
  const settled = visit.settle()
  return settled ? settled.then(() => conclude(visit, status)) : conclude(visit, status)
}

function conclude(visit: Visit, status: number): Promise<void> | undefined {
  if (status >= 500) return undefined
  const outcome = visit.conclude()
  switch (outcome.kind) {
    case 'empty':
      return undefined
    case 'new':
      return visit.create(outcome.draft)
    case 'unchanged':
      return visit.renew()
    case 'changed':
      return visit.commit(outcome.draft)
    case 'gone':
      return visit.commit()
  }
}

/**
 * The status that Koa gives a response for what was thrown: only errors can name one. Koa 2 makes a
 * 404 of ENOENT, Koa 3 a 500; here it is a failure in both.
 */
function statusOf(thrown: unknown): number {
  const isError = thrown instanceof Error || types.isNativeError(thrown)
  if (!isError) return 500
  const { status, statusCode } = thrown as {
    readonly status?: unknown
    readonly statusCode?: unknown
  }
  const given = status || statusCode
  return typeof given === 'number' && given in STATUS_CODES ? given : 500
}

/**
 * Defines `ctx.session` once for all contexts of an application: defined on each it would slow them
 * all down.
 */
function prepareContext(context: object, service: SessionService): void {
  if (prepared.has(context)) return
  prepared.add(context)
  if (Object.hasOwn(context, 'session')) {
    service.warn(
      'app.context.session is defined by somebody else already, so ctx.session is theirs: remove the other session middleware',
    )
    return
  }
  Object.defineProperty(context, 'session', {
    configurable: true,
    enumerable: false,
    get(this: SessionContext): Session | undefined {
      const current = this[CURRENT]
      current?.exchange.vary()
      return current?.visit.session
    },
    set(this: SessionContext, value: unknown) {
      const current = this[CURRENT]
      if (current === undefined) {
        throw new SessionError(
          'ERR_SESSION_NOT_READY',
          'ctx.session was assigned before app.use(session()) ran: move that line up',
        )
      }
      current.exchange.vary()
      current.visit.session = value
    },
  })
}

async function fromRequest(service: SessionService, request: IncomingMessage): Promise<Session> {
  const end = service.begin()
  try {
    const { visit } = await service.open(request, new ClosedExchange(service))
    await visit.renew()
    return visit.session
  } finally {
    end()
  }
}

async function count(items: AsyncIterable<unknown>): Promise<number> {
  let total = 0
  for await (const _ of items) total += 1
  return total
}
