import test from 'ava'
import { PAGES } from '../support/pages.ts'
import { ask } from '../support/telephone.ts'
import { openWebsite, type Website } from '../support/website.ts'

const PREFIXED = /^__Host-sid=[\w-]{64}; Path=\/; HttpOnly; Secure; SameSite=Lax$/

function cookieOf(line: string | undefined): string {
  return String(line).split(';')[0] ?? ''
}

/** A visitor whose session was lost in some way. */
async function loseSession(site: Website): Promise<{ cookie: string }> {
  const cookie = cookieOf((await ask(site.origin, '/count')).setCookies[0])
  return { cookie }
}

test('touching the session in any way varies the response by the cookie', async (t) => {
  const site = await openWebsite(t, {
    '/read': (ctx) => `${ctx.session.views}`,
    '/member': (ctx) => `${ctx.session.isNew}`,
    '/replace': (ctx) => {
      ctx.session = {}
      return 'fine'
    },
    '/end': (ctx) => {
      ctx.session = null
      return 'fine'
    },
    '/fail': (ctx) => {
      ctx.session.views = 1
      throw new Error('a mistake')
    },
    '/redirect': (ctx) => {
      if (ctx.session.user === undefined) ctx.redirect('/sign-in')
    },
    ...PAGES,
  })
  for (const path of ['/read', '/member', '/replace', '/end', '/fail', '/redirect', '/count']) {
    t.is((await site.visit().get(path)).headers.get('vary'), 'Cookie', path)
  }
  t.is((await site.visit().get('/plain')).headers.get('vary'), null)
})

test('Vary: Cookie joins what the application varies by, and is not said twice', async (t) => {
  const site = await openWebsite(t, {
    '/accept': (ctx) => {
      ctx.vary('Accept')
      return `${ctx.session.views}`
    },
    '/cookie': (ctx) => {
      ctx.vary('cookie')
      return `${ctx.session.views}`
    },
    '/all': (ctx) => {
      ctx.set('Vary', '*')
      return `${ctx.session.views}`
    },
  })
  t.is((await site.visit().get('/accept')).headers.get('vary'), 'Accept, Cookie')
  t.is((await site.visit().get('/cookie')).headers.get('vary'), 'cookie')
  t.is((await site.visit().get('/all')).headers.get('vary'), '*')
})

test('a response that gives a cookie must not be stored by anybody, whatever the application says', async (t) => {
  const site = await openWebsite(t, {
    '/': (ctx) => {
      ctx.set('Cache-Control', 'public, max-age=3600')
      ctx.session.views = 1
      return 'fine'
    },
  })
  const browser = site.visit()
  t.is((await browser.get('/')).headers.get('cache-control'), 'no-store')
  t.is((await browser.get('/')).headers.get('cache-control'), 'public, max-age=3600')
})

test('a clearing cookie must not be stored by anybody either', async (t) => {
  const site = await openWebsite(t, PAGES)
  const browser = site.visit()
  await browser.get('/count')
  const page = await browser.get('/sign-out')
  t.is(page.headers.get('cache-control'), 'no-store')
  t.is(page.headers.get('vary'), 'Cookie')
})

test('cookies the application sets are kept, whether before, after or with the head', async (t) => {
  const site = await openWebsite(t, {
    '/set': (ctx) => {
      ctx.cookies.set('before', '1')
      ctx.session.views = 1
      ctx.cookies.set('after', '2')
      return 'fine'
    },
    '/head': async (ctx) => {
      ctx.respond = false
      ctx.session.views = 1
      await ctx.session.save()
      ctx.res.writeHead(200, { 'Set-Cookie': ['a=1', 'b=2'], 'X-Mine': 'yes' })
      ctx.res.end('fine')
    },
    '/raw': async (ctx) => {
      ctx.respond = false
      ctx.session.views = 1
      await ctx.session.save()
      ctx.res.writeHead(200, 'Fine', ['Set-Cookie', 'a=1', 'Set-Cookie', 'b=2', 'X-Mine', 'yes'])
      ctx.res.end('fine')
    },
  })
  const names = async (path: string): Promise<string[]> =>
    (await site.visit().get(path)).setCookies.map((line) => line.split('=')[0] ?? '').sort()
  t.deepEqual(await names('/set'), ['after', 'before', 'sid'])
  t.deepEqual(await names('/head'), ['a', 'b', 'sid'])
  t.deepEqual(await names('/raw'), ['a', 'b', 'sid'])
})

test('with ctx.respond = false the cookie of a save() goes out with the head, and nothing twice', async (t) => {
  const site = await openWebsite(t, {
    '/': async (ctx) => {
      ctx.respond = false
      ctx.session.views = 1
      await ctx.session.save()
      ctx.res.statusCode = 201
      ctx.res.write('fi')
      ctx.res.end('ne')
    },
    ...PAGES,
  })
  const browser = site.visit()
  const page = await browser.get('/')
  t.is(page.status, 201)
  t.is(page.text, 'fine')
  t.is(page.setCookies.length, 1)
  t.is(page.headers.get('vary'), 'Cookie')
  t.is((await browser.get('/show')).text, '{"views":1}')
})

test('a cookie a browser would refuse is warned of once, with the cure', async (t) => {
  const site = await openWebsite(t, PAGES, {}, { isProduction: () => true })
  for (const host of ['example.org', 'example.org', 'shop.example.org']) {
    t.is((await ask(site.origin, '/count', { Host: host })).status, 200)
  }
  t.is(site.warnings.length, 1)
  t.regex(site.warnings[0] ?? '', /app\.proxy = true/)
  t.regex(site.warnings[0] ?? '', /cookie: \{ secure: false \}/)
})

test('behind a proxy that ends https there is nothing to warn of', async (t) => {
  const site = await openWebsite(t, PAGES, {}, { isProduction: () => true })
  site.app.proxy = true
  const headers = { Host: 'example.org', 'X-Forwarded-Proto': 'https' }
  t.regex((await ask(site.origin, '/count', headers)).setCookies[0] ?? '', PREFIXED)
  t.deepEqual(site.warnings, [])
})

test('the attributes asked for are sent, in the clearing cookie too', async (t) => {
  const site = await openWebsite(t, PAGES, {
    cookie: {
      name: 'my.session',
      path: '/',
      domain: 'example.org',
      sameSite: 'none',
      secure: true,
      partitioned: true,
      priority: 'high',
    },
  })
  const browser = site.visit()
  const [set] = (await browser.get('/count')).setCookies
  t.regex(
    set ?? '',
    /^__Secure-my\.session=[\w-]{64}; Path=\/; Domain=example\.org; HttpOnly; Secure; SameSite=None; Partitioned; Priority=High$/,
  )
  const [clear] = (await browser.get('/sign-out')).setCookies
  t.regex(clear ?? '', /^__Secure-my\.session=; Path=\/; Domain=example\.org; .*Max-Age=0/)
  for (const attribute of ['HttpOnly', 'Secure', 'SameSite=None', 'Partitioned', 'Priority=High']) {
    t.true(clear?.split('; ').includes(attribute), attribute)
  }
})

test('no second cookie is sent while nothing about it changed', async (t) => {
  const site = await openWebsite(t, PAGES)
  const browser = site.visit()
  t.is((await browser.get('/count')).setCookies.length, 1)
  for (let index = 0; index < 5; index += 1) {
    site.clock.advance(600_000)
    t.deepEqual((await browser.get('/count')).setCookies, [])
  }
})

test('one Set-Cookie at the most, the last, however often the session began anew', async (t) => {
  const site = await openWebsite(t, {
    '/': async (ctx) => {
      ctx.session.first = 1
      await ctx.session.save()
      await ctx.session.regenerate({ keep: true })
      await ctx.session.destroy()
      ctx.session.second = 2
      await ctx.session.save()
      await ctx.session.regenerate()
      ctx.session.third = 3
      return 'fine'
    },
    ...PAGES,
  })
  const browser = site.visit()
  await browser.get('/count')
  t.is((await browser.get('/')).setCookies.length, 1)
  t.is((await browser.get('/show')).text, '{"third":3}')
  t.is(await site.sessions.count(), 1)
})

test('no clearing cookie is sent because a session is missing, expired or forged', async (t) => {
  const site = await openWebsite(t, PAGES)
  const missing = await loseSession(site)
  await site.sessions.destroyAll()
  t.deepEqual((await ask(site.origin, '/show', { Cookie: missing.cookie })).setCookies, [])
  const expired = await loseSession(site)
  site.clock.advance(3 * 86_400_000)
  t.deepEqual((await ask(site.origin, '/show', { Cookie: expired.cookie })).setCookies, [])
  t.deepEqual((await ask(site.origin, '/show', { Cookie: 'sid=forged' })).setCookies, [])
})

test('ending a session that is missing clears the cookie: it was asked for', async (t) => {
  const site = await openWebsite(t, PAGES)
  const { cookie } = await loseSession(site)
  await site.sessions.destroyAll()
  const { setCookies } = await ask(site.origin, '/sign-out', { Cookie: cookie })
  t.regex(setCookies[0] ?? '', /^sid=; .*Max-Age=0/)
})

test('ending a session without having a cookie sends nothing', async (t) => {
  const site = await openWebsite(t, PAGES)
  const page = await site.visit().get('/sign-out')
  t.deepEqual(page.setCookies, [])
  t.is(page.headers.get('vary'), 'Cookie')
})
