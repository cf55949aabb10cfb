import test from 'ava'
import type { Expiry } from '../../lib/expiry.ts'
import { dataOf, expiryPages } from '../support/pages.ts'
import { openWebsite } from '../support/website.ts'

const HOUR = 3_600_000
const DAY = 86_400_000

for (const expiry of ['2h', 2 * HOUR] as const) {
  test(`setExpiry(${expiry}): that long without a request, and the cookie lasts to the deadline`, async (t) => {
    const site = await openWebsite(t, expiryPages(expiry))
    const browser = site.visit()
    await browser.get('/count')
    const { setCookies } = await browser.get('/expiry')
    t.is(setCookies.length, 1)
    t.regex(setCookies[0] ?? '', /; Max-Age=1209600;/)
    const at = site.clock.now() + 2 * HOUR
    t.deepEqual(JSON.parse((await browser.get('/when')).text), {
      left: 2 * HOUR,
      at,
      browser: false,
      maxAge: 2 * HOUR,
    })
    site.clock.advance(2 * HOUR - 1)
    t.deepEqual(await dataOf(browser), { views: 1 })
    site.clock.advance(2.1 * HOUR + 1)
    t.deepEqual(await dataOf(browser), {})
  })
}

test('setExpiry() longer than the absolute time moves that to at least that long from now', async (t) => {
  const site = await openWebsite(t, expiryPages('30d'))
  const browser = site.visit()
  await browser.get('/count')
  site.clock.advance(HOUR)
  t.regex((await browser.get('/expiry')).setCookies[0] ?? '', /; Max-Age=2592000;/)
  site.clock.advance(30 * DAY - 1)
  t.deepEqual(await dataOf(browser), { views: 1 })
  site.clock.advance(1)
  t.deepEqual(await dataOf(browser), {})
})

test('setExpiry(Date): at that moment, without an idle limit', async (t) => {
  const site = await openWebsite(
    t,
    expiryPages(() => new Date(Date.UTC(2026, 0, 1) + 20 * DAY)),
  )
  const browser = site.visit()
  await browser.get('/count')
  t.regex((await browser.get('/expiry')).setCookies[0] ?? '', /; Max-Age=1728000;/)
  const shown = JSON.parse((await browser.get('/when')).text)
  t.deepEqual([shown.left, shown.at, shown.browser], [20 * DAY, Date.UTC(2026, 0, 21), false])
  site.clock.advance(20 * DAY - 1)
  t.deepEqual(await dataOf(browser), { views: 1 })
  site.clock.advance(1)
  t.deepEqual(await dataOf(browser), {})
})

test('setExpiry(Date) may be sooner than any other limit, and however busy it is', async (t) => {
  const site = await openWebsite(
    t,
    expiryPages(() => new Date(Date.UTC(2026, 0, 1) + HOUR)),
  )
  const browser = site.visit()
  await browser.get('/count')
  await browser.get('/expiry')
  site.clock.advance(HOUR - 1)
  t.is((await browser.get('/count')).text, '2')
  site.clock.advance(1)
  t.deepEqual(await dataOf(browser), {})
})

test('setExpiry() of a moment that is past ends the session', async (t) => {
  const site = await openWebsite(t, expiryPages(new Date(0)))
  const browser = site.visit()
  await browser.get('/count')
  t.is((await browser.get('/expiry')).status, 404)
  t.deepEqual(await dataOf(browser), {})
})

test('a cookie never outlives 400 days', async (t) => {
  const site = await openWebsite(t, expiryPages('1000d'))
  const browser = site.visit()
  await browser.get('/count')
  t.regex((await browser.get('/expiry')).setCookies[0] ?? '', /; Max-Age=34560000;/)
})

for (const expiry of ['browser', 0] as const) {
  test(`setExpiry(${expiry}): the cookie ends with the browser, the session as by default`, async (t) => {
    const site = await openWebsite(t, expiryPages(expiry), { cookie: { persistent: true } })
    const browser = site.visit()
    t.regex((await browser.get('/count')).setCookies[0] ?? '', /; Max-Age=1209600;/)
    const { setCookies } = await browser.get('/expiry')
    t.is(setCookies.length, 1)
    t.notRegex(setCookies[0] ?? '', /Max-Age|Expires/)
    const shown = JSON.parse((await browser.get('/when')).text)
    t.deepEqual([shown.left, shown.browser], [DAY, true])
    site.clock.advance(DAY - 1)
    t.deepEqual(await dataOf(browser), { views: 1 })
    site.clock.advance(1.05 * DAY + 1)
    t.deepEqual(await dataOf(browser), {})
  })
}

test('setExpiry(null): as by default again, cookie and all', async (t) => {
  let expiry: Expiry = '30d'
  const site = await openWebsite(
    t,
    expiryPages(() => expiry),
  )
  const browser = site.visit()
  await browser.get('/count')
  t.regex((await browser.get('/expiry')).setCookies[0] ?? '', /Max-Age=2592000/)
  expiry = null
  const { setCookies } = await browser.get('/expiry')
  t.is(setCookies.length, 1)
  t.notRegex(setCookies[0] ?? '', /Max-Age/)
  const shown = JSON.parse((await browser.get('/when')).text)
  t.deepEqual([shown.left, shown.browser, shown.maxAge], [DAY, true, DAY])
})
