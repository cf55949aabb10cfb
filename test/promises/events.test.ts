import { inspect } from 'node:util'
import test from 'ava'
import { refOf } from '../../lib/id.ts'
import { sessionFiles } from '../support/files.ts'
import { PAGES } from '../support/pages.ts'
import { Pause } from '../support/pause.ts'
import { StageStore, storeDown } from '../support/stores.ts'
import { makeTemporaryDirectory } from '../support/temporary-directory.ts'
import { until } from '../support/waiting.ts'
import { codesOf, eventsOf, openWebsite } from '../support/website.ts'

test('a session’s life is told by events that carry its handle and nothing of its contents', async (t) => {
  const traces: string[] = []
  const site = await openWebsite(
    t,
    {
      ...PAGES,
      '/keep': ({ session }) => session.regenerate({ keep: true }),
      '/new': ({ session }) => session.regenerate(),
    },
    {},
    { trace: (text) => traces.push(text) },
  )
  const browser = site.visit()
  await browser.get('/set?name=SECRET')
  const first = browser.cookies.get('sid') ?? ''
  await browser.get('/set?other=SECRET')
  site.clock.advance(300_000)
  await browser.get('/show')
  await browser.get('/keep')
  const second = browser.cookies.get('sid') ?? ''
  await browser.get('/sign-out')
  await browser.get('/set?name=SECRET')
  await browser.get('/new')
  t.deepEqual(eventsOf(site), [
    'create',
    'save',
    'touch',
    'regenerate',
    'destroy',
    'create',
    'regenerate',
  ])
  const told = inspect([site.events, traces], { depth: 9 })
  for (const secret of ['SECRET', first, second, first.slice(0, 12), second.slice(0, 12)]) {
    t.false(told.includes(secret))
  }
  for (const event of site.events) {
    const { name: _, ...details } = event
    t.true(Object.keys(details).every((key) => ['ref', 'formerRef'].includes(key)))
    for (const ref of Object.values(details)) t.regex(String(ref), /^[0-9a-f]{12}$/)
  }
  t.is(site.events[3]?.formerRef, site.events[0]?.ref)
  t.is(site.events[4]?.ref, site.events[3]?.ref)
  t.true(traces.some((line) => line.startsWith('create')))
})

test('the handle is the beginning of the file’s name, and ctx.session has it too', async (t) => {
  const directory = makeTemporaryDirectory(t)
  const site = await openWebsite(
    t,
    { ...PAGES, '/ref': ({ session }) => session.ref },
    { directory },
  )
  const browser = site.visit()
  await browser.get('/count')
  const [file] = sessionFiles(directory)
  const name = /([0-9a-f]{64})\.session$/.exec(file ?? '')?.[1] ?? ''
  const ref = (await browser.get('/ref')).text
  t.is(ref, name.slice(0, 12))
  t.is(ref, refOf(name))
  t.is(site.events[0]?.ref, ref)
  const id = Buffer.from(browser.cookies.get('sid') ?? '', 'base64url')
  t.false(id.toString('hex').includes(ref))
})

test('inspect and JSON of a session show its data and nothing else', async (t) => {
  const site = await openWebsite(t, {
    ...PAGES,
    '/inspect': (ctx) => {
      t.is(inspect(ctx.session), '{ views: 1, cart: { items: [ 1 ] } }')
      t.is(JSON.stringify(ctx.session), '{"views":1,"cart":{"items":[1]}}')
      return 'fine'
    },
    '/set': (ctx) => {
      ctx.session = { views: 1, cart: { items: [1] } }
      return 'fine'
    },
  })
  const browser = site.visit()
  await browser.get('/set')
  t.is((await browser.get('/inspect')).text, 'fine')
})

test('no depth of inspection of context, middleware or session shows a key or an id', async (t) => {
  const key = '5f2c8a1de07b9436c1f08e5ad2b7639408fe1c6a4bd590e37281acf45d60b91e'
  let shown = ''
  const site = await openWebsite(
    t,
    {
      ...PAGES,
      '/inspect': (ctx) => {
        const everything = { showHidden: true, depth: 8, maxArrayLength: 200, getters: true }
        shown = inspect([ctx.session, site.sessions], everything)
        return 'fine'
      },
    },
    { keys: key },
  )
  const browser = site.visit()
  await browser.get('/count')
  t.is((await browser.get('/inspect')).status, 200)
  const id = Buffer.from(browser.cookies.get('sid') ?? '', 'base64url').subarray(0, 32)
  t.not(shown, '')
  for (const secret of [key, id.toString('hex'), id.toString('base64url')]) {
    t.false(shown.includes(secret))
  }
})

test('a listener that throws harms no request, and no other listener', async (t) => {
  const site = await openWebsite(t, PAGES)
  const told: string[] = []
  const warned: string[] = []
  const note = ({ message }: Error): unknown => warned.push(message)
  process.on('warning', note)
  t.teardown(() => process.off('warning', note))
  site.sessions.on('create', () => {
    throw new Error('a bad listener')
  })
  site.sessions.on('create', ({ ref }) => told.push(ref))
  t.is((await site.visit().get('/count')).text, '1')
  t.is(told.length, 1)
  await until(() => warned.some((message) => /'create'.*a bad listener/.test(message)))
})

test('off() ends what on() began, and both can be chained', async (t) => {
  const site = await openWebsite(t, PAGES)
  const told: string[] = []
  const listener = ({ ref }: { readonly ref: string }): unknown => told.push(ref)
  t.is(site.sessions.on('create', listener), site.sessions)
  await site.visit().get('/count')
  t.is(site.sessions.off('create', listener), site.sessions)
  await site.visit().get('/count')
  t.is(told.length, 1)
})

test('an error no response can tell of is an event, or Koa’s own where nobody listens', async (t) => {
  const store = new StageStore()
  const site = await openWebsite(
    t,
    {
      ...PAGES,
      '/': (ctx) => {
        ctx.session.views = 1
        ctx.throw(400)
      },
    },
    { store },
  )
  const told: string[] = []
  store.fail('update', storeDown())
  await site.visit().get('/')
  t.is(codesOf(site).filter((code) => code === 'ERR_SESSION_STORE').length, 1)
  site.sessions.on('error', ({ code }) => told.push(code))
  await site.visit().get('/')
  t.deepEqual(told, ['ERR_SESSION_STORE'])
  t.is(codesOf(site).filter((code) => code === 'ERR_SESSION_STORE').length, 1)
})

test('a conflict is told with the key, not with the values', async (t) => {
  const pause = new Pause()
  const site = await openWebsite(t, {
    ...PAGES,
    '/slow': async ({ session }) => {
      session.name = 'SECRET-1'
      await pause.wait()
      return 'fine'
    },
  })
  const browser = site.visit()
  await browser.get('/count')
  const pending = browser.get('/slow')
  await pause.arrived
  await browser.get('/set?name=SECRET-2')
  pause.letGo()
  await pending
  const conflict = site.events.find(({ name }) => name === 'conflict')
  t.is(conflict?.key, 'name')
  t.false(inspect(site.events).includes('SECRET'))
})
