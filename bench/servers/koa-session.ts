import { Redis } from 'ioredis'
import Koa from 'koa'
import { createSession, type Store } from 'koa-session'
import { visit } from '../visit.ts'
import { type App, type CreateApp, SECRET } from './app.ts'

/** koa-session, with the session in its signed cookie. */
export const createCookieSessions: CreateApp = (_spec, items) => createApp(items)

/** koa-session, with a map as its store: objects as they are, nothing copied. */
export const createMemorySessions: CreateApp = (_spec, items) => {
  const sessions = new Map<string, object>()
  return createApp(items, {
    get: (key) => sessions.get(key),
    set: (key, session) => sessions.set(key, session),
    destroy: (key) => sessions.delete(key),
  })
}

/** koa-session on Redis, by ioredis over a loopback connection. */
export const createRedisSessions: CreateApp = async ({ redisPort = 6379, directory }, items) => {
  const redis = new Redis({ port: redisPort, host: '127.0.0.1', keyPrefix: `${directory}:` })
  await redis.ping()
  return createApp(items, {
    get: async (key) => {
      const text = await redis.get(key)
      return text === null ? undefined : JSON.parse(text)
    },
    set: (key, session, maxAge) =>
      redis.set(key, JSON.stringify(session), 'PX', typeof maxAge === 'number' ? maxAge : 86400000),
    destroy: (key) => redis.del(key),
  })
}

function createApp(items: readonly object[], store?: Store): App {
  const app = new Koa()
  app.keys = [SECRET]
  app.use(createSession(store ? { store } : {}, app))
  app.use((ctx) => {
    ctx.body = visit(ctx.path, ctx.session, items)
  })
  return { listener: app.callback() }
}
