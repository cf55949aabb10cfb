import type { ExecutionContext } from 'ava'
import type { Context } from 'koa'
import type { Browser, Page } from './browser.ts'
import { StageStore } from './stores.ts'
import { type Handler, openWebsite, type Website } from './website.ts'

/** How a request ends. */
export type End = (ctx: Context) => unknown

/** Ends with a status below 500. */
export const BELOW_500: Readonly<Record<string, End>> = {
  'a 200': () => 'fine',
  'an empty 204': (ctx) => {
    ctx.status = 204
  },
  'a redirect': (ctx) => {
    ctx.redirect('/elsewhere')
  },
  'a 404': (ctx) => {
    ctx.status = 404
  },
  'a thrown 403': (ctx) => ctx.throw(403),
}

/** Ends with a status of 500 or more. */
export const FROM_500: Readonly<Record<string, End>> = {
  'a 500': (ctx) => {
    ctx.status = 500
  },
  'a 503': (ctx) => {
    ctx.status = 503
    ctx.body = 'later'
  },
  'a thrown error': () => {
    throw new Error('a mistake')
  },
  'a thrown 502': (ctx) => ctx.throw(502),
  'a thrown ENOENT': () => {
    throw Object.assign(new Error('no such file'), { code: 'ENOENT' })
  },
  'a thrown string': () => {
    throw 'a mistake'
  },
}

/** Stands for "the headers are already sent". */
export const STREAM: End = () => undefined

/** Sends the headers before `act`, and the rest after it. */
function streaming(act: Handler): Handler {
  return async (ctx, next) => {
    ctx.respond = false
    ctx.res.writeHead(200, { 'Content-Type': 'text/plain' })
    ctx.res.write('begun ')
    await act(ctx, next)
    ctx.res.end('done')
  }
}

/** What came of a visit. */
export interface Story {
  readonly site: Website
  readonly store: StageStore
  readonly browser: Browser
  readonly page: Page
}

/** One visitor whose session has `before` does `act`, and the request ends with `end`. */
export async function tell(
  t: ExecutionContext,
  {
    before,
    act,
    end,
  }: { before?: object; act: (ctx: Context, site: Website) => unknown; end: End },
): Promise<Story> {
  const store = new StageStore()
  const site: Website = await openWebsite(
    t,
    {
      '/before': (ctx) => {
        ctx.session = { ...before }
        return 'fine'
      },
      '/act': async (ctx) => {
        await act(ctx, site)
        return end(ctx)
      },
      '/stream': streaming((ctx) => act(ctx, site)),
      '/show': (ctx) => ({ ...ctx.session }),
    },
    { store },
  )
  const browser = site.visit()
  if (before !== undefined) await browser.get('/before')
  store.forget()
  const page = await browser.get(end === STREAM ? '/stream' : '/act')
  return { site, store, browser, page }
}
