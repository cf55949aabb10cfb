import test from 'ava'
import { createGate, shop } from '../support/attacked-shop.ts'
import { Attacker } from '../support/attacker.ts'
import type { Browser } from '../support/browser.ts'
import { cookieOf, fileOf, litter, sessionFiles } from '../support/data-folder.ts'
import { makeTemporaryDirectory } from '../support/temporary-directory.ts'
import { openWebsite, type Website } from '../support/website.ts'

const STRANGER = 'hello stranger'

function replay(site: Website, cookie: string): ReturnType<Browser['get']> {
  return site.visit().get('/', { cookie: `sid=${cookie}` })
}

test('signing in changes the id, keeps the data and leaves one file', async (t) => {
  const directory = makeTemporaryDirectory(t)
  const site = await openWebsite(t, shop, { directory })
  const ann = site.visit()
  await ann.get('/put?name=apple')
  const planted = cookieOf(ann)
  const page = await ann.get('/login')
  t.is(page.setCookies.length, 1)
  t.not(cookieOf(ann), planted)
  t.is((await ann.get('/show')).text, '{"cart":"apple","user":"ann"}')
  t.is((await replay(site, planted)).text, STRANGER)
  t.is(sessionFiles(directory).length, 1)
})

test('regenerate() changes the id, with and without the data', async (t) => {
  const directory = makeTemporaryDirectory(t)
  const site = await openWebsite(
    t,
    {
      ...shop,
      '/keep': (ctx) => ctx.session.regenerate({ keep: true }).then(() => 'kept'),
      '/anew': async (ctx) => {
        await ctx.session.regenerate()
        ctx.session.step = 2
        return 'new'
      },
    },
    { directory },
  )
  const ann = site.visit()
  await ann.get('/put?name=apple')
  const first = cookieOf(ann)
  await ann.get('/keep')
  const second = cookieOf(ann)
  t.is((await ann.get('/show')).text, '{"cart":"apple"}')
  await ann.get('/anew')
  t.is((await ann.get('/show')).text, '{"step":2}')
  t.is(new Set([first, second, cookieOf(ann)]).size, 3)
  for (const old of [first, second]) t.is((await replay(site, old)).text, STRANGER)
  t.is(sessionFiles(directory).length, 1)
})

test('a slow request does not bring a session back that was logged out meanwhile', async (t) => {
  const directory = makeTemporaryDirectory(t)
  const gate = createGate()
  const slow = gate.page(
    (ctx) => `${ctx.session.user}`,
    (ctx) => {
      ctx.session.late = true
      return 'slow but well'
    },
  )
  const site = await openWebsite(t, { ...shop, '/slow': slow }, { directory })
  const ann = site.visit()
  await ann.get('/login')
  const cookie = cookieOf(ann)
  const answer = ann.clone().get('/slow')
  await gate.reached
  await ann.get('/logout')
  gate.open()
  const page = await answer
  t.deepEqual([page.status, page.text, page.setCookies], [200, 'slow but well', []])
  t.is((await replay(site, cookie)).text, STRANGER)
  t.deepEqual(sessionFiles(directory), [])
  t.deepEqual(litter(directory), [])
  t.true(site.events.some(({ name }) => name === 'gone'))
})

test('a slow request does not bring an id back that was changed meanwhile, nor touch the new cookie', async (t) => {
  const directory = makeTemporaryDirectory(t)
  const gate = createGate()
  const slow = gate.page(
    (ctx) => `${ctx.session.cart}`,
    (ctx) => {
      ctx.session.late = true
      return 'slow but well'
    },
  )
  const site = await openWebsite(t, { ...shop, '/slow': slow }, { directory })
  const ann = site.visit()
  await ann.get('/put')
  const old = cookieOf(ann)
  const answer = ann.clone().get('/slow')
  await gate.reached
  await ann.get('/login')
  gate.open()
  t.deepEqual((await answer).setCookies, [])
  t.is((await replay(site, old)).text, STRANGER)
  t.is((await ann.get('/')).text, 'hello ann')
  t.deepEqual(sessionFiles(directory), [fileOf(directory, ann)])
})

test('logging out again and again, with any cookie, creates and clears nothing that is not there', async (t) => {
  const directory = makeTemporaryDirectory(t)
  const site = await openWebsite(t, shop, { directory })
  const ann = site.visit()
  await ann.get('/login')
  const cookie = cookieOf(ann)
  const [first] = (await ann.get('/logout')).setCookies
  t.regex(first ?? '', /^sid=; Path=\/; Max-Age=0; .*HttpOnly; SameSite=Lax$/)
  const again = await Promise.all(
    Array.from({ length: 20 }, () => site.visit().get('/logout', { cookie: `sid=${cookie}` })),
  )
  t.true(again.every(({ status }) => status === 200))
  t.deepEqual(sessionFiles(directory), [])
  t.is(site.events.filter(({ name }) => name === 'destroy').length, 1)
})

test('two people on one connection, whose requests come before the answers, are not mixed up', async (t) => {
  const site = await openWebsite(t, {
    ...shop,
    '/nap': async (ctx) => {
      await new Promise((resolve) => setImmediate(resolve))
      return `hello ${ctx.session.user}`
    },
  })
  const people = await Promise.all(
    ['ann', 'bob', 'eve'].map(async (name) => {
      const browser = site.visit()
      await browser.get(`/login?name=${name}`)
      return { name, cookie: `sid=${cookieOf(browser)}` }
    }),
  )
  const guests = Array.from(
    { length: 90 },
    (_, index) => people[index % 3] as (typeof people)[number],
  )
  const answers = await new Attacker(site.origin).knockOften(
    '/nap',
    guests.map(({ cookie }) => cookie),
  )
  t.deepEqual(
    answers.map(({ body }) => body),
    guests.map(({ name }) => `hello ${name}`),
  )
})
