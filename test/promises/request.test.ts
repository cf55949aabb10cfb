import test from 'ava'
import type { Context } from 'koa'
import { dataOf } from '../support/pages.ts'
import { Pause } from '../support/pause.ts'
import { StageStore } from '../support/stores.ts'
import { tell } from '../support/story.ts'
import { openWebsite } from '../support/website.ts'

/** A page that has data once, and only reads it later. */
function keep(ctx: Context): string {
  ctx.session.views ??= 1
  return 'fine'
}

test('without a cookie the store is never asked', async (t) => {
  const { store } = await tell(t, { act: (ctx) => ctx.session.views, end: () => 'fine' })
  t.deepEqual(store.calls, [])
})

test('a cookie whose signature is wrong makes no I/O, and an anonymous visitor', async (t) => {
  const store = new StageStore()
  const site = await openWebsite(t, { '/': (ctx) => `${ctx.session.isNew}` }, { store })
  const page = await site.visit().get('/', { cookie: `sid=${'A'.repeat(64)}` })
  t.is(page.text, 'true')
  t.deepEqual(store.calls, [])
  t.deepEqual(page.setCookies, [])
  t.deepEqual(site.events, [{ name: 'forged', reason: 'signature' }])
})

test('a session whose data was taken out is kept, with its cookie', async (t) => {
  const { browser, page, site } = await tell(t, {
    before: { views: 1 },
    act: (ctx) => {
      delete ctx.session.views
    },
    end: () => 'fine',
  })
  t.deepEqual(page.setCookies, [])
  t.is(await site.sessions.count(), 1)
  t.deepEqual(await dataOf(browser), {})
})

test('the write is finished before the first byte of a redirect', async (t) => {
  const store = new StageStore()
  const site = await openWebsite(
    t,
    {
      '/': (ctx) => {
        ctx.session.views = 1
        ctx.redirect('/next')
      },
      '/other': () => 'fine',
    },
    { store },
  )
  const gate = store.hold('update')
  let answered = false
  const pending = site
    .visit()
    .get('/')
    .finally(() => {
      answered = true
    })
  await gate.arrived
  await site.visit().get('/other')
  t.false(answered)
  gate.letGo()
  t.is((await pending).status, 302)
  t.deepEqual(store.writes, [{ kind: 'replace', durable: false }])
})

test('what is set to what it was is not written', async (t) => {
  const { store } = await tell(t, {
    before: { views: 1, cart: { items: [1, 2] } },
    act: (ctx) => {
      ctx.session.views = 2
      ctx.session.views = 1
      ctx.session.cart = { items: [1, 2] }
      delete ctx.session.nothing
      ctx.session.none = undefined
    },
    end: () => 'fine',
  })
  t.deepEqual(store.writes, [])
})

test('a session nobody asked for is not written, and the response does not vary by it', async (t) => {
  const { store, page } = await tell(t, {
    before: { views: 1 },
    act: () => undefined,
    end: () => 'fine',
  })
  t.deepEqual(store.writes, [])
  t.is(page.headers.get('vary'), null)
})

test('two values that collide in a short checksum are told apart', async (t) => {
  const { browser } = await tell(t, {
    before: { text: 'plumless' },
    act: (ctx) => {
      ctx.session.text = 'buckeroo'
    },
    end: () => 'fine',
  })
  t.deepEqual(await dataOf(browser), { text: 'buckeroo' })
})

test('a touch is stored once in a twentieth of idle', async (t) => {
  const store = new StageStore()
  const site = await openWebsite(t, { '/': keep }, { store, idle: '20m' })
  const browser = site.visit()
  await browser.get('/')
  store.forget()
  site.clock.advance(59_000)
  await browser.get('/')
  t.is(store.writes.length, 0)
  site.clock.advance(1000)
  await browser.get('/')
  t.is(store.writes.length, 1)
  site.clock.advance(59_000)
  await browser.get('/')
  t.is(store.writes.length, 1)
})

test('a touch is stored at most once in 5 minutes, however long idle is', async (t) => {
  const store = new StageStore()
  const site = await openWebsite(t, { '/': keep }, { store, idle: '10d' })
  const browser = site.visit()
  await browser.get('/')
  store.forget()
  site.clock.advance(299_999)
  await browser.get('/')
  t.is(store.writes.length, 0)
  site.clock.advance(1)
  await browser.get('/')
  t.is(store.writes.length, 1)
})

test('an error caught inside the application changes nothing: the session is saved', async (t) => {
  const site = await openWebsite(t, {
    '/': (ctx) => {
      ctx.session.views = 1
      try {
        throw new Error('a mistake')
      } catch {
        return 'fine'
      }
    },
    '/views': (ctx) => `${ctx.session.views}`,
  })
  const browser = site.visit()
  await browser.get('/')
  t.is((await browser.get('/views')).text, '1')
})

test('a HEAD, a 304 and a streamed body save their session before the head is sent', async (t) => {
  const { Readable } = await import('node:stream')
  const site = await openWebsite(t, {
    '/head': (ctx) => {
      ctx.session.head = 1
      return 'fine'
    },
    '/fresh': (ctx) => {
      ctx.session.fresh = 1
      ctx.status = 304
    },
    '/stream': (ctx) => {
      ctx.session.stream = 1
      ctx.body = Readable.from(['a', 'b'])
    },
    '/show': (ctx) => ({ ...ctx.session }),
  })
  const browser = site.visit()
  const head = await browser.send('/head', { method: 'HEAD' })
  t.is(head.setCookies.length, 1)
  t.is((await browser.get('/fresh')).status, 304)
  t.is((await browser.get('/stream')).text, 'ab')
  t.deepEqual(await dataOf(browser), { head: 1, fresh: 1, stream: 1 })
})

test('a client that hangs up in the middle harms nobody: what it changed is stored', async (t) => {
  const pause = new Pause()
  const site = await openWebsite(t, {
    '/': (ctx) => {
      ctx.session.views = (ctx.session.views ?? 0) + 1
      return `${ctx.session.views}`
    },
    '/slow': async (ctx) => {
      ctx.session.slow = true
      await pause.wait()
      return 'fine'
    },
    '/show': (ctx) => ({ ...ctx.session }),
  })
  const browser = site.visit()
  await browser.get('/')
  const abort = new AbortController()
  const slow = browser.send('/slow', { signal: abort.signal })
  await pause.arrived
  abort.abort()
  t.is(await slow.catch((error: Error) => error.name), 'AbortError')
  const saved = new Promise<void>((resolve) => site.sessions.on('save', () => resolve()))
  pause.letGo()
  await saved
  t.deepEqual(await dataOf(browser), { views: 1, slow: true })
})
