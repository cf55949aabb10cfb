import Koa from 'koa'
import session from 'koa-generic-session'
import { visit } from '../visit.ts'
import { type CreateApp, SECRET } from './app.ts'

/** koa-generic-session, with the store in memory that it brings. */
export const createGenericSessions: CreateApp = (_spec, items) => {
  const app = new Koa()
  app.keys = [SECRET]
  app.use(session())
  app.use((ctx) => {
    ctx.body = visit(ctx.path, ctx.session, items)
  })
  return { listener: app.callback() }
}
