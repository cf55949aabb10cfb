import { join } from 'node:path'
import { bodyParser } from '@koa/bodyparser'
import Router from '@koa/router'
import Koa from 'koa'
import { type Sessions, session } from 'koa-sealed-session'
import { listFiles, readHex } from './data-files.ts'
import { renderPage } from './page.ts'
import { requireSameOrigin } from './same-origin.ts'
import { style } from './style.ts'

/** Where the example keeps its sessions. */
export interface ExampleOptions {
  /** The data directory. */
  readonly directory: string
}

/** The application, and its sessions: what has to be closed at the end. */
export interface Example {
  readonly app: Koa
  readonly sessions: Sessions
}

/** The whole example: two routes of a first tutorial, and a page that shows a session from both sides. */
export function createApp({ directory }: ExampleOptions): Example {
  const app = new Koa()
  const sessions = session({ directory })
  const router = new Router()

  router.get('/setsession/', (ctx) => {
    ctx.session.book = 'Sherlock Holmes'
    ctx.body = 'The session has been set'
  })

  router.get('/getsession/', (ctx) => {
    ctx.body = ctx.session.book
      ? `The book name is: ${ctx.session.book}`
      : 'There is no book in the session yet'
  })

  router.get('/', async (ctx) => {
    // Two tabs opened at once count two: update() runs on the newest version, under the lock.
    await ctx.session.update((data) => {
      data.visits = (data.visits ?? 0) + 1
    })
    const { visits, user, book, ref, expiresIn } = ctx.session
    const files = await listFiles(directory)
    const own = files.find(({ path }) => path.includes(ref) && path.endsWith('.session'))
    const bytes = own && (await readHex(join(directory, own.path), 128).catch(() => undefined))
    ctx.type = 'html'
    ctx.body = renderPage({ visits, user, book, ref, expiresIn, files, own, bytes })
  })

  router.post('/signin', (ctx) => {
    const name = (ctx.request.body as { name?: unknown } | undefined)?.name
    const user = typeof name === 'string' ? name.trim() : ''
    if (user.length < 1 || user.length > 40) ctx.throw(400, 'A name has 1 to 40 characters')
    // The session gets a new id by itself, because `user` appears: see the option `regenerateOn`.
    ctx.session.user = user
    ctx.redirect('/')
    ctx.status = 303
  })

  router.post('/signout', (ctx) => {
    ctx.session = null
    ctx.redirect('/')
    ctx.status = 303
  })

  router.get('/style.css', (ctx) => {
    ctx.type = 'css'
    ctx.body = style
  })

  app.use(setSecurityHeaders)
  app.use(requireSameOrigin())
  app.use(sessions)
  app.use(bodyParser({ enableTypes: ['form'], formLimit: '4kb' }))
  app.use(router.routes())
  app.use(router.allowedMethods())
  return { app, sessions }
}

async function setSecurityHeaders(ctx: Koa.Context, next: Koa.Next): Promise<void> {
  ctx.set({
    'Content-Security-Policy':
      "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    'Referrer-Policy': 'same-origin',
    'X-Content-Type-Options': 'nosniff',
  })
  await next()
}
