import test, { type ExecutionContext } from 'ava'
import type { Context, Middleware } from 'koa'
import Koa from 'koa'
import { serve } from '../support/browser.ts'
import {
  bodyOf,
  KOA_VERSIONS,
  loadNeighbour,
  openArranged,
  parseBody,
} from '../support/neighbours.ts'
import { SlowStore } from '../support/slow-store.ts'
import type { Website } from '../support/website.ts'

const grant = loadNeighbour<{ koa: (config: object) => Middleware }>('grant')

/** Plays an OAuth 2 provider that gives a token for the code 'right', if the PKCE verifier comes with it. */
async function openProvider(t: ExecutionContext): Promise<string> {
  const app = new Koa()
  app.use(parseBody())
  app.use((ctx: Context) => {
    const { code, code_verifier: verifier } = bodyOf(ctx)
    ctx.body =
      code === 'right' && verifier ? { access_token: 'token of ada' } : { error: 'no such code' }
  })
  const { origin, close } = await serve(app)
  t.teardown(close)
  return origin
}

/** Plays a website that lets a provider sign its visitors in. */
async function openClient(t: ExecutionContext, Application: typeof Koa): Promise<Website> {
  const provider = await openProvider(t)
  const signIn = grant.koa({
    defaults: { transport: 'session', state: true, pkce: true },
    provider: {
      authorize_url: `${provider}/authorize`,
      access_url: `${provider}/token`,
      oauth: 2,
      key: 'client',
      secret: 'secret',
      callback: '/welcome',
      dynamic: ['origin'],
    },
  })
  return openArranged(
    t,
    Application,
    (app, sessions) => {
      app.use(sessions)
      app.use(parseBody())
      app.use((ctx, next) => {
        ctx.state.grant = { dynamic: { origin: `http://${ctx.host}` } }
        return next()
      })
      app.use(signIn)
    },
    {
      '/cart': (ctx) => {
        ctx.session.cart = 'book'
        return 'in the cart'
      },
      '/welcome': (ctx) => {
        const { response, ...rest } = ctx.session.grant
        ctx.session.user = response.access_token
        delete ctx.session.grant
        return { response, provider: rest.provider }
      },
      '/me': (ctx) => ({ ...ctx.session }),
    },
    { store: new SlowStore() },
  )
}

for (const { name, Application } of KOA_VERSIONS) {
  test(`${name}: grant finds in the callback what it stored before the redirect`, async (t) => {
    const site = await openClient(t, Application)
    const browser = site.visit()
    await browser.get('/cart')
    const before = browser.clone()

    const leaving = await browser.get('/connect/provider')
    t.is(leaving.status, 302)
    const target = new URL(`${leaving.headers.get('location')}`)
    t.is(target.searchParams.get('redirect_uri'), `${site.origin}/connect/provider/callback`)
    const state = `${target.searchParams.get('state')}`
    t.is(JSON.parse((await browser.get('/me')).text).grant.state, state)

    const back = await browser.get(`/connect/provider/callback?code=right&state=${state}`)
    t.is(back.headers.get('location'), '/welcome')
    const welcome = JSON.parse((await browser.get('/welcome')).text)
    t.is(welcome.response.access_token, 'token of ada')
    t.is(welcome.provider, 'provider')

    t.deepEqual(JSON.parse((await browser.get('/me')).text), { cart: 'book', user: 'token of ada' })
    t.is((await before.get('/me')).text, '{}')
    t.deepEqual(site.errors, [])
  })

  test(`${name}: grant refuses a callback with the state of another visitor`, async (t) => {
    const site = await openClient(t, Application)
    const [ada, mallory] = [site.visit(), site.visit()]
    await ada.get('/connect/provider')
    const leaving = await mallory.get('/connect/provider')
    const state = new URL(`${leaving.headers.get('location')}`).searchParams.get('state')
    await ada.get(`/connect/provider/callback?code=right&state=${state}`)
    const { grant: outcome } = JSON.parse((await ada.get('/me')).text)
    t.is(outcome.response.access_token, undefined)
    t.regex(JSON.stringify(outcome.response.error), /state/)
  })
}
