import type { ExecutionContext } from 'ava'
import type { Context } from 'koa'
import { PAGES } from './pages.ts'
import { openWebsite, type Website } from './website.ts'

/** Runs `look` on the session of a visitor who has one. */
export async function examine(
  t: ExecutionContext,
  look: (ctx: Context) => unknown,
  data: object = { views: 1 },
): Promise<Website> {
  const site = await openWebsite(t, {
    ...PAGES,
    '/begin': (ctx) => {
      ctx.session = data
      return 'fine'
    },
    '/look': async (ctx) => {
      await look(ctx)
      return 'fine'
    },
  })
  const browser = site.visit()
  await browser.get('/begin')
  const page = await browser.get('/look')
  t.is(page.text, 'fine', String(site.errors[0]))
  return site
}
