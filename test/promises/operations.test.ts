import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import test from 'ava'
import Koa from 'koa'
import { Browser, serve } from '../support/browser.ts'
import { dataOf, PAGES } from '../support/pages.ts'
import { Pause } from '../support/pause.ts'
import { lockTimeout, StageStore, storeDown } from '../support/stores.ts'
import { ask } from '../support/telephone.ts'
import { makeTemporaryDirectory } from '../support/temporary-directory.ts'
import { codesOf, collect, eventsOf, openWebsite, type Website } from '../support/website.ts'

const FIVE_SECONDS = 5000

test('ready() resolves when sessions can be served, as often as it is asked', async (t) => {
  const site = await openWebsite(t, PAGES, { directory: makeTemporaryDirectory(t) })
  t.is(await site.sessions.ready(), undefined)
  t.is(await site.sessions.ready(), undefined)
})

test('list() tells handles and ends, never contents or ids', async (t) => {
  const site = await openWebsite(t, PAGES)
  const browser = site.visit()
  await browser.get('/set?name=SECRET')
  const listed = await collect(site.sessions.list())
  t.is(listed.length, 1)
  t.is(listed[0]?.ref, site.events[0]?.ref as string)
  const idle = 86_400_000
  t.true(Number(listed[0]?.expires) >= site.clock.now() + idle)
  t.true(Number(listed[0]?.expires) <= site.clock.now() + idle * 1.05)
  t.false(JSON.stringify(listed).includes('SECRET'))
  t.deepEqual(Object.keys(listed[0] ?? {}).sort(), ['expires', 'ref'])
})

test('count() and list() leave out what is over', async (t) => {
  const site = await openWebsite(t, PAGES)
  await site.visit().get('/count')
  site.clock.advance(2 * 86_400_000)
  await site.visit().get('/count')
  t.is(await site.sessions.count(), 1)
  t.is((await collect(site.sessions.list())).length, 1)
})

test('destroyAll() ends every session, tells how many, and goes on to work', async (t) => {
  const site = await openWebsite(t, PAGES, { directory: makeTemporaryDirectory(t) })
  const browsers = Array.from({ length: 20 }, () => site.visit())
  await Promise.all(browsers.map((browser) => browser.get('/count')))
  t.is(await site.sessions.destroyAll(), 20)
  t.is(await site.sessions.count(), 0)
  t.is(eventsOf(site).filter((name) => name === 'destroy').length, 20)
  t.is(await site.sessions.destroyAll(), 0)
  const [browser] = browsers
  t.is((await browser?.get('/count'))?.text, '1')
})

test('clearExpired() reports what it did', async (t) => {
  const site = await openWebsite(t, PAGES, { directory: makeTemporaryDirectory(t) })
  await site.visit().get('/count')
  await site.visit().get('/count')
  site.clock.advance(2 * 86_400_000)
  const browser = site.visit()
  await browser.get('/count')
  const { scanned, removed, skipped } = await site.sessions.clearExpired()
  t.deepEqual({ scanned, removed, skipped }, { scanned: 3, removed: 2, skipped: false })
  t.deepEqual(await dataOf(browser), { views: 1 })
})

/** A server beside a website that hands each raw request to `answer`. */
async function listen(
  t: Parameters<typeof openWebsite>[0],
  answer: (request: IncomingMessage) => Promise<unknown>,
): Promise<string> {
  const server = createServer((request, response) => {
    answer(request).then(
      (body) => response.end(JSON.stringify(body)),
      (error) => response.writeHead(500).end(String(error.code)),
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

test('fromRequest() gives the session of a raw request, to read, change and end', async (t) => {
  const site: Website = await openWebsite(t, PAGES)
  const browser = site.visit()
  await browser.get('/count')
  const steps: ((session: Awaited<ReturnType<Website['sessions']['fromRequest']>>) => unknown)[] = [
    (session) => ({ ...session }),
    async (session) => {
      session.mine = 1
      await session.save()
    },
    (session) =>
      session.update((data) => {
        data.sum = 7
        return data.sum
      }),
    (session) => {
      session.lost = true
    },
    (session) => session.destroy(),
  ]
  const origin = await listen(t, async (request) => {
    const session = await site.sessions.fromRequest(request)
    return steps.shift()?.(session)
  })
  const Cookie = `sid=${browser.cookies.get('sid')}`
  t.is((await ask(origin, '/', { Cookie })).body, '{"views":1}')
  await ask(origin, '/', { Cookie })
  t.is((await ask(origin, '/', { Cookie })).body, '7')
  await ask(origin, '/', { Cookie })
  t.deepEqual(await dataOf(browser), { views: 1, mine: 1, sum: 7 })
  await ask(origin, '/', { Cookie })
  t.deepEqual(await dataOf(browser), {})
  t.is(await site.sessions.count(), 0)
})

test('fromRequest() cannot send a cookie: what would need one rejects and changes nothing', async (t) => {
  const site: Website = await openWebsite(t, PAGES)
  const browser = site.visit()
  await browser.get('/count')
  const code = 'ERR_SESSION_HEADERS_SENT'
  const origin = await listen(t, async (request) => {
    const session = await site.sessions.fromRequest(request)
    if (session.isNew) {
      session.views = 1
      await t.throwsAsync(session.save(), { code })
      await t.throwsAsync(
        session.update(() => undefined),
        { code },
      )
    }
    await t.throwsAsync(session.regenerate(), { code })
    await t.throwsAsync(session.regenerate({ keep: true }), { code })
    return 'checked'
  })
  t.is((await ask(origin, '/')).body, '"checked"')
  const reply = await ask(origin, '/', { Cookie: `sid=${browser.cookies.get('sid')}` })
  t.is(reply.body, '"checked"')
  t.deepEqual(reply.setCookies, [])
  t.deepEqual(await dataOf(browser), { views: 1 })
  t.is(await site.sessions.count(), 1)
})

test('fromRequest() rejects when the store cannot tell', async (t) => {
  const store = new StageStore()
  const site: Website = await openWebsite(t, PAGES, { store })
  const browser = site.visit()
  await browser.get('/count')
  const origin = await listen(t, (request) => site.sessions.fromRequest(request))
  store.fail('read', storeDown())
  const reply = await ask(origin, '/', { Cookie: `sid=${browser.cookies.get('sid')}` })
  t.regex(reply.body, /ERR_SESSION_STORE/)
})

test('after close() requests get 503 without a cookie, and every operation ERR_SESSION_CLOSED', async (t) => {
  const site = await openWebsite(t, PAGES)
  const browser = site.visit()
  await browser.get('/count')
  await site.sessions.close()
  await site.sessions.close()
  const page = await browser.get('/count')
  t.is(page.status, 503)
  t.regex(page.headers.get('retry-after') ?? '', /^\d+$/)
  t.deepEqual(page.setCookies, [])
  t.deepEqual(codesOf(site), ['ERR_SESSION_CLOSED'])
  const { sessions } = site
  const code = 'ERR_SESSION_CLOSED'
  await t.throwsAsync(sessions.ready(), { code })
  await t.throwsAsync(sessions.clearExpired(), { code })
  await t.throwsAsync(sessions.count(), { code })
  await t.throwsAsync(sessions.destroyAll(), { code })
  await t.throwsAsync(collect(sessions.list()), { code })
})

test('close() waits for the request under way, which still commits; new ones get 503', async (t) => {
  const pause = new Pause()
  const store = new StageStore()
  const site = await openWebsite(
    t,
    {
      ...PAGES,
      '/slow': async ({ session }) => {
        session.slow = true
        await pause.wait()
        return 'fine'
      },
    },
    { store },
  )
  const browser = site.visit()
  await browser.get('/count')
  store.forget()
  const pending = browser.get('/slow')
  await pause.arrived
  let closed = false
  const closing = site.sessions.close().then(() => {
    closed = true
  })
  t.is((await browser.get('/count')).status, 503)
  t.false(closed)
  pause.letGo()
  t.is((await pending).text, 'fine')
  await closing
  t.deepEqual(store.writes, [{ kind: 'replace', durable: false }])
})

test('close() waits 5 seconds at the most', async (t) => {
  const pause = new Pause()
  const scheduled: { run: () => void; delay: number }[] = []
  const site = await openWebsite(
    t,
    { '/slow': () => pause.wait() },
    { sweep: false },
    {
      schedule: (run, delay) => {
        scheduled.push({ run, delay })
        return () => undefined
      },
    },
  )
  const pending = site.visit().get('/slow')
  await pause.arrived
  const closing = site.sessions.close()
  t.deepEqual(
    scheduled.map(({ delay }) => delay),
    [FIVE_SECONDS],
  )
  scheduled[0]?.run()
  await closing
  pause.letGo()
  await pending
  t.pass()
})

test('a sweep in the background that fails is an event, and the next one comes', async (t) => {
  const scheduled: (() => void)[] = []
  const store = Object.assign(new StageStore(), {
    sweep: () => Promise.reject(lockTimeout()),
  })
  const site = await openWebsite(
    t,
    PAGES,
    { store },
    {
      schedule: (run) => {
        scheduled.push(run)
        return () => undefined
      },
    },
  )
  const told = new Promise<string>((resolve) => site.sessions.on('error', (e) => resolve(e.code)))
  scheduled[0]?.()
  t.regex(await told, /^ERR_SESSION_/)
  while (scheduled.length < 2) await new Promise(setImmediate)
  t.is((await site.visit().get('/count')).text, '1')
})

test('the middleware twice in one application does its work once', async (t) => {
  const site = await openWebsite(t, PAGES)
  site.app.middleware.unshift(site.sessions as never)
  const served = await serve(site.app)
  t.teardown(() => served.close())
  const browser = new Browser(served.origin)
  t.is((await browser.get('/count')).setCookies.length, 1)
  t.is((await browser.get('/count')).text, '2')
  t.deepEqual(eventsOf(site), ['create', 'save'])
})

test('two applications may use the same sessions', async (t) => {
  const site = await openWebsite(t, PAGES)
  const app = new Koa()
  app.use(site.sessions)
  app.use((ctx) => {
    ctx.body = { ...ctx.session }
  })
  const other = await serve(app)
  t.teardown(() => other.close())
  const browser = site.visit()
  await browser.get('/count')
  const Cookie = `sid=${browser.cookies.get('sid')}`
  t.is((await ask(other.origin, '/', { Cookie })).body, '{"views":1}')
})
