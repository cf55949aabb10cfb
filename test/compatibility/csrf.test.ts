import test, { type ExecutionContext } from 'ava'
import type Koa from 'koa'
import type { Middleware } from 'koa'
import { KOA_VERSIONS, loadNeighbour, openArranged, parseBody } from '../support/neighbours.ts'
import type { Website } from '../support/website.ts'

const createCsrf = loadNeighbour<() => Middleware>('koa-csrf')

/** Plays a bank: a form with a token, and a transfer that asks for it. `?end` ends the session before the check. */
function openBank(t: ExecutionContext, Application: typeof Koa): Promise<Website> {
  const transfers: string[] = []
  return openArranged(
    t,
    Application,
    (app, sessions) => {
      app.use(sessions)
      app.use(parseBody())
      app.use((ctx, next) => {
        if ('end' in ctx.query) ctx.session = null
        return next()
      })
      app.use(createCsrf())
    },
    {
      '/form': (ctx) => ctx.state._csrf,
      '/transfer': () => {
        transfers.push('done')
        return 'transferred'
      },
      '/transfers': () => transfers.length,
      '/login': (ctx) => {
        ctx.session.user = 'ada'
        return 'signed in'
      },
      '/start-over': async (ctx) => {
        await ctx.session.regenerate()
        ctx.session.user = 'ada'
        return 'signed in'
      },
    },
  )
}

for (const { name, Application } of KOA_VERSIONS) {
  test(`${name}: koa-csrf takes the token of this session and refuses none, a made-up and a foreign one`, async (t) => {
    const site = await openBank(t, Application)
    const browser = site.visit()
    const _csrf = (await browser.get('/form')).text
    const foreign = (await site.visit().get('/form')).text
    t.is((await browser.post('/transfer', { _csrf })).text, 'transferred')
    t.is((await browser.post('/transfer')).status, 403)
    t.is((await browser.post('/transfer', { _csrf: 'made-up' })).status, 403)
    t.is((await browser.post('/transfer', { _csrf: foreign })).status, 403)
    t.is((await site.visit().post('/transfer', { _csrf })).status, 403)
    t.is((await browser.get('/transfers')).text, '1')
  })

  test(`${name}: koa-csrf checks the request that ended its session before`, async (t) => {
    const site = await openBank(t, Application)
    const browser = site.visit()
    const _csrf = (await browser.get('/form')).text
    t.is((await browser.clone().post('/transfer?end')).status, 403)
    t.is((await browser.clone().post('/transfer?end', { _csrf })).status, 403)
    t.is((await site.visit().post('/transfer?end')).status, 403)
    t.is((await browser.get('/transfers')).text, '0')
  })

  test(`${name}: a visitor whom koa-csrf refuses gets a cookie, so that the next form works`, async (t) => {
    const site = await openBank(t, Application)
    const browser = site.visit()
    const refused = await browser.post('/transfer')
    t.is(refused.status, 403)
    t.is(refused.setCookies.length, 1)
    const form = await browser.get('/form')
    t.deepEqual(form.setCookies, [])
    t.is((await browser.post('/transfer', { _csrf: form.text })).text, 'transferred')
  })

  test(`${name}: the token outlives the change of id at sign-in`, async (t) => {
    const site = await openBank(t, Application)
    const browser = site.visit()
    const _csrf = (await browser.get('/form')).text
    const before = browser.clone()
    t.is((await browser.post('/login', { _csrf })).text, 'signed in')
    t.not(browser.cookies.get('sid'), before.cookies.get('sid'))
    t.is((await browser.post('/transfer', { _csrf })).text, 'transferred')
    t.is((await before.post('/transfer', { _csrf })).status, 403)
  })

  test(`${name}: after regenerate() without its data a new token is needed`, async (t) => {
    const site = await openBank(t, Application)
    const browser = site.visit()
    const _csrf = (await browser.get('/form')).text
    t.is((await browser.post('/start-over', { _csrf })).text, 'signed in')
    t.is((await browser.post('/transfer', { _csrf })).status, 403)
    const renewed = (await browser.get('/form')).text
    t.is((await browser.post('/transfer', { _csrf: renewed })).text, 'transferred')
  })
}
