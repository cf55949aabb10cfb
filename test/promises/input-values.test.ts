import test from 'ava'
import { dataOf, PAGES } from '../support/pages.ts'
import { Pause } from '../support/pause.ts'
import { StageStore } from '../support/stores.ts'
import { codesOf, openWebsite } from '../support/website.ts'

const cycle: Record<string, unknown> = {}
cycle.self = cycle
const deep: unknown = JSON.parse(`${'[{"a":'.repeat(60)}1${'}]'.repeat(60)}`)
const BAD_VALUES: Readonly<Record<string, readonly [unknown, RegExp]>> = {
  'a BigInt': [10n, /session\.cart\.bad is a BigInt/],
  'a cycle': [cycle, /session\.cart\.bad\.self .*cycle/],
  'a function': [() => 'SECRET', /session\.cart\.bad is a function/],
  'a symbol': [Symbol('SECRET'), /session\.cart\.bad is a symbol/],
  'a Map': [new Map([['SECRET', 1]]), /session\.cart\.bad is a Map/],
  'a Set': [new Set(['SECRET']), /session\.cart\.bad is a Set/],
  NaN: [Number.NaN, /session\.cart\.bad/],
  'an invalid Date': [new Date(Number.NaN), /session\.cart\.bad/],
  'a Buffer': [new Uint8Array(3), /session\.cart\.bad/],
  'a value more than 100 levels deep': [deep, /session\.cart\.bad.*100 levels/],
  'a value whose toJSON throws': [
    {
      toJSON() {
        throw new Error('SECRET')
      },
    },
    /session\.cart\.bad/,
  ],
}

for (const [what, [value, message]] of Object.entries(BAD_VALUES)) {
  test(`${what} is refused with the path of the key, and what is stored stays`, async (t) => {
    const site = await openWebsite(t, {
      ...PAGES,
      '/save': async ({ session }) => {
        session.cart = { bad: value }
        const error = await t.throwsAsync(session.save(), { code: 'ERR_SESSION_VALUE', message })
        t.notRegex(String(error?.message), /SECRET/)
        await t.throwsAsync(
          session.update((data) => {
            data.sum = 1
          }),
          { code: 'ERR_SESSION_VALUE' },
        )
        delete session.cart
        return 'fine'
      },
      '/end': ({ session }) => {
        session.cart = { bad: value }
        return 'fine'
      },
      '/inside': ({ session }) =>
        t
          .throwsAsync(
            session.update((data) => {
              data.cart = { bad: value }
            }),
            { code: 'ERR_SESSION_VALUE', message },
          )
          .then(() => 'fine'),
    })
    const browser = site.visit()
    await browser.get('/count')
    t.is((await browser.get('/save')).text, 'fine')
    t.is((await browser.get('/inside')).text, 'fine')
    const page = await browser.get('/end')
    t.is(page.status, 500)
    t.deepEqual(page.setCookies, [])
    t.deepEqual(codesOf(site), ['ERR_SESSION_VALUE'])
    t.deepEqual(await dataOf(browser), { views: 1 })
  })
}

test('a Date is kept as its ISO string, and stays as equal for as long as it is the same', async (t) => {
  const store = new StageStore()
  const site = await openWebsite(
    t,
    {
      ...PAGES,
      '/': ({ session }) => {
        session.at = new Date(Date.UTC(2026, 0, 2, 3, 4, 5))
        return 'fine'
      },
    },
    { store },
  )
  const browser = site.visit()
  await browser.get('/')
  t.deepEqual(await dataOf(browser), { at: '2026-01-02T03:04:05.000Z' })
  store.forget()
  await browser.get('/')
  t.deepEqual(store.writes, [])
})

test('data of exactly maxBytes is stored, a byte more is refused', async (t) => {
  const site = await openWebsite(
    t,
    {
      ...PAGES,
      '/': ({ session, query }) => {
        session.a = 'é'.repeat(Number(query.length) / 2)
        return 'fine'
      },
    },
    { maxBytes: 108 },
  )
  const browser = site.visit()
  t.is((await browser.get('/?length=100')).status, 200)
  const page = await browser.get('/?length=102')
  t.is(page.status, 500)
  t.deepEqual(codesOf(site), ['ERR_SESSION_TOO_LARGE'])
  t.regex((site.errors[0] as Error).message, /maxBytes/)
  t.deepEqual(await dataOf(browser), { a: 'é'.repeat(50) })
})

test('what a merge yields must not be larger than maxBytes either', async (t) => {
  const pause = new Pause()
  const site = await openWebsite(
    t,
    {
      ...PAGES,
      '/slow': async ({ session }) => {
        session.slow = 'x'.repeat(60)
        await pause.wait()
        return 'fine'
      },
    },
    { maxBytes: 100 },
  )
  const browser = site.visit()
  await browser.get('/set?a=1')
  const pending = browser.get('/slow')
  await pause.arrived
  await browser.get(`/set?quick=${'y'.repeat(60)}`)
  pause.letGo()
  t.is((await pending).status, 500)
  t.deepEqual(codesOf(site), ['ERR_SESSION_TOO_LARGE'])
  t.deepEqual(await dataOf(browser), { a: '1', quick: 'y'.repeat(60) })
})

test('what update() makes must not be larger than maxBytes either', async (t) => {
  const site = await openWebsite(
    t,
    {
      ...PAGES,
      '/': async ({ session }) => {
        await t.throwsAsync(
          session.update((data) => {
            data.big = 'x'.repeat(200)
          }),
          { code: 'ERR_SESSION_TOO_LARGE', message: /maxBytes/ },
        )
        return { ...session }
      },
    },
    { maxBytes: 100 },
  )
  const browser = site.visit()
  await browser.get('/set?a=1')
  t.is((await browser.get('/')).text, '{"a":"1"}')
  t.deepEqual(await dataOf(browser), { a: '1' })
})

test('__proto__ is refused on save, at any level, and Object.prototype is untouched', async (t) => {
  const evil = '{"__proto__":{"polluted":true}}'
  const site = await openWebsite(t, {
    ...PAGES,
    '/top': ({ session }) => {
      Object.assign(session, JSON.parse(evil))
      return 'fine'
    },
    '/whole': (ctx) => {
      ctx.session = JSON.parse(evil)
      return 'fine'
    },
    '/nested': ({ session }) => {
      session.cart = [{ item: JSON.parse(evil) }]
      return 'fine'
    },
    '/inside': ({ session }) =>
      session.update((data) => {
        data.cart = JSON.parse(evil)
      }),
  })
  for (const path of ['/top', '/whole', '/nested', '/inside']) {
    const browser = site.visit()
    await browser.get('/count')
    t.is((await browser.get(path)).status, 500, path)
    t.deepEqual(await dataOf(browser), { views: 1 }, path)
    t.is((await site.visit().get(path)).status, 500, path)
  }
  t.deepEqual([...new Set(codesOf(site))], ['ERR_SESSION_KEY_RESERVED'])
  t.is(Reflect.get({}, 'polluted'), undefined)
})

test('constructor, toString and odd keys are keys like any other', async (t) => {
  const data = { constructor: 1, toString: 'x', '': 2, 'a.b:c': 3, hasOwnProperty: false, 7: 'n' }
  const site = await openWebsite(t, {
    ...PAGES,
    '/': (ctx) => {
      ctx.session = data
      return 'fine'
    },
  })
  const browser = site.visit()
  t.is((await browser.get('/')).status, 200)
  t.deepEqual(await dataOf(browser), data)
})
