import Koa from 'koa'
import { MemoryStore, session } from '../library.ts'
import { visit } from '../visit.ts'
import type { App, CreateApp } from './app.ts'

type Options = NonNullable<Parameters<typeof session>[0]>

/** Ours, as it is without options, but for where its files go. */
export const createSealedSessions: CreateApp = ({ directory }, items) =>
  createApp(items, { directory })

/** Ours, swept only when asked. */
export const createUnsweptSessions: CreateApp = ({ directory }, items) =>
  createApp(items, { directory, sweep: false })

/** Ours, on the disk before the response. */
export const createDurableSessions: CreateApp = ({ directory }, items) =>
  createApp(items, { directory, durable: true })

/** Ours, in memory: sealed all the same. */
export const createSealedMemorySessions: CreateApp = (_spec, items) =>
  createApp(items, { store: new MemoryStore() })

function createApp(items: readonly object[], options: Options): App {
  const app = new Koa()
  const sessions = session({ ...options, cookie: { secure: false } })
  app.use(sessions)
  // Not async: the handler must cost what that of bare Koa costs.
  app.use((ctx) => {
    if (ctx.path === '/update') return update(ctx)
    ctx.body = visit(ctx.path, ctx.session, items)
    return undefined
  })
  return {
    listener: app.callback(),
    ready: () => sessions.ready(),
    sweep: () => sessions.clearExpired(),
    close: () => sessions.close(),
  }
}

async function update(ctx: Koa.Context): Promise<void> {
  ctx.body = await ctx.session.update((data) => {
    data.count += 1
    return String(data.count)
  })
}
