import { utimesSync } from 'node:fs'
import test from 'ava'
import { shop } from '../support/attacked-shop.ts'
import { cookieOf, fileOf, sessionFiles } from '../support/data-folder.ts'
import { makeTemporaryDirectory } from '../support/temporary-directory.ts'
import { openWebsite } from '../support/website.ts'

const STRANGER = 'hello stranger'
const HOUR = 3_600_000

test('the server decides when a session ends, not the cookie, the file times or the traffic', async (t) => {
  const directory = makeTemporaryDirectory(t)
  const site = await openWebsite(t, shop, {
    directory,
    idle: '1h',
    absolute: '4h',
    cookie: { persistent: true },
  })
  const ann = site.visit()
  await ann.get('/login')
  const ended = ann.clone()
  site.clock.advance(HOUR - 1)
  t.is((await ann.get('/')).text, 'hello ann')
  for (let minutes = 0; minutes < 170; minutes += 10) {
    site.clock.advance(600_000)
    t.is((await ann.get('/')).text, 'hello ann')
  }
  site.clock.advance(600_001)
  utimesSync(fileOf(directory, ended), Date.now() / 1000 + 1e6, Date.now() / 1000 + 1e6)
  const page = await ended.get('/')
  t.is(page.text, STRANGER)
  t.deepEqual(page.setCookies, [], 'a cookie is not cleared because its session is over')
})

test('idle ends a session at most a twentieth late, for good, and whatever the cookie says', async (t) => {
  const site = await openWebsite(t, shop, { idle: '1h' })
  const ann = site.visit()
  await ann.get('/login')
  site.clock.advance(HOUR * 1.05 + 1)
  t.is((await ann.get('/')).text, STRANGER)
  site.clock.advance(-HOUR)
  t.is(
    (
      await site.visit().get('/', {
        cookie: `sid=${cookieOf(ann)}; Max-Age=9999; Expires=Fri, 01 Jan 2100 00:00:00 GMT`,
      })
    ).status,
    200,
  )
})

test('a wall clock that jumps removes nothing at once', async (t) => {
  const directory = makeTemporaryDirectory(t)
  const site = await openWebsite(t, shop, { directory })
  const ann = site.visit()
  await ann.get('/login')
  site.clock.jump(365 * 24 * HOUR)
  t.true((await site.sessions.clearExpired()).skipped)
  site.clock.jump(-365 * 24 * HOUR)
  await site.sessions.clearExpired()
  await site.sessions.clearExpired()
  t.is((await ann.get('/')).text, 'hello ann')
  t.is(sessionFiles(directory).length, 1)
})

test('whatever setExpiry() is given, the session can be read again or is over', async (t) => {
  const given: readonly unknown[] = [
    1000.5,
    1e15,
    3.15e13,
    Number.MAX_VALUE,
    Number.POSITIVE_INFINITY,
    Number.NaN,
    -1,
    1,
    999,
    '1e3s',
    '0.0001ms',
    '365000d',
    '٣s',
    ' 1d',
    '1d\n',
    new Date(8.64e15),
    new Date(-1),
    new Date(0),
    new Date(Number.NaN),
    new Date(2 ** 53),
    'browser',
    null,
    undefined,
    true,
    [],
    {},
    10n,
    Symbol('x'),
  ]
  const site = await openWebsite(t, {
    ...shop,
    '/expire': (ctx) => {
      try {
        ctx.session.setExpiry(given[Number(ctx.query.index)] as never)
        return 'set'
      } catch (error) {
        return `${(error as { code: string }).code}`
      }
    },
  })
  for (const index of given.keys()) {
    const ann = site.visit()
    await ann.get('/login')
    const page = await ann.get(`/expire?index=${index}`)
    t.is(page.status, 200, `${index}`)
    t.true(['set', 'ERR_SESSION_OPTION'].includes(page.text), `${index}: ${page.text}`)
    const value = given[index]
    const isPast = value instanceof Date && value.getTime() < site.clock.now()
    t.is((await ann.get('/')).text, isPast ? STRANGER : 'hello ann', `${index}: ${String(value)}`)
  }
  t.deepEqual(site.errors, [])
  t.false(site.events.some(({ name }) => name === 'corrupt'))
})

test('a clock that is out of its mind signs nobody in and brings nothing down', async (t) => {
  for (const moment of [
    Number.NaN,
    -1,
    0.5,
    Number.POSITIVE_INFINITY,
    8.64e15,
    Number.MAX_SAFE_INTEGER,
  ]) {
    let now = Date.UTC(2026, 0, 1)
    const site = await openWebsite(t, shop, {}, { now: () => now })
    const ann = site.visit()
    await ann.get('/login')
    now = moment
    for (const path of ['/', '/put', '/logout']) t.true((await ann.clone().get(path)).status <= 503)
    now = Date.UTC(2026, 0, 1)
    t.is((await site.visit().get('/')).text, STRANGER)
    const bob = site.visit()
    await bob.get('/login?name=bob')
    t.is((await bob.get('/')).text, 'hello bob', `${moment}`)
  }
})
