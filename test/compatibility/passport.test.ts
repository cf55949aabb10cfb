import test from 'ava'
import { KOA_VERSIONS } from '../support/neighbours.ts'
import { ada, bob, dataOf, openShop, USERS } from '../support/shop.ts'
import { makeTemporaryDirectory } from '../support/temporary-directory.ts'

for (const { name, Application } of KOA_VERSIONS) {
  test(`${name}: signing in changes the id, and the old cookie is dead at once`, async (t) => {
    const site = await openShop(t, Application)
    const browser = site.visit()
    await browser.get('/cart?item=book')
    const before = browser.clone()
    const login = await browser.post('/login', ada)
    t.is(login.status, 302)
    t.is(login.headers.get('location'), '/me')
    t.is(login.setCookies.length, 1)
    t.is(login.headers.get('cache-control'), 'no-store')
    t.not(browser.cookies.get('sid'), before.cookies.get('sid'))
    t.is(dataOf(await browser.get('/me')).user, 'ada')
    t.deepEqual(dataOf(await before.get('/me')), { signedIn: false, data: {} })
    t.is(await site.sessions.count(), 1)
    t.deepEqual(site.errors, [])
  })

  test(`${name}: a first request that signs in gets a session`, async (t) => {
    const site = await openShop(t, Application)
    const browser = site.visit()
    t.is((await browser.post('/login', ada)).setCookies.length, 1)
    t.deepEqual(dataOf(await browser.get('/me')), {
      user: 'ada',
      signedIn: true,
      data: { passport: { user: 'ada' } },
    })
    t.is(await site.sessions.count(), 1)
  })

  test(`${name}: what was there before signing in is gone, unless keepSessionInfo is set`, async (t) => {
    const forgetful = (await openShop(t, Application)).visit()
    await forgetful.get('/cart?item=book')
    await forgetful.post('/login', ada)
    t.deepEqual(dataOf(await forgetful.get('/me')).data, { passport: { user: 'ada' } })

    const keeping = (await openShop(t, Application, { keepSessionInfo: true })).visit()
    await keeping.get('/cart?item=book')
    await keeping.post('/login', ada)
    t.deepEqual(dataOf(await keeping.get('/me')).data, {
      cart: 'book',
      passport: { user: 'ada' },
    })
  })

  test(`${name}: after logout the session is empty, its id is new, and the old cookie is dead`, async (t) => {
    const site = await openShop(t, Application)
    const browser = site.visit()
    await browser.post('/login', ada)
    const before = browser.clone()
    t.is((await browser.get('/logout')).status, 302)
    t.deepEqual(dataOf(await browser.get('/me')), { signedIn: false, data: {} })
    t.deepEqual(dataOf(await before.get('/me')), { signedIn: false, data: {} })
    t.is(await site.sessions.count(), 0)
  })

  test(`${name}: logout with keepSessionInfo keeps the cart and nothing of the user`, async (t) => {
    const site = await openShop(t, Application)
    const browser = site.visit()
    await browser.post('/login', ada)
    await browser.get('/cart?item=book')
    const before = browser.clone()
    await browser.get('/logout?keep=1')
    t.deepEqual(dataOf(await browser.get('/me')).data, { cart: 'book', passport: {} })
    t.deepEqual(dataOf(await before.get('/me')).data, {})
  })

  for (const keepSessionInfo of [false, true]) {
    test(`${name}: a second user sees nothing of the first one, keepSessionInfo ${keepSessionInfo}`, async (t) => {
      const browser = (await openShop(t, Application, { keepSessionInfo })).visit()
      await browser.post('/login', ada)
      await browser.get('/cart?item=diary-of-ada')
      await browser.get('/logout')
      await browser.post('/login', bob)
      t.deepEqual(dataOf(await browser.get('/me')), {
        user: 'bob',
        signedIn: true,
        data: { passport: { user: 'bob' } },
      })
    })
  }

  test(`${name}: a second user who signs in without a logout between gets an own empty session`, async (t) => {
    const site = await openShop(t, Application)
    const browser = site.visit()
    await browser.post('/login', ada)
    await browser.get('/cart?item=diary-of-ada')
    const adaElsewhere = browser.clone()
    await browser.post('/login', bob)
    t.deepEqual(dataOf(await browser.get('/me')).data, { passport: { user: 'bob' } })
    t.deepEqual(dataOf(await adaElsewhere.get('/me')), { signedIn: false, data: {} })
  })

  for (const keepSessionInfo of [false, true]) {
    test(`${name}: a double click on "sign in" signs in, keepSessionInfo ${keepSessionInfo}`, async (t) => {
      const site = await openShop(t, Application, { keepSessionInfo })
      const browser = site.visit()
      await browser.get('/cart?item=book')
      const answers = await Promise.all([
        browser.post('/login?together', ada),
        browser.post('/login?together', ada),
      ])
      t.deepEqual(
        answers.map(({ status, headers }) => [status, headers.get('location')]),
        [
          [302, '/me'],
          [302, '/me'],
        ],
      )
      t.deepEqual(dataOf(await browser.get('/me')), {
        user: 'ada',
        signedIn: true,
        data: { ...(keepSessionInfo && { cart: 'book' }), passport: { user: 'ada' } },
      })
      t.deepEqual(site.errors, [])
    })
  }

  test(`${name}: a double click on "sign out" signs out, and is no error`, async (t) => {
    const site = await openShop(t, Application)
    const browser = site.visit()
    await browser.post('/login', ada)
    const answers = await Promise.all([
      browser.get('/logout?together'),
      browser.get('/logout?together'),
    ])
    t.deepEqual(
      answers.map(({ status }) => status),
      [302, 302],
    )
    t.false(dataOf(await browser.get('/me')).signedIn)
    t.deepEqual(site.errors, [])
  })

  test(`${name}: a logout that is overtaken by another one is no error`, async (t) => {
    const site = await openShop(t, Application)
    const browser = site.visit()
    await browser.post('/login', ada)
    t.is((await browser.get('/logout-late')).status, 302)
    t.false(dataOf(await browser.get('/me')).signedIn)
    t.deepEqual(site.errors, [])
  })

  test(`${name}: a login that is overtaken by another one signs in`, async (t) => {
    const site = await openShop(t, Application)
    const browser = site.visit()
    await browser.get('/cart?item=book')
    t.is((await browser.post('/login-late', ada)).status, 302)
    t.is(dataOf(await browser.get('/me')).user, 'ada')
    t.deepEqual(site.errors, [])
  })

  test(`${name}: a request under way during the logout does not bring the user back`, async (t) => {
    const site = await openShop(t, Application)
    const browser = site.visit()
    await browser.post('/login', ada)
    const tab = browser.clone()
    await Promise.all([browser.get('/logout?together'), tab.get('/cart?item=book&together')])
    t.false(dataOf(await browser.get('/me')).signedIn)
    t.false(dataOf(await tab.get('/me')).signedIn)
  })

  test(`${name}: a wrong password leaves the failure message in the session and nobody signed in`, async (t) => {
    const browser = (await openShop(t, Application)).visit()
    await browser.get('/cart?item=book')
    const cookie = browser.cookies.get('sid')
    await browser.post('/login', { username: 'ada', password: 'guess' })
    await browser.post('/login', { username: 'ada', password: 'guess again' })
    t.deepEqual(dataOf(await browser.get('/me')), {
      signedIn: false,
      data: { cart: 'book', messages: ['Wrong name or password', 'Wrong name or password'] },
    })
    t.is(browser.cookies.get('sid'), cookie)
  })

  test(`${name}: returnTo leads back after signing in, once`, async (t) => {
    const browser = (
      await openShop(t, Application, { keepSessionInfo: true, successReturnToOrRedirect: '/me' })
    ).visit()
    await browser.get('/private')
    t.is((await browser.post('/login', ada)).headers.get('location'), '/private')
    t.deepEqual(dataOf(await browser.get('/me')).data, { passport: { user: 'ada' } })
    t.is((await browser.post('/login', ada)).headers.get('location'), '/me')
  })

  test(`${name}: Passport alone changes the id, without regenerateOn`, async (t) => {
    const browser = (await openShop(t, Application, {}, { regenerateOn: [] })).visit()
    await browser.get('/cart?item=book')
    const before = browser.clone()
    await browser.post('/login', ada)
    t.is(dataOf(await browser.get('/me')).user, 'ada')
    t.deepEqual(dataOf(await before.get('/me')), { signedIn: false, data: {} })
  })

  test(`${name}: a user who was deleted is signed out at the next request`, async (t) => {
    const browser = (await openShop(t, Application)).visit()
    USERS.set(name, { id: name })
    await browser.post('/login', { username: name, password: 'secret' })
    t.is(dataOf(await browser.get('/me')).user, name)
    USERS.delete(name)
    t.deepEqual(dataOf(await browser.get('/me')), { signedIn: false, data: { passport: {} } })
  })

  test(`${name}: it is the same on files: double login, a second user, logout`, async (t) => {
    const site = await openShop(t, Application, {}, { directory: makeTemporaryDirectory(t) })
    const browser = site.visit()
    await browser.get('/cart?item=diary-of-ada')
    await Promise.all([browser.post('/login?together', ada), browser.post('/login?together', ada)])
    t.deepEqual(dataOf(await browser.get('/me')).data, { passport: { user: 'ada' } })
    const adaElsewhere = browser.clone()
    await browser.post('/login-late', bob)
    t.deepEqual(dataOf(await browser.get('/me')).data, { passport: { user: 'bob' } })
    t.false(dataOf(await adaElsewhere.get('/me')).signedIn)
    await browser.get('/logout')
    t.deepEqual(dataOf(await browser.get('/me')), { signedIn: false, data: {} })
    t.deepEqual(site.errors, [])
  })
}
