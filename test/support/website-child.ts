import Koa from 'koa'
import { session } from '../../lib/index.ts'
import { serve } from './browser.ts'
import { PAGES } from './pages.ts'
import { Pause } from './pause.ts'
import type { Handler } from './website.ts'

// A website in a process of its own, on the directory it is given. It tells its origin, then what it lacks.
const [, , directory = ''] = process.argv
const sessions = session({ directory })
let pause = new Pause()

const pages: Record<string, Handler> = {
  ...PAGES,
  '/add': ({ session }) =>
    session.update((data) => {
      data.sum = (data.sum ?? 0) + 1
      return `${data.sum}`
    }),
  '/keep': ({ session }) => session.regenerate({ keep: true }),
  '/slow': async ({ session, query }) => {
    session.views
    await pause.wait()
    Object.assign(session, query)
    return 'fine'
  },
  '/arrived': async () => {
    await pause.arrived
    return 'arrived'
  },
  '/go': () => {
    pause.letGo()
    pause = new Pause()
  },
  '/clear': async () => JSON.stringify(await sessions.clearExpired()),
  '/close': async (ctx) => {
    ctx.session.closing = true
    void sessions.close().then(() => process.exit())
    return 'closing'
  },
}

const app = new Koa()
app.use(sessions)
app.use(async (ctx, next) => {
  const page = pages[ctx.path]
  if (page === undefined) return next()
  const body = await page(ctx, next)
  if (body !== undefined) ctx.body = typeof body === 'string' ? body : JSON.stringify(body)
})
await sessions.ready()
const { origin } = await serve(app)
process.stdout.write(`${origin}\n`)
