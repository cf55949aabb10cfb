import test from 'ava'
import { dataOf, expiryPages, PAGES } from '../support/pages.ts'
import { StageStore } from '../support/stores.ts'
import { openWebsite } from '../support/website.ts'

const MINUTE = 60_000
const DAY = 86_400_000

test('setExpiry() of what already is sends no cookie and writes nothing', async (t) => {
  const store = new StageStore()
  const site = await openWebsite(t, expiryPages('2h'), { store })
  const browser = site.visit()
  await browser.get('/count')
  await browser.get('/expiry')
  store.forget()
  t.deepEqual((await browser.get('/expiry')).setCookies, [])
  t.deepEqual(store.writes, [])
})

test('setExpiry() of a session without data stores nothing', async (t) => {
  const site = await openWebsite(t, expiryPages('2h'))
  t.deepEqual((await site.visit().get('/expiry')).setCookies, [])
  t.is(await site.sessions.count(), 0)
})

test('setExpiry() of a new session is in its first cookie', async (t) => {
  const site = await openWebsite(t, {
    ...PAGES,
    '/': ({ session }) => {
      session.views = 1
      session.setExpiry('30d')
    },
  })
  const page = await site.visit().get('/')
  t.is(page.setCookies.length, 1)
  t.regex(page.setCookies[0] ?? '', /; Max-Age=2592000;/)
})

test('a change of data leaves what setExpiry() set', async (t) => {
  const site = await openWebsite(t, expiryPages('30d'))
  const browser = site.visit()
  await browser.get('/count')
  await browser.get('/expiry')
  site.clock.advance(20 * DAY)
  t.deepEqual((await browser.get('/count')).setCookies, [])
  const shown = JSON.parse((await browser.get('/when')).text)
  t.deepEqual([shown.left, shown.browser], [10 * DAY, false])
})

for (const seconds of [1, 300, 999]) {
  test(`setExpiry(${seconds}) asks whether seconds were meant`, async (t) => {
    const site = await openWebsite(t, {
      '/': ({ session }) => {
        t.throws(() => session.setExpiry(seconds), {
          code: 'ERR_SESSION_OPTION',
          message: new RegExp(`did you mean '${seconds}s'\\?`),
        })
        return 'fine'
      },
    })
    t.is((await site.visit().get('/')).text, 'fine')
  })
}

test('setExpiry() of anything else is refused, and changes nothing', async (t) => {
  const wrong = [
    -1,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    'soon',
    '',
    '-1d',
    '5',
    true,
    undefined,
    {},
    [],
    new Date(Number.NaN),
  ]
  const site = await openWebsite(t, {
    ...PAGES,
    '/': ({ session }) => {
      for (const value of wrong) {
        t.throws(() => session.setExpiry(value as never), { code: 'ERR_SESSION_OPTION' })
        t.throws(() => Object.assign(session, { maxAge: value }), { code: 'ERR_SESSION_OPTION' })
      }
      return `${session.expiresIn} ${session.expiresWithBrowser}`
    },
  })
  const browser = site.visit()
  await browser.get('/count')
  const page = await browser.get('/')
  t.is(page.text, `${DAY} true`)
  t.deepEqual(page.setCookies, [])
})

test('maxAge is koa-session’s name: read and set in milliseconds, or "session"', async (t) => {
  const site = await openWebsite(t, {
    ...PAGES,
    '/get': ({ session }) => `${session.maxAge}`,
    '/long': ({ session }) => {
      session.maxAge = 30 * DAY
    },
    '/session': ({ session }) => {
      session.maxAge = 'session'
    },
  })
  const browser = site.visit()
  await browser.get('/count')
  t.is((await browser.get('/get')).text, `${DAY}`)
  t.regex((await browser.get('/long')).setCookies[0] ?? '', /; Max-Age=2592000;/)
  t.is((await browser.get('/get')).text, `${30 * DAY}`)
  t.notRegex((await browser.get('/session')).setCookies[0] ?? 'Max-Age', /Max-Age/)
  t.is((await browser.get('/get')).text, `${DAY}`)
  t.deepEqual(await dataOf(browser), { views: 1 })
})

test('a persistent cookie lasts to the absolute deadline, and is not sent again by a touch', async (t) => {
  const site = await openWebsite(t, PAGES, { cookie: { persistent: true }, absolute: '7d' })
  const browser = site.visit()
  t.regex((await browser.get('/count')).setCookies[0] ?? '', /; Max-Age=604800;/)
  site.clock.advance(10 * MINUTE)
  t.deepEqual((await browser.get('/count')).setCookies, [])
})

test('a session that outlived the default by setExpiry() goes on when it is set back', async (t) => {
  for (const back of ['browser', null] as const) {
    const site = await openWebsite(t, {
      ...PAGES,
      '/remember': ({ session }) => {
        session.views = 1
        session.setExpiry('30d')
      },
      '/back': ({ session }) => {
        session.setExpiry(back)
        return session.expiresIn
      },
    })
    const browser = site.visit()
    await browser.get('/remember')
    site.clock.advance(20 * DAY)
    t.is((await browser.get('/back')).text, `${DAY}`)
    t.deepEqual(await dataOf(browser), { views: 1 })
    site.clock.advance(1.1 * DAY)
    t.deepEqual(await dataOf(browser), {}, 'and ends by the idle time from then on')
  }
})

test('what a session has left is counted from its last request, however long it is held', async (t) => {
  const held: { session?: { readonly expiresIn: number } } = {}
  const site = await openWebsite(t, {
    ...PAGES,
    '/hold': ({ session }) => {
      held.session = session
      return session.expiresIn
    },
  })
  const browser = site.visit()
  await browser.get('/count')
  t.is((await browser.get('/hold')).text, `${DAY}`)
  site.clock.advance(DAY / 4)
  t.is(held.session?.expiresIn, (3 / 4) * DAY)
  site.clock.advance(DAY)
  t.is(held.session?.expiresIn, 0)
})
