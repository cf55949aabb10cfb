import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createApp } from './app.ts'

const { app, sessions } = createApp({ directory: process.env.SESSION_DIRECTORY ?? '.sessions' })
await sessions.ready()

const server = app.listen(Number(process.env.PORT ?? 3000))
await once(server, 'listening')
console.log(`Listening on http://localhost:${(server.address() as AddressInfo).port}/`)

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop)

/** Requests first, then what they need: a request that has begun may still save its session. */
function stop(): void {
  server.close(() => void sessions.close())
  setTimeout(() => server.closeAllConnections(), 3000).unref()
}
