import test from 'ava'
import { dataOf, PAGES } from '../support/pages.ts'
import { StageStore } from '../support/stores.ts'
import { codesOf, openWebsite } from '../support/website.ts'

test('= null, then data: the old session is removed, a new one begins, with one cookie', async (t) => {
  for (const how of ['null', 'destroy'] as const) {
    const site = await openWebsite(t, {
      ...PAGES,
      '/': async (ctx) => {
        if (how === 'null') ctx.session = null
        else await ctx.session.destroy()
        t.deepEqual({ ...ctx.session }, {})
        t.true(ctx.session.isNew)
        ctx.session.fresh = true
        return 'fine'
      },
    })
    const browser = site.visit()
    await browser.get('/sign-in')
    const stolen = browser.clone()
    const page = await browser.get('/')
    t.is(page.setCookies.length, 1)
    t.notRegex(page.setCookies[0] ?? '', /Max-Age=0/)
    t.deepEqual(await dataOf(browser), { fresh: true })
    t.deepEqual(await dataOf(stolen), {})
    t.is(await site.sessions.count(), 1)
  }
})

test('= null, then data, then a 500: the old session is removed, the cookie cleared, nothing new', async (t) => {
  const site = await openWebsite(t, {
    ...PAGES,
    '/': (ctx) => {
      ctx.session = null
      ctx.session.fresh = true
      throw new Error('a mistake')
    },
  })
  const browser = site.visit()
  await browser.get('/sign-in')
  const page = await browser.get('/')
  t.is(page.status, 500)
  t.is(page.setCookies.length, 1)
  t.regex(page.setCookies[0] ?? '', /Max-Age=0/)
  t.is(await site.sessions.count(), 0)
})

test('= null, then save(): the old session is gone before, the new one is stored', async (t) => {
  const site = await openWebsite(t, {
    ...PAGES,
    '/': async (ctx) => {
      ctx.session = null
      ctx.session.fresh = 1
      await ctx.session.save()
      t.is(await site.sessions.count(), 1)
      ctx.session = null
      ctx.session.fresh = 2
      await ctx.session.update((data) => {
        data.fresh += 1
      })
      return 'fine'
    },
  })
  const browser = site.visit()
  await browser.get('/sign-in')
  t.is((await browser.get('/')).setCookies.length, 1)
  t.deepEqual(await dataOf(browser), { fresh: 3 })
  t.is(await site.sessions.count(), 1)
})

for (const how of ['save', 'update', 'regenerate', 'regenerate and keep'] as const) {
  test(`after the headers are sent ${how} of a session without a cookie rejects and changes nothing`, async (t) => {
    const store = new StageStore()
    const site = await openWebsite(
      t,
      {
        '/': async (ctx) => {
          ctx.respond = false
          ctx.res.writeHead(200)
          ctx.res.write('begun ')
          ctx.session.views = 1
          const act = {
            save: () => ctx.session.save(),
            update: () =>
              ctx.session.update((data) => {
                data.sum = 1
              }),
            regenerate: () => ctx.session.regenerate(),
            'regenerate and keep': () => ctx.session.regenerate({ keep: true }),
          }[how]
          await t.throwsAsync<Error>(act, {
            code: 'ERR_SESSION_HEADERS_SENT',
            message: /before the first byte/,
          })
          t.deepEqual({ ...ctx.session }, { views: 1 })
          ctx.res.end('done')
        },
      },
      { store },
    )
    t.is((await site.visit().get('/')).text, 'begun done')
    t.deepEqual(store.writes, [])
  })
}

for (const keep of [true, false]) {
  test(`after the headers are sent regenerate({ keep: ${keep} }) leaves a stored session as it is`, async (t) => {
    const site = await openWebsite(t, {
      ...PAGES,
      '/': async (ctx) => {
        ctx.respond = false
        ctx.res.writeHead(200)
        ctx.res.write('begun ')
        await t.throwsAsync(ctx.session.regenerate({ keep }), { code: 'ERR_SESSION_HEADERS_SENT' })
        ctx.res.end('done')
      },
    })
    const browser = site.visit()
    await browser.get('/count')
    await browser.get('/')
    t.deepEqual(await dataOf(browser), { views: 1 })
  })
}

for (const end of ['fine', 'a mistake']) {
  test(`what was saved, then regenerated, then left empty sends no cookie of what is dead: ${end}`, async (t) => {
    const site = await openWebsite(t, {
      ...PAGES,
      '/': async (ctx) => {
        ctx.session.views = 1
        await ctx.session.save()
        await ctx.session.regenerate()
        if (end !== 'fine') throw new Error(end)
        return end
      },
    })
    t.deepEqual((await site.visit().get('/')).setCookies, [])
    t.is(await site.sessions.count(), 0)
  })
}

// Fails: regenerate() takes back whatever cookie was due, a clearing one too.
test('what was ended, then regenerated, then left empty still clears the cookie', async (t) => {
  const site = await openWebsite(t, {
    ...PAGES,
    '/': async (ctx) => {
      await ctx.session.destroy()
      await ctx.session.regenerate()
      return 'fine'
    },
  })
  const browser = site.visit()
  await browser.get('/sign-in')
  const { setCookies } = await browser.get('/')
  t.is(setCookies.length, 1)
  t.regex(setCookies[0] ?? '', /Max-Age=0/)
  t.is(await site.sessions.count(), 0)
})

test('an update() that is under way when the session is ended does not begin another one', async (t) => {
  const site = await openWebsite(t, {
    ...PAGES,
    '/end': (ctx) => {
      void ctx.session.update((data) => {
        data.hits = 1
      })
      ctx.session = null
      return 'ended'
    },
  })
  const browser = site.visit()
  await browser.get('/count')
  const page = await browser.get('/end')
  t.is(page.text, 'ended')
  t.is(await site.sessions.count(), 0)
  t.is(browser.cookies.size, 0)
})

test('an update() that signs in after the headers were sent is told of', async (t) => {
  const site = await openWebsite(t, {
    ...PAGES,
    '/stream': async (ctx) => {
      ctx.respond = false
      ctx.res.flushHeaders()
      await ctx.session.update((data) => {
        data.user = 'ann'
      })
      ctx.res.end('done')
    },
  })
  const browser = site.visit()
  await browser.get('/count')
  await browser.get('/stream')
  t.deepEqual(codesOf(site), ['ERR_SESSION_HEADERS_SENT'])
})
