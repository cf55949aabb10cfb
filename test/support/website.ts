import type { ExecutionContext } from 'ava'
import Koa, { type Context, type Next } from 'koa'
import { assembleSessions } from '../../lib/assembly.ts'
import type { Environment } from '../../lib/environment.ts'
import { drawRandomBytes } from '../../lib/id.ts'
import type { Sessions } from '../../lib/middleware.ts'
import type { SessionOptions } from '../../lib/options.ts'
import { Browser, type RunningServer, serve } from './browser.ts'
import { Clock } from './clock.ts'
import { openDefaultStore } from './default-store.ts'

/** A handler of one path of a website. */
export type Handler = (ctx: Context, next: Next) => unknown

/** Plays a website: an application with sessions, its clock, and all that it told anybody. */
export interface Website extends RunningServer {
  readonly app: Koa
  readonly sessions: Sessions
  readonly clock: Clock
  readonly store: SessionOptions['store']
  readonly warnings: readonly string[]
  /** The events of its sessions, in order. */
  readonly events: readonly { readonly name: string; readonly [detail: string]: unknown }[]
  /** What Koa's own 'error' event told. */
  readonly errors: readonly unknown[]
  /** A new visitor. */
  visit(): Browser
}

/** The world of a website, which version of Koa it runs on, and what stands before its pages. */
export interface WebsiteEnvironment extends Partial<Environment> {
  readonly Application?: typeof Koa
  /** What runs before all of it. */
  readonly upstream?: Handler
  /** Default: the sessions, nothing else. */
  readonly arrange?: (app: Koa, sessions: Sessions) => void
}

/** 32 bytes, 00 to 1f. */
const KEY = Buffer.from(Array.from({ length: 32 }, (_, index) => index)).toString('hex')

const EVENTS = [
  'create',
  'save',
  'touch',
  'regenerate',
  'destroy',
  'expire',
  'gone',
  'conflict',
  'forged',
  'corrupt',
] as const

/**
 * Opens a website with a page per handler, by path. Sessions are kept in
 * the default store of tests unless `options` name a store or a directory. It is closed when the test is over.
 */
export async function openWebsite(
  t: ExecutionContext,
  pages: Readonly<Record<string, Handler>>,
  options: SessionOptions = {},
  { Application = Koa, upstream, arrange = useSessions, ...environment }: WebsiteEnvironment = {},
): Promise<Website> {
  const clock = new Clock()
  const warnings: string[] = []
  const errors: unknown[] = []
  const events: { name: string }[] = []
  const { directory } = options
  const store = options.store ?? (directory === undefined ? await openDefaultStore(t) : undefined)
  const sessions = assembleSessions(store === undefined ? options : { ...options, store }, {
    now: clock.now,
    monotonic: clock.monotonic,
    random: drawRandomBytes,
    jitter: () => 0.5,
    schedule: () => () => undefined,
    isProduction: () => false,
    variables: options.keys === undefined && store !== undefined ? { SESSION_KEYS: KEY } : {},
    warn: (message) => warnings.push(message),
    trace: () => undefined,
    ...environment,
  })
  for (const name of EVENTS) sessions.on(name, (event) => events.push({ name, ...event }))
  const app = new Application()
  app.on('error', (error) => errors.push(error))
  if (upstream !== undefined) app.use(upstream)
  arrange(app, sessions)
  app.use(async (ctx, next) => {
    const page = pages[ctx.path]
    if (page === undefined) return next()
    const body = await page(ctx, next)
    if (body !== undefined) ctx.body = typeof body === 'string' ? body : JSON.stringify(body)
  })
  const running = await serve(app)
  t.teardown(async () => {
    await running.close()
    await sessions.close()
  })
  const visit = (): Browser => new Browser(running.origin)
  return { ...running, app, sessions, clock, store, warnings, events, errors, visit }
}

function useSessions(app: Koa, sessions: Sessions): void {
  app.use(sessions)
}

/** The names of the events of a website, in order. */
export function eventsOf({ events }: Website): string[] {
  return events.map(({ name }) => name)
}

/** The codes of the errors Koa was told of, in order. */
export function codesOf({ errors }: Website): unknown[] {
  return errors.map((error) => (error as { code?: unknown }).code)
}

/** Everything of a stream, in order. */
export async function collect<Item>(stream: AsyncIterable<Item>): Promise<Item[]> {
  const items: Item[] = []
  for await (const item of stream) items.push(item)
  return items
}
