import test from 'ava'
import { dataOf, PAGES } from '../support/pages.ts'
import { Pause } from '../support/pause.ts'
import { StageStore } from '../support/stores.ts'
import { eventsOf, openWebsite } from '../support/website.ts'

// After the tests of Django's sessions (tests/sessions_tests/tests.py), those that say more than the other
// files here: named in each by what they hold.

const GUESSED = Buffer.alloc(48, 7).toString('base64url')

test('test_new_session, test_get_empty, test_has_key, test_keys, test_values: reading stores nothing', async (t) => {
  const store = new StageStore()
  const site = await openWebsite(
    t,
    {
      '/': ({ session }) => {
        t.is(session.missing, undefined)
        t.false('missing' in session)
        t.deepEqual(Object.keys(session), [])
        t.deepEqual(Object.values(session), [])
        t.deepEqual(Object.entries(session), [])
        return 'fine'
      },
    },
    { store },
  )
  const page = await site.visit().get('/')
  t.is(page.text, 'fine')
  t.is(page.headers.get('vary'), 'Cookie')
  t.deepEqual(store.calls, [])
})

test('test_cycle_with_no_session_cache: a change of id that never looked at the data keeps it', async (t) => {
  const site = await openWebsite(t, {
    ...PAGES,
    '/keep': ({ session }) => session.regenerate({ keep: true }),
  })
  const browser = site.visit()
  await browser.get('/set?a=1&b=2')
  await browser.get('/keep')
  t.deepEqual(await dataOf(browser), { a: '1', b: '2' })
})

test('test_flush: old data and old id are gone, the object is usable', async (t) => {
  const site = await openWebsite(t, {
    ...PAGES,
    '/flush': async (ctx) => {
      const { ref } = ctx.session
      await ctx.session.destroy()
      t.not(ctx.session.ref, ref)
      t.true(ctx.session.isNew)
      return 'fine'
    },
  })
  const browser = site.visit()
  await browser.get('/set?a=1')
  t.is((await browser.get('/flush')).text, 'fine')
  t.is(await site.sessions.count(), 0)
})

test('test_invalid_key, test_session_load_does_not_create_record: a guessed id is never taken over', async (t) => {
  const store = new StageStore()
  const site = await openWebsite(t, PAGES, { store })
  const attacker = site.visit()
  attacker.cookies.set('sid', GUESSED)
  await attacker.get('/show')
  t.is((await store.contents()).size, 0)
  const page = await attacker.get('/count')
  t.is(page.setCookies.length, 1)
  t.not(attacker.cookies.get('sid'), GUESSED)
  t.deepEqual(await dataOf(attacker), { views: 1 })
})

test('CVE-2015-5143: the valid cookie of an ended session is not taken over either', async (t) => {
  const store = new StageStore()
  const site = await openWebsite(t, PAGES, { store })
  const browser = site.visit()
  await browser.get('/count')
  const planted = browser.clone()
  await browser.get('/sign-out')
  await planted.get('/show')
  t.is((await store.contents()).size, 0)
  const before = planted.cookies.get('sid')
  await planted.get('/count')
  t.not(planted.cookies.get('sid'), before)
})

test('test_get_expire_at_browser_close, under both settings', async (t) => {
  for (const persistent of [true, false]) {
    const site = await openWebsite(
      t,
      {
        '/': ({ session }) => {
          t.is(session.expiresWithBrowser, !persistent)
          session.setExpiry('10s')
          t.false(session.expiresWithBrowser)
          session.setExpiry(0)
          t.true(session.expiresWithBrowser)
          session.setExpiry(null)
          t.is(session.expiresWithBrowser, !persistent)
          return 'fine'
        },
      },
      { cookie: { persistent } },
    )
    t.is((await site.visit().get('/')).text, 'fine')
  }
})

test('test_actual_expiry: a session of 10 seconds is over after them, whatever the defaults', async (t) => {
  const site = await openWebsite(t, {
    ...PAGES,
    '/brief': ({ session }) => {
      session.foo = 'bar'
      session.setExpiry('10s')
      return 'fine'
    },
  })
  const browser = site.visit()
  await browser.get('/brief')
  site.clock.advance(9_999)
  t.deepEqual(await dataOf(browser), { foo: 'bar' })
  site.clock.advance(10_500)
  t.deepEqual(await dataOf(browser), {})
})

test('test_session_save_does_not_resurrect_session_logged_out_in_other_context', async (t) => {
  const pause = new Pause()
  const site = await openWebsite(t, {
    ...PAGES,
    '/slow': async ({ session }) => {
      session.views = 2
      await pause.wait()
      await t.throwsAsync(session.save(), { code: 'ERR_SESSION_GONE' })
      return 'fine'
    },
  })
  const browser = site.visit()
  await browser.get('/count')
  const pending = browser.clone().get('/slow')
  await pause.arrived
  await browser.get('/sign-out')
  pause.letGo()
  t.is((await pending).text, 'fine')
  t.is(await site.sessions.count(), 0)
})

test('test_session_delete_on_end: the exact clearing cookie, and Vary', async (t) => {
  const site = await openWebsite(t, PAGES)
  const browser = site.visit()
  await browser.get('/count')
  const page = await browser.get('/sign-out')
  t.deepEqual(page.setCookies, [
    'sid=; Path=/; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; SameSite=Lax',
  ])
  t.is(page.headers.get('vary'), 'Cookie')
})

test('test_session_delete_on_end_with_custom_domain_and_path: it carries both', async (t) => {
  const site = await openWebsite(t, PAGES, {
    cookie: { domain: '.example.local', path: '/example', secure: false },
  })
  const browser = site.visit()
  await browser.get('/count')
  const [line = ''] = (await browser.get('/sign-out')).setCookies
  t.regex(line, /^sid=; Path=\/example; Domain=\.?example\.local; Max-Age=0; /)
})

test('test_empty_session_saved: emptied by every way there is, the session is kept', async (t) => {
  const site = await openWebsite(t, {
    ...PAGES,
    '/replace': (ctx) => {
      ctx.session = {}
    },
    '/update': ({ session }) =>
      session.update((data) => {
        for (const key of Object.keys(data)) delete data[key]
      }),
  })
  for (const path of ['/replace', '/update']) {
    const browser = site.visit()
    await browser.get('/set?foo=bar')
    const cookie = browser.cookies.get('sid')
    t.deepEqual((await browser.get(path)).setCookies, [])
    t.deepEqual(await dataOf(browser), {})
    await browser.get('/set?more=1')
    t.is(browser.cookies.get('sid'), cookie)
  }
  t.is(await site.sessions.count(), 2)
})

test('test_create_and_save: created and saved on the way is one record', async (t) => {
  const site = await openWebsite(t, {
    '/': async ({ session }) => {
      session.a = 1
      await session.save()
      session.b = 2
      await session.save()
      session.c = 3
      return 'fine'
    },
  })
  t.is((await site.visit().get('/')).setCookies.length, 1)
  t.is(await site.sessions.count(), 1)
  t.deepEqual(eventsOf(site), ['create', 'save', 'save'])
})

test('test_clearsessions_command: one that lives, one that is over', async (t) => {
  const site = await openWebsite(t, {
    ...PAGES,
    '/brief': ({ session }) => {
      session.foo = 'bar'
      session.setExpiry('1s')
      return 'fine'
    },
  })
  const browser = site.visit()
  await browser.get('/count')
  await site.visit().get('/brief')
  site.clock.advance(62_000)
  t.is((await site.sessions.clearExpired()).removed, 1)
  t.deepEqual(await dataOf(browser), { views: 1 })
})

test('CVE-2015-5963: visits that leave nothing behind make no records', async (t) => {
  const store = new StageStore()
  const site = await openWebsite(t, PAGES, { store })
  for (let index = 0; index < 20; index += 1) {
    await site.visit().get('/show')
    await site.visit().get('/sign-out')
  }
  t.deepEqual(store.writes, [])
})
