import type { ExecutionContext } from 'ava'
import type Koa from 'koa'
import type { Context, Middleware } from 'koa'
import type { SessionOptions } from '../../lib/options.ts'
import { Browser, type Page } from './browser.ts'
import { bodyOf, loadNeighbour, openArranged, parseBody } from './neighbours.ts'
import { createMeeting } from './waiting.ts'
import type { Website } from './website.ts'

interface User {
  readonly id: string
}

type Done<Value> = (error: unknown, value?: Value | false, info?: { message: string }) => void

interface Passport {
  use(strategy: object): void
  serializeUser(serialize: (user: User, done: Done<string>) => void): void
  deserializeUser(deserialize: (id: string, done: Done<User>) => void): void
  initialize(): Middleware
  session(): Middleware
  authenticate(name: string, options: object): Middleware
}

interface PassportContext extends Context {
  isAuthenticated(): boolean
  logout(options?: object): Promise<void>
}

const { KoaPassport } = loadNeighbour<{ KoaPassport: new () => Passport }>('koa-passport')
const { Strategy } = loadNeighbour<{
  Strategy: new (verify: (name: string, password: string, done: Done<User>) => void) => object
}>('passport-local')

/** The accounts of every shop. */
export const USERS: Map<string, User> = new Map(['ada', 'bob'].map((id) => [id, { id }]))

/**
 * Plays a shop: anybody has a cart, whoever signs in has an account. Every password is 'secret'. Two
 * requests with `?together` are both under way before either goes on.
 */
export function openShop(
  t: ExecutionContext,
  Application: typeof Koa,
  loginOptions: object = {},
  options: SessionOptions = {},
): Promise<Website> {
  const passport = new KoaPassport()
  passport.use(
    new Strategy((name, password, done) => {
      const user = USERS.get(name)
      if (user !== undefined && password === 'secret') done(null, user)
      else done(null, false, { message: 'Wrong name or password' })
    }),
  )
  passport.serializeUser((user, done) => done(null, user.id))
  passport.deserializeUser((id, done) => done(null, USERS.get(id) ?? false))
  const login = passport.authenticate('local', {
    successRedirect: '/me',
    failureRedirect: '/me',
    failureMessage: true,
    ...loginOptions,
  })
  const meet = createMeeting(2)
  return openArranged(
    t,
    Application,
    (app, sessions) => {
      app.use(sessions)
      app.use(parseBody())
      app.use((ctx, next) => ('together' in ctx.query ? meet().then(next) : next()))
      app.use(passport.initialize())
      app.use(passport.session())
    },
    {
      '/login': (ctx, next) => login(ctx, next).then(() => undefined),
      '/logout': async (ctx) => {
        await (ctx as PassportContext).logout(ctx.query.keep ? { keepSessionInfo: true } : {})
        ctx.redirect('/me')
      },
      '/logout-late': async (ctx) => {
        await new Browser(`http://${ctx.host}`).get('/logout', { cookie: `${ctx.headers.cookie}` })
        await (ctx as PassportContext).logout()
        ctx.redirect('/me')
      },
      '/login-late': async (ctx, next) => {
        const headers = { cookie: `${ctx.headers.cookie}` }
        const body = new URLSearchParams(bodyOf(ctx))
        await new Browser(`http://${ctx.host}`).send('/login', { method: 'POST', headers, body })
        return login(ctx, next).then(() => undefined)
      },
      '/cart': (ctx) => {
        ctx.session.cart = ctx.query.item
        return 'in the cart'
      },
      '/private': (ctx) => {
        ctx.session.returnTo = '/private'
        ctx.redirect('/me')
      },
      '/me': (ctx) => ({
        user: ctx.state.user?.id,
        signedIn: (ctx as PassportContext).isAuthenticated(),
        data: { ...ctx.session },
      }),
    },
    options,
  )
}

/** What the page /me tells. */
export function dataOf(page: Page): {
  user?: string
  signedIn: boolean
  data: Record<string, unknown>
} {
  return JSON.parse(page.text)
}

type Login = Readonly<Record<'username' | 'password', string>>

/** What Ada gives to sign in. */
export const ada: Login = { username: 'ada', password: 'secret' }
/** What Bob gives. */
export const bob: Login = { username: 'bob', password: 'secret' }
