import Router from '@koa/router'
import Koa from 'koa'
import {
  type Duration,
  type Session,
  SessionError,
  type Sessions,
  session,
} from 'koa-sealed-session'
import { FileStore } from 'koa-sealed-session/stores/file'
import { MemoryStore } from 'koa-sealed-session/stores/memory'

type Equals<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
function promise<_Holds extends true>(): void {}

const app = new Koa()
const sessions = session()
promise<Equals<typeof sessions, Sessions>>()
app.use(sessions)

// ctx.session is typed in app.use, any key is allowed, and its members have their types.
app.use(async (ctx) => {
  promise<Equals<typeof ctx.session, Session>>()
  ctx.session.views = (ctx.session.views ?? 0) + 1
  ctx.session.cart = { items: [1, 2, 3] }
  delete ctx.session.cart

  promise<Equals<typeof ctx.session.isNew, boolean>>()
  promise<Equals<typeof ctx.session.ref, string>>()
  promise<Equals<typeof ctx.session.expiresIn, number>>()
  promise<Equals<typeof ctx.session.expiresAt, Date>>()
  promise<Equals<typeof ctx.session.expiresWithBrowser, boolean>>()

  const total = await ctx.session.update((data) => {
    data.total = (data.total ?? 0) + 1
    return 'the result'
  })
  promise<Equals<typeof total, string>>()

  await ctx.session.save()
  await ctx.session.reload()
  await ctx.session.regenerate()
  await ctx.session.regenerate({ keep: true })
  await ctx.session.destroy()
  ctx.session.save((error) => promise<Equals<typeof error, Error | null>>())
  ctx.session.regenerate((error) => error?.message)
  ctx.session.regenerate({ keep: true }, (error) => error?.message)

  ctx.session.setExpiry('30m')
  ctx.session.setExpiry(60_000)
  ctx.session.setExpiry(new Date())
  ctx.session.setExpiry('browser')
  ctx.session.setExpiry(null)
  ctx.session.maxAge = 60_000
  // @ts-expect-error a unit nobody has
  ctx.session.setExpiry('5 parsecs')
  // @ts-expect-error regenerate keeps all or nothing
  await ctx.session.regenerate({ keep: ['a'] })
})

// The whole session is replaced or ended by assignment, and reading it never gives null.
app.use((ctx) => {
  ctx.session = { views: 1 }
  ctx.session = null
  promise<Equals<typeof ctx.session, Session>>()
  // @ts-expect-error a session is an object
  ctx.session = 'text'
})

// Members cannot be assigned.
app.use((ctx) => {
  // @ts-expect-error
  ctx.session.isNew = true
  // @ts-expect-error
  ctx.session.ref = 'mine'
  // @ts-expect-error
  ctx.session.expiresIn = 1
  // @ts-expect-error
  ctx.session.save = () => {}
})

// It is the same in @koa/router.
const router = new Router()
router.get('/', (ctx) => {
  promise<Equals<typeof ctx.session, Session>>()
  ctx.session.views = 1
  ctx.session = null
})
app.use(router.routes())

// Options are typed, durations too.
session({ idle: '30m', absolute: '1.5d', sweep: false, durable: true, maxBytes: 1024 })
session({ keys: ['a', Buffer.alloc(32)], store: new MemoryStore() })
session({ keys: async () => 'from a vault', store: new FileStore({ directory: 'data' }) })
session({ cookie: { name: 'id', sameSite: 'strict', secure: 'auto', persistent: true } })
session({ regenerateOn: ['user', ['passport', 'user']] })
// @ts-expect-error a unit nobody has
session({ idle: '5 parsecs' })
// @ts-expect-error a number of milliseconds needs no quotes
session({ idle: '1000' })
// @ts-expect-error a misspelt option
session({ idel: '30m' })
// @ts-expect-error not an attribute of cookies
session({ cookie: { sameSite: 'sometimes' } })
const duration: Duration = '12h'
session({ sweep: duration })

// The operations outside a request.
async function operate(): Promise<void> {
  await sessions.ready()
  const { scanned, removed } = await sessions.clearExpired()
  promise<Equals<typeof scanned, number>>()
  promise<Equals<typeof removed, number>>()
  for await (const { ref, expires } of sessions.list()) {
    promise<Equals<typeof ref, string>>()
    promise<Equals<typeof expires, number>>()
  }
  promise<Equals<Awaited<ReturnType<typeof sessions.count>>, number>>()
  await sessions.destroyAll()
  sessions.on('destroy', ({ ref }) => promise<Equals<typeof ref, string>>())
  // @ts-expect-error no such event
  sessions.on('destory', () => {})
  await sessions.close()
}
operate().catch((error: unknown) => {
  if (!(error instanceof SessionError)) throw error
  if (error.code === 'ERR_SESSION_GONE') return
  // @ts-expect-error no such code
  if (error.code === 'ERR_SESSION_LOST') return
})
