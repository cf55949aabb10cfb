/** What the benchmark uses of packages that bring no types of their own. */

declare module 'koa-session' {
  import type Koa from 'koa'

  interface Store {
    get(key: string): unknown
    set(key: string, session: object, maxAge: number | 'session' | undefined): unknown
    destroy(key: string): unknown
  }
  export function createSession(options: { store?: Store }, app: Koa): Koa.Middleware
}

declare module 'koa-generic-session' {
  import type Koa from 'koa'
  export default function session(options?: object): Koa.Middleware
}

declare module 'session-file-store' {
  import type session from 'express-session'

  interface Options {
    path: string
    secret?: string
    logFn?: (message: string) => void
  }
  export default function createStore(
    expressSession: typeof session,
  ): new (
    options: Options,
  ) => session.Store
}

declare module 'autocannon' {
  import type { EventEmitter } from 'node:events'
  export interface Request {
    method?: string
    path?: string
    headers?: Record<string, string>
  }
  export interface Client extends EventEmitter {
    readonly requestIterator: { readonly currentRequest: Request }
    setRequests(requests: Request[]): void
  }
  interface Options {
    url: string | string[]
    connections: number
    /** Seconds. */
    duration: number
    /** How often it looks whether the time is over, in milliseconds. */
    sampleInt: number
    /** Seconds. */
    timeout: number
    setupClient(client: Client): void
  }
  interface Result {
    readonly errors: number
    readonly timeouts: number
  }
  export default function autocannon(options: Options): PromiseLike<Result>
}
