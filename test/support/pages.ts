import type { Context } from 'koa'
import type { Expiry } from '../../lib/expiry.ts'
import type { Browser } from './browser.ts'
import type { Pause } from './pause.ts'
import type { Handler } from './website.ts'

/** Pages most websites have. */
export const PAGES: Readonly<
  Record<'/count' | '/set' | '/show' | '/sign-in' | '/sign-out' | '/plain', Handler>
> = {
  '/count': (ctx) => {
    ctx.session.views = (ctx.session.views ?? 0) + 1
    return `${ctx.session.views}`
  },
  '/set': (ctx) => {
    Object.assign(ctx.session, ctx.query)
    return 'set'
  },
  '/show': (ctx) => ({ ...ctx.session }),
  '/sign-in': (ctx) => {
    ctx.session.user = ctx.query.user ?? 'ann'
    return 'signed in'
  },
  '/sign-out': async (ctx) => {
    await ctx.session.destroy()
    return 'signed out'
  },
  '/plain': () => 'no session here',
}

/** The data of a visitor's session, as `/show` shows it. */
export async function dataOf(browser: Browser): Promise<unknown> {
  return JSON.parse((await browser.get('/show')).text)
}

/** A page that loads the session, waits until it is let go, and then does `act`. */
export function slow(pause: Pause, act: (ctx: Context) => unknown): Handler {
  return async (ctx) => {
    const { session } = ctx
    session.views
    await pause.wait()
    await act(ctx)
    return 'fine'
  }
}

/** A page that sets the expiry, and one that shows it. */
export function expiryPages(expiry: Expiry | (() => Expiry)): Record<string, Handler> {
  const pages: Record<string, Handler> = {
    ...PAGES,
    '/expiry': ({ session }) => {
      session.setExpiry(typeof expiry === 'function' ? expiry() : expiry)
    },
    '/when': ({ session }) => ({
      left: session.expiresIn,
      at: session.expiresAt.getTime(),
      browser: session.expiresWithBrowser,
      maxAge: session.maxAge,
    }),
  }
  return pages
}
