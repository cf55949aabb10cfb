import test, { type ExecutionContext } from 'ava'
import { lockTimeout, StageStore, storeDown } from '../support/stores.ts'
import { openWebsite } from '../support/website.ts'

/** A site with one page, which stores something, and its store. */
async function openStage(t: ExecutionContext) {
  const store = new StageStore()
  const site = await openWebsite(
    t,
    {
      '/': (ctx) => {
        ctx.session.views = 1
        return 'fine'
      },
    },
    { store },
  )
  return { store, site }
}

test('one error thrown for two visitors gives neither the cookie of the other, and is left as it was', async (t) => {
  const mistake = Object.assign(new Error('the same for all'), { headers: { 'X-Mine': 'yes' } })
  const site = await openWebsite(t, {
    '/': async (ctx) => {
      ctx.session.name = ctx.query.name
      await ctx.session.save()
      throw mistake
    },
    '/quiet': () => {
      throw mistake
    },
    '/name': (ctx) => `${ctx.session.name}`,
  })
  const [ann, bob, eve] = [site.visit(), site.visit(), site.visit()]
  const [first, second] = await Promise.all([ann.get('/?name=ann'), bob.get('/?name=bob')])
  const third = await eve.get('/quiet')
  t.is(first.headers.get('x-mine'), 'yes')
  t.is(first.setCookies.length + second.setCookies.length, 2)
  t.not(first.setCookies[0], second.setCookies[0])
  t.deepEqual(third.setCookies, [])
  t.is((await ann.get('/name')).text, 'ann')
  t.is((await bob.get('/name')).text, 'bob')
  const koaAdds = 'status'
  t.deepEqual(Object.keys(mistake), ['headers', koaAdds])
  t.deepEqual(mistake.headers, { 'X-Mine': 'yes' })
})

test('an upstream error handler makes no difference: what was saved stands, its cookie is sent once', async (t) => {
  const site = await openWebsite(
    t,
    {
      '/': async (ctx) => {
        ctx.session.views = 1
        await ctx.session.save()
        ctx.session.views = 2
        throw new Error('a mistake')
      },
      '/views': (ctx) => `${ctx.session.views}`,
    },
    {},
    {
      upstream: async (ctx, next) => {
        try {
          await next()
        } catch {
          ctx.status = 500
          ctx.body = 'sorry'
        }
      },
    },
  )
  const browser = site.visit()
  const page = await browser.get('/')
  t.is(page.text, 'sorry')
  t.is(page.setCookies.length, 1)
  t.is((await browser.get('/views')).text, '1')
})

test('an upstream error handler gets the 4xx that was thrown, and the session is saved', async (t) => {
  const site = await openWebsite(
    t,
    {
      '/': (ctx) => {
        ctx.session.attempts = 1
        ctx.throw(422, 'not like this')
      },
      '/attempts': (ctx) => `${ctx.session.attempts}`,
    },
    {},
    {
      upstream: async (ctx, next) => {
        try {
          await next()
        } catch (error) {
          ctx.status = (error as { status: number }).status
          ctx.body = 'sorry'
        }
      },
    },
  )
  const browser = site.visit()
  const page = await browser.get('/')
  t.is(page.status, 422)
  t.is(page.setCookies.length, 1)
  t.is((await browser.get('/attempts')).text, '1')
})

test('a thrown frozen error reaches an upstream error handler as it is, and the cookie is sent', async (t) => {
  const mistake = Object.freeze(new Error('a mistake'))
  const caught: unknown[] = []
  const site = await openWebsite(
    t,
    {
      '/': async (ctx) => {
        ctx.session.views = 1
        await ctx.session.save()
        throw mistake
      },
    },
    {},
    {
      upstream: async (ctx, next) => {
        await next().catch((error: unknown) => caught.push(error))
        ctx.status = 500
      },
    },
  )
  const page = await site.visit().get('/')
  t.deepEqual(caught, [mistake])
  t.is(caught[0], mistake)
  t.is(page.setCookies.length, 1)
})

test('a session that cannot be stored becomes a 500 without a cookie, and the next request works', async (t) => {
  const store = new StageStore()
  const site = await openWebsite(
    t,
    {
      '/': (ctx) => {
        ctx.session.views = (ctx.session.views ?? 0) + 1
        return `${ctx.session.views}`
      },
    },
    { store },
  )
  const browser = site.visit()
  store.fail('update')
  const failed = await browser.get('/')
  t.is(failed.status, 500)
  t.is(failed.text, 'Internal Server Error')
  t.deepEqual(failed.setCookies, [])
  t.is((site.errors[0] as { code?: string }).code, 'ERR_SESSION_STORE')
  store.heal()
  t.is((await browser.get('/')).text, '1')
  store.fail('update')
  t.is((await browser.get('/')).status, 500)
  store.heal()
  t.is((await browser.get('/')).text, '2')
})

test('a store that fails with an error of its own becomes a 500 that keeps the cause', async (t) => {
  const { store, site } = await openStage(t)
  const disaster = new TypeError('a bug of the store')
  store.fail('update', disaster)
  const page = await site.visit().get('/')
  t.is(page.status, 500)
  t.deepEqual(page.setCookies, [])
  const [error] = site.errors as Error[]
  t.true(error === disaster || error?.cause === disaster)
})

test('a lock that cannot be had in time becomes a 503 with Retry-After, without a cookie', async (t) => {
  const { store, site } = await openStage(t)
  store.fail('update', lockTimeout())
  const page = await site.visit().get('/')
  t.is(page.status, 503)
  t.regex(page.headers.get('retry-after') ?? '', /^\d+$/)
  t.deepEqual(page.setCookies, [])
})

test('a destroy that the store refuses becomes a 500, and the cookie is not cleared', async (t) => {
  const store = new StageStore()
  const site = await openWebsite(
    t,
    {
      '/in': (ctx) => {
        ctx.session.user = 'ann'
        return 'fine'
      },
      '/out': (ctx) => {
        ctx.session = null
        return 'bye'
      },
      '/': (ctx) => `${ctx.session.user}`,
    },
    { store },
  )
  const browser = site.visit()
  await browser.get('/in')
  store.fail('update')
  const page = await browser.get('/out')
  t.is(page.status, 500)
  t.deepEqual(page.setCookies, [])
  store.heal()
  t.is((await browser.get('/')).text, 'ann')
})

test('when the handler and the commit both fail, the answer is the handler’s and ours is emitted', async (t) => {
  const store = new StageStore()
  const site = await openWebsite(
    t,
    {
      '/': (ctx) => {
        ctx.session.views = 1
        ctx.throw(418, 'a teapot')
      },
    },
    { store },
  )
  store.fail('update')
  const page = await site.visit().get('/')
  t.is(page.status, 418)
  t.is(page.text, 'a teapot')
  t.deepEqual(page.setCookies, [])
  const codes = site.errors.map((error) => (error as { code?: string }).code)
  t.true(codes.includes('ERR_SESSION_STORE'))
})

for (const code of ['EIO', 'EMFILE', 'EACCES']) {
  test(`a read that fails with ${code} is a 503, never an anonymous visitor`, async (t) => {
    const store = new StageStore()
    let handled = 0
    const site = await openWebsite(
      t,
      {
        '/': (ctx) => {
          handled += 1
          ctx.session.views = (ctx.session.views ?? 0) + 1
          return `${ctx.session.views}`
        },
      },
      { store },
    )
    const browser = site.visit()
    await browser.get('/')
    store.fail('read', Object.assign(new Error(code), { code }))
    const page = await browser.get('/')
    t.is(page.status, 503)
    t.regex(page.headers.get('retry-after') ?? '', /^\d+$/)
    t.deepEqual(page.setCookies, [])
    t.is(handled, 1)
    t.is((await site.visit().get('/')).text, '1')
    store.heal()
    t.is((await browser.get('/')).text, '2')
  })
}

test('a read that fails with the store’s own error is a 503 too', async (t) => {
  const { store, site } = await openStage(t)
  const browser = site.visit()
  await browser.get('/')
  store.fail('read', storeDown())
  t.is((await browser.get('/')).status, 503)
})

test('a SessionError nobody catches tells the visitor nothing', async (t) => {
  const site = await openWebsite(t, {
    '/': (ctx) => {
      ctx.session.secretThing = () => undefined
      return 'fine'
    },
  })
  const page = await site.visit().get('/')
  t.is(page.status, 500)
  t.is(page.text, 'Internal Server Error')
})
