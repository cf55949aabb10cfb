import { utimesSync } from 'node:fs'
import test from 'ava'
import { onlyFile } from '../support/files.ts'
import { dataOf, PAGES } from '../support/pages.ts'
import { Pause } from '../support/pause.ts'
import { StageStore } from '../support/stores.ts'
import { makeTemporaryDirectory } from '../support/temporary-directory.ts'
import { collect, eventsOf, openWebsite } from '../support/website.ts'

const HOUR = 3_600_000
const DAY = 86_400_000

for (const idle of [HOUR, DAY, 10 * DAY]) {
  test(`idle time of ${idle / HOUR} h: never ends earlier, and at most 5 % later`, async (t) => {
    const site = await openWebsite(t, PAGES, { idle, absolute: '1000d' })
    for (const unstored of [0, 0.001, 0.03, 0.0499]) {
      const early = site.visit()
      await early.get('/count')
      site.clock.advance(Math.floor(idle * unstored))
      await early.get('/show')
      site.clock.advance(idle - 1)
      t.deepEqual(await dataOf(early), { views: 1 }, `early, ${unstored}`)
      const late = site.visit()
      await late.get('/count')
      site.clock.advance(Math.floor(idle * unstored))
      await late.get('/show')
      site.clock.advance(idle * 1.05 + 1)
      t.deepEqual(await dataOf(late), {}, `late, ${unstored}`)
    }
  })
}

test('by default a session ends a day after the last request', async (t) => {
  const site = await openWebsite(t, PAGES)
  const browser = site.visit()
  await browser.get('/count')
  site.clock.advance(DAY - 1)
  t.deepEqual(await dataOf(browser), { views: 1 })
  site.clock.advance(DAY * 1.05 + 1)
  t.deepEqual(await dataOf(browser), {})
})

test('by default a session ends 14 days after it began, however busy it is', async (t) => {
  const site = await openWebsite(t, PAGES)
  const browser = site.visit()
  await browser.get('/count')
  for (let halfDays = 1; halfDays < 28; halfDays += 1) {
    site.clock.advance(12 * HOUR)
    t.is((await browser.get('/count')).text, `${halfDays + 1}`)
  }
  site.clock.advance(12 * HOUR - 1)
  t.is((await browser.get('/count')).text, '29')
  site.clock.advance(1)
  t.deepEqual(await dataOf(browser), {})
})

test('only a change of id starts the absolute time anew', async (t) => {
  const site = await openWebsite(
    t,
    { ...PAGES, '/keep': ({ session }) => session.regenerate({ keep: true }) },
    { idle: '10d', absolute: '10d' },
  )
  const kept = site.visit()
  const touched = site.visit()
  await Promise.all([kept.get('/count'), touched.get('/count')])
  site.clock.advance(9 * DAY)
  await Promise.all([kept.get('/keep'), touched.get('/count')])
  site.clock.advance(2 * DAY)
  t.deepEqual(await dataOf(kept), { views: 1 })
  t.deepEqual(await dataOf(touched), {})
})

test('what the file system says of a file’s time has no say in its expiry', async (t) => {
  const directory = makeTemporaryDirectory(t)
  const site = await openWebsite(t, PAGES, { directory })
  const browser = site.visit()
  await browser.get('/count')
  const file = onlyFile(directory)
  utimesSync(file, 0, 0)
  t.deepEqual(await dataOf(browser), { views: 1 })
  const future = Date.now() / 1000 + 999_999
  utimesSync(file, future, future)
  site.clock.advance(2 * DAY)
  t.deepEqual(await dataOf(browser), {})
})

test('the expiry a store keeps beside a session cannot lengthen it', async (t) => {
  const store = new StageStore()
  const site = await openWebsite(t, PAGES, { store })
  const browser = site.visit()
  await browser.get('/count')
  const [name, entry] = await store.sole()
  await store.plant(name, { ...entry, expires: entry.expires + 365 * DAY })
  site.clock.advance(2 * DAY)
  t.deepEqual(await dataOf(browser), {})
  t.true(eventsOf(site).includes('expire'))
})

test('expired is final: a request that began in time revives nothing', async (t) => {
  const pause = new Pause()
  const site = await openWebsite(t, {
    ...PAGES,
    '/slow': async ({ session }) => {
      session.slow = true
      await pause.wait()
      await t.throwsAsync(
        session.update(() => undefined),
        { code: 'ERR_SESSION_GONE' },
      )
      return 'fine'
    },
  })
  const browser = site.visit()
  await browser.get('/count')
  const pending = browser.get('/slow')
  await pause.arrived
  site.clock.advance(DAY * 1.05 + 1)
  pause.letGo()
  const page = await pending
  t.is(page.status, 200)
  t.deepEqual(page.setCookies, [])
  t.deepEqual(await dataOf(browser), {})
  t.true(eventsOf(site).includes('gone'))
})

test('what expired is removed a minute after, not before', async (t) => {
  const site = await openWebsite(t, PAGES, { idle: '1h', absolute: '2h' })
  await site.visit().get('/count')
  const [listed] = await collect(site.sessions.list())
  site.clock.advance(Number(listed?.expires) - site.clock.now() + 59_999)
  t.is((await site.sessions.clearExpired()).removed, 0)
  site.clock.advance(1)
  t.is((await site.sessions.clearExpired()).removed, 1)
})

for (const years of [10, -10]) {
  test(`a wall clock that jumps ${years} years makes clearExpired() skip a round`, async (t) => {
    const site = await openWebsite(t, PAGES)
    const browser = site.visit()
    await browser.get('/count')
    site.clock.jump(years * 365 * DAY)
    const report = await site.sessions.clearExpired()
    t.true(report.skipped)
    t.is(report.removed, 0)
    site.clock.jump(-years * 365 * DAY)
    t.true((await site.sessions.clearExpired()).skipped)
    t.false((await site.sessions.clearExpired()).skipped)
    t.deepEqual(await dataOf(browser), { views: 1 })
  })
}

test('an expired session that comes back is told of by an event, and nothing is removed or sent', async (t) => {
  const site = await openWebsite(t, PAGES)
  const browser = site.visit()
  await browser.get('/count')
  site.clock.advance(2 * DAY)
  const page = await browser.get('/show')
  t.deepEqual(page.setCookies, [])
  t.deepEqual(eventsOf(site), ['create', 'expire'])
})
