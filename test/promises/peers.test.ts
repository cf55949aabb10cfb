import { createRequire } from 'node:module'
import test from 'ava'
import type Koa from 'koa'
import { Browser, serve } from '../support/browser.ts'
import { dataOf, PAGES } from '../support/pages.ts'
import { StageStore } from '../support/stores.ts'
import { eventsOf, openWebsite } from '../support/website.ts'

// After the tests of other session libraries for Node and the needs of Koa's ecosystem, those that say
// more than the other files here.

const require = createRequire(import.meta.url)

test('koa-session: data with semicolons, commas, quotes, line breaks and emoji is kept as it is', async (t) => {
  const text = 'a;b,c="d" \r\n\t\u2028\0 \u{1f511} \ud800 __proto__ %00'
  const site = await openWebsite(t, {
    ...PAGES,
    '/': (ctx) => {
      ctx.session = { [text]: text }
      return 'fine'
    },
  })
  const browser = site.visit()
  await browser.get('/')
  t.deepEqual(await dataOf(browser), { [text]: text })
})

test('koa-session: ctx.session can be replaced by a test’s own', async (t) => {
  const site = await openWebsite(t, { '/': (ctx) => `${ctx.session.user}` })
  Object.defineProperty(site.app.context, 'session', { value: { user: 'ann' } })
  t.is((await site.visit().get('/')).text, 'ann')
})

test('koa-session: several maxAge changes in a row end in one cookie, the last', async (t) => {
  const site = await openWebsite(t, {
    '/': ({ session }) => {
      session.views = 1
      session.maxAge = 60_000
      session.maxAge = 'session'
      session.maxAge = 30 * 86_400_000
    },
  })
  const { setCookies } = await site.visit().get('/')
  t.is(setCookies.length, 1)
  t.regex(setCookies[0] ?? '', /Max-Age=2592000/)
})

test('express-session: a body written in pieces, an empty one and a sized one are all sent after the save', async (t) => {
  const site = await openWebsite(t, {
    ...PAGES,
    '/pieces': async (ctx) => {
      ctx.respond = false
      ctx.session.views = 1
      await ctx.session.save()
      for (const piece of ['a', 'b', 'c']) ctx.res.write(piece)
      ctx.res.end()
    },
    '/sized': (ctx) => {
      ctx.session.views = 1
      ctx.length = 4
      ctx.body = Buffer.from('fine')
    },
    '/empty': (ctx) => {
      ctx.session.views = 1
      ctx.body = ''
    },
  })
  for (const path of ['/pieces', '/sized', '/empty']) {
    const browser = site.visit()
    t.is((await browser.get(path)).setCookies.length, 1, path)
    t.deepEqual(await dataOf(browser), { views: 1 }, path)
  }
})

test('generic-session: a store that is down harms nobody who has no session', async (t) => {
  const store = new StageStore()
  const site = await openWebsite(t, PAGES, { store })
  store.fail('read')
  store.fail('update')
  t.is((await site.visit().get('/plain')).status, 200)
  t.is((await site.visit().get('/show')).text, '{}')
})

test('rack: junk in the place of a record is no session, and is not written over', async (t) => {
  const store = new StageStore()
  const site = await openWebsite(t, PAGES, { store })
  const browser = site.visit()
  await browser.get('/count')
  const [name, entry] = await store.sole()
  const junk = { ...entry, bytes: Buffer.from('junk') }
  await store.plant(name, junk)
  t.is((await browser.get('/count')).text, '1')
  t.deepEqual((await store.contents()).get(name)?.bytes, new Uint8Array(junk.bytes))
  t.deepEqual(eventsOf(site), ['create', 'corrupt', 'create'])
})

test('two sessions on one request, under two cookie names, know nothing of each other', async (t) => {
  const outer = await openWebsite(t, PAGES, { cookie: { name: 'outer' } })
  const site = await openWebsite(
    t,
    PAGES,
    { cookie: { name: 'inner' } },
    { upstream: (ctx, next) => outer.sessions(ctx, next as () => Promise<void>) },
  )
  const browser = site.visit()
  await browser.get('/count')
  t.deepEqual([...browser.cookies.keys()], ['inner'])
  t.is((await browser.get('/count')).text, '2')
})

test('Koa 2: the same promises', async (t) => {
  const Koa2 = require('koa2') as typeof Koa
  const site = await openWebsite(
    t,
    {
      ...PAGES,
      '/saved': async ({ session }) => {
        session.saved = true
        await session.save()
        session.dropped = true
        throw new Error('a mistake')
      },
    },
    {},
    { Application: Koa2 },
  )
  const browser = site.visit()
  const failed = await browser.get('/saved')
  t.is(failed.status, 500)
  t.is(failed.setCookies.length, 1)
  t.is(failed.headers.get('vary'), 'Cookie')
  t.is((await browser.get('/count')).text, '1')
  t.is((await browser.get('/sign-in')).setCookies.length, 1)
  t.deepEqual(await dataOf(browser), { saved: true, views: 1, user: 'ann' })
  t.regex((await browser.get('/sign-out')).setCookies[0] ?? '', /Max-Age=0/)
  t.is(await site.sessions.count(), 0)
})

test('koa-passport: signing in changes the id once and keeps nobody else’s data, signing out ends it', async (t) => {
  const { KoaPassport } = require('koa-passport')
  const { Strategy } = require('passport-local')
  const passport = new KoaPassport()
  passport.use(
    new Strategy((name: string, password: string, done: (error: unknown, user: unknown) => void) =>
      done(null, password === 'right' ? { name } : false),
    ),
  )
  passport.serializeUser((user: { name: string }, done: (error: unknown, id: string) => void) =>
    done(null, user.name),
  )
  passport.deserializeUser((name: string, done: (error: unknown, user: unknown) => void) =>
    done(null, { name }),
  )
  const initialize = passport.initialize()
  const restore = passport.session()
  const site = await openWebsite(t, {})
  site.app.use(initialize)
  site.app.use(restore)
  site.app.use(async (ctx, next) => {
    if (ctx.path === '/login') {
      Object.assign(ctx.request, { body: ctx.query })
      return passport.authenticate('local', { successRedirect: '/', failureRedirect: '/no' })(
        ctx,
        next,
      )
    }
    if (ctx.path === '/logout') await ctx.logout()
    if (ctx.path === '/cart') ctx.session.cart = 'full'
    ctx.body = JSON.stringify([ctx.state.user?.name, { ...ctx.session }])
  })
  const served = await serve(site.app)
  t.teardown(() => served.close())
  const browser = new Browser(served.origin)
  await browser.get('/cart')
  const planted = browser.clone()
  t.is((await browser.get('/login?username=ann&password=wrong')).headers.get('location'), '/no')
  const login = await browser.get('/login?username=ann&password=right')
  t.is(login.headers.get('location'), '/')
  t.is(login.setCookies.length, 1)
  t.is((await browser.get('/')).text, '["ann",{"passport":{"user":"ann"}}]')
  t.is((await planted.get('/')).text, '[null,{}]')
  const signedIn = browser.clone()
  t.is((await browser.get('/logout')).status, 200)
  t.is(JSON.parse((await browser.get('/')).text)[0], null)
  t.is((await signedIn.get('/')).text, '[null,{}]')
})
