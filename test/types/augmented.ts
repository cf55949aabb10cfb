import Router from '@koa/router'
import Koa from 'koa'
import { session } from 'koa-sealed-session'

declare module 'koa-sealed-session' {
  interface SessionData {
    views: number
    user: { id: string }
  }
}

type Equals<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
function promise<_Holds extends true>(): void {}

const app = new Koa()
app.use(session())

// A known key may be missing, since a session begins empty; an unknown one is an error.
app.use(async (ctx) => {
  promise<Equals<typeof ctx.session.views, number | undefined>>()
  ctx.session.views = (ctx.session.views ?? 0) + 1
  ctx.session.user = { id: 'ada' }
  delete ctx.session.user
  // @ts-expect-error misspelt
  ctx.session.veiws = 1
  // @ts-expect-error of another type
  ctx.session.views = 'many'
  // @ts-expect-error may be missing
  ctx.session.user.id

  await ctx.session.update((data) => {
    data.views = (data.views ?? 0) + 1
    // @ts-expect-error misspelt
    data.veiws = 1
  })
  await ctx.session.save()

  ctx.session = { views: 1 }
  ctx.session = null
  // @ts-expect-error misspelt
  ctx.session = { veiws: 1 }
  promise<Equals<typeof ctx.session.views, number | undefined>>()
})

const router = new Router()
router.get('/', (ctx) => {
  promise<Equals<typeof ctx.session.views, number | undefined>>()
  // @ts-expect-error misspelt
  ctx.session.veiws = 1
})
app.use(router.routes())
