import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import Koa from 'koa'
import { session } from '../../lib/index.ts'
import { shop } from './attacked-shop.ts'

/** What a child process that serves the shop is told. */
export interface ServerOptions {
  readonly directory: string
  /** Given to `process.umask()`. */
  readonly umask?: number
}

const { directory, umask } = JSON.parse(process.argv[2] as string) as ServerOptions
if (umask !== undefined) process.umask(umask)

const app = new Koa({ env: 'production' })
app.silent = true
const sessions = session({ directory, sweep: false, cookie: { secure: false } })
for (const name of ['corrupt', 'gone', 'error'] as const) {
  sessions.on(name, (event) => console.error(`${name} ${JSON.stringify(event)}`))
}
app.use(sessions)
app.use(async (ctx, next) => {
  const page = shop[ctx.path]
  if (ctx.path === '/count') {
    ctx.body = `${await ctx.session.update((data) => {
      data.count = (data.count ?? 0) + 1
      data.filler = 'x'.repeat(data.count % 3000)
      return data.count
    })}`
  } else if (page !== undefined) {
    const body = await page(ctx, next)
    ctx.body = typeof body === 'string' ? body : JSON.stringify(body)
  }
})
const server = createServer(app.callback())
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port))
process.once('SIGTERM', async () => {
  server.close()
  await sessions.close()
  // Those that were busy when it was closed would be kept for another five seconds.
  server.closeIdleConnections()
})
