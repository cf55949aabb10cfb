import { readdirSync, readlinkSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import Koa, { type Context } from 'koa'
import { assembleSessions } from '../../../lib/assembly.ts'
import { processEnvironment } from '../../../lib/environment.ts'
import type { Sample, ServerOptions } from './fleet.ts'
import { countResources } from './resources.ts'

// A server that is soaked. Its clocks run fast, so that sessions come and go by the thousand.
const { directory, epoch, clockSpeed } = JSON.parse(process.argv[2] as string) as ServerOptions
/** The newest tags a session keeps. */
const TAGS = 40

const sessions = assembleSessions(
  { directory, idle: '2h', sweep: '1m', cookie: { secure: false } },
  {
    ...processEnvironment,
    now: () => epoch + (Date.now() - epoch) * clockSpeed,
    monotonic: () => performance.now() * clockSpeed,
    schedule: (run, delay) => processEnvironment.schedule(run, delay / clockSpeed),
    variables: {},
    warn: () => {},
  },
)

const pages: Readonly<Record<string, (ctx: Context) => unknown>> = {
  '/sign-in': ({ session, query }) => {
    session.user = query.user
    session.tags = []
  },
  '/append': ({ session, query }) =>
    session.update((data) => {
      // Nobody signed in: a session is never brought back.
      if (!Array.isArray(data.tags)) return 'stranger'
      data.tags = [...data.tags, query.tag].slice(-TAGS)
      return 'appended'
    }),
  '/show': ({ session }) => ({ user: session.user, tags: session.tags, note: session.note }),
  '/note': ({ session, query }) => {
    session.note = query.note
  },
  '/sign-out': ({ session }) => session.destroy(),
  '/brief': ({ session }) => {
    session.visit = 'brief'
    session.setExpiry('30s')
  },
  '/sweep': () => sessions.clearExpired(),
  '/sample': takeSample,
}

function takeSample(): Sample {
  globalThis.gc?.()
  const links = readdirSync('/proc/self/fd').map((name) => {
    try {
      return readlinkSync(`/proc/self/fd/${name}`)
    } catch {
      return ''
    }
  })
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return {
    heap: (heapUsed + arrayBuffers) / 2 ** 20,
    sessionFiles: links.filter((link) => link.endsWith('.session')).length,
    deletedFiles: links.filter((link) => link.endsWith(' (deleted)')).length,
    otherDescriptors: links.filter((link) => link !== '' && !link.includes('.session')).length,
    ...countResources(),
  }
}

const app = new Koa()
app.silent = true
app.use(sessions)
app.use(async (ctx) => {
  ctx.body = JSON.stringify((await pages[ctx.path]?.(ctx)) ?? 'fine')
})
app.on('error', (error: Error & { cause?: unknown }) => {
  console.error(`${error.message} ${error.cause ?? ''}`)
})
await sessions.ready()
const server = createServer(app.callback())
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port))
process.on('SIGTERM', () => {
  server.close(() => void sessions.close().then(() => process.exit()))
  server.closeIdleConnections()
})
