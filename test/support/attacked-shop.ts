import type { Context } from 'koa'
import { Pause } from './pause.ts'
import type { Handler } from './website.ts'

/** A page that waits in the middle of its request until somebody opens the gate. */
export interface Gate {
  readonly page: (before: Handler, after: Handler) => Handler
  /** Resolves once a request stands at the gate. */
  readonly reached: Promise<void>
  readonly open: () => void
}

/** A gate for one slow request. */
export function createGate(): Gate {
  const pause = new Pause()
  const page =
    (before: Handler, after: Handler): Handler =>
    async (ctx, next) => {
      await before(ctx, next)
      await pause.wait()
      return after(ctx, next)
    }
  return { page, reached: pause.arrived, open: pause.letGo }
}

/** The pages of a shop with sign-in: what an ordinary application does with its sessions. */
export const shop: Readonly<Record<string, Handler>> = {
  '/': (ctx) => `hello ${ctx.session.user ?? 'stranger'}`,
  '/login': (ctx) => {
    ctx.session.user = nameIn(ctx)
    return 'welcome'
  },
  '/put': (ctx) => {
    ctx.session.cart = nameIn(ctx)
    return 'kept'
  },
  '/show': (ctx) => ({ ...ctx.session }),
  '/logout': (ctx) => {
    ctx.session = null
    return 'bye'
  },
}

function nameIn(ctx: Context): string {
  return String(ctx.query.name ?? 'ann')
}
