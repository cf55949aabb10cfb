import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { inspect } from 'node:util'
import test from 'ava'
import { nameOf } from '../../lib/id.ts'
import { FileStore } from '../../lib/index.ts'
import { shop } from '../support/attacked-shop.ts'
import type { Browser } from '../support/browser.ts'
import { cookieOf, fileOf } from '../support/data-folder.ts'
import { openNeighbour } from '../support/default-store.ts'
import { deleteDirectory, makeTemporaryDirectory } from '../support/temporary-directory.ts'
import { openWebsite } from '../support/website.ts'

const KEY = 'c0ffee5eed0123456789abcdef0fedcba9876543210ddba11f00dcafe4321abc'

test('every way to look at a session makes the response vary, and one that sends a cookie is not cached', async (t) => {
  const site = await openWebsite(t, {
    '/in': (ctx) => `${'a' in ctx.session}`,
    '/keys': (ctx) => `${Object.keys(ctx.session)}`,
    '/null': (ctx) => {
      ctx.session = null
      return 'x'
    },
    '/throw': (ctx) => {
      void ctx.session
      throw new Error('after')
    },
    '/star': (ctx) => {
      ctx.vary('*')
      void ctx.session
      return 'x'
    },
    '/cache': (ctx) => {
      ctx.set('Cache-Control', 'public, max-age=9999')
      ctx.set('Set-Cookie', 'mine=1')
      ctx.session.a = 1
      return 'x'
    },
    '/raw': (ctx) => {
      ctx.session.a = 1
      ctx.res.writeHead(200, { Vary: 'Accept', 'Set-Cookie': 'mine=2' })
      ctx.body = 'x'
    },
    '/none': () => 'no session',
  })
  for (const path of ['/in', '/keys', '/null', '/throw'])
    t.is((await site.visit().get(path)).headers.get('vary'), 'Cookie', path)
  t.is((await site.visit().get('/star')).headers.get('vary'), '*')
  t.is((await site.visit().get('/none')).headers.get('vary'), null)
  const cached = await site.visit().get('/cache')
  t.is(cached.headers.get('cache-control'), 'no-store')
  t.is(cached.setCookies[0], 'mine=1')
  t.regex(cached.setCookies[1] ?? '', /^sid=[\w-]{64}; Path=\/; HttpOnly; SameSite=Lax$/)
  t.is(cached.setCookies.length, 2)
  t.is((await site.visit().get('/raw')).headers.get('vary'), 'Accept, Cookie')
})

test('an error after regenerate() or destroy() does not keep the cookie from the visitor', async (t) => {
  const site = await openWebsite(t, {
    ...shop,
    '/regenerate': async (ctx) => {
      await ctx.session.regenerate({ keep: true })
      throw new Error('after')
    },
    '/destroy': async (ctx) => {
      await ctx.session.destroy()
      throw new Error('after')
    },
  })
  const ann = site.visit()
  await ann.get('/put')
  const first = cookieOf(ann)
  const page = await ann.get('/regenerate')
  t.deepEqual(
    [page.status, page.setCookies.length, page.headers.get('cache-control')],
    [500, 1, 'no-store'],
  )
  t.not(cookieOf(ann), first)
  t.is((await ann.get('/show')).text, '{"cart":"ann"}')
  t.regex((await ann.get('/destroy')).setCookies[0] ?? '', /Max-Age=0/)
  t.is(await site.sessions.count(), 0)
})

test('nothing that can be looked at, told or traced holds an id, a cookie, a key, a value or the directory', async (t) => {
  const directory = makeTemporaryDirectory(t)
  const told: unknown[] = []
  let shown: unknown
  const look = (value: unknown): void =>
    void told.push(inspect(value, { depth: 12, showHidden: true, getters: true, breakLength: 200 }))
  await openNeighbour(t, directory)
  const site = await openWebsite(
    t,
    {
      ...shop,
      '/look': (ctx) => {
        shown = inspect(ctx.session)
        look(ctx.session.ref)
        look(Object.getPrototypeOf(ctx.session))
        return 'looked'
      },
      '/bad': (ctx) => {
        ctx.session.deep = { list: [{ fn: () => 'S3CRET-value' }], note: 'S3CRET-value' }
      },
      '/gone': async (ctx) => {
        ctx.session.cart = 'S3CRET-value'
        await ctx.session.destroy()
        await ctx.session.save()
      },
    },
    { directory, keys: KEY },
    { trace: (text) => told.push(text) },
  )
  site.sessions.on('error', look)
  const [ann, bob] = [site.visit(), site.visit()]
  const cookies = new Set<string>()
  const note = (browser: Browser): void => void cookies.add(cookieOf(browser))
  await ann.get('/put?name=S3CRET-value')
  note(ann)
  await ann.get('/login?name=S3CRET-value')
  await bob.get('/put?name=S3CRET-value')
  note(ann)
  note(bob)
  for (const path of ['/look', '/bad', '/show', '/']) await ann.get(path)
  await site.visit().get('/', { cookie: `sid=${cookieOf(ann)}; sid=${cookieOf(bob)}` })
  await site.visit().get('/', { cookie: `sid=${'A'.repeat(64)}` })
  writeFileSync(fileOf(directory, bob), 'S3CRET-value')
  await bob.get('/')
  await ann.get('/gone')
  deleteDirectory(join(directory, 'sid'))
  writeFileSync(join(directory, 'sid'), '')
  t.is((await bob.get('/')).status, 503)
  t.is((await site.visit().get('/put')).status, 500)
  rmSync(join(directory, 'sid'))
  mkdirSync(dirname(fileOf(directory, bob)), { recursive: true })
  for (const item of [
    site.sessions,
    new FileStore({ directory }),
    site.store,
    site.events,
    site.warnings,
  ])
    look(item)
  for (const error of site.errors) {
    look({ ...(error as Error) })
    for (let cause = error; cause instanceof Error; cause = cause.cause)
      told.push(`${cause.name} ${cause.message}`, Object.entries(cause).join())
  }
  t.true(site.errors.length >= 3)
  t.regex(String(shown), /cart: 'S3CRET-value'/)
  const text = told.join('\n')
  const names = [...cookies].map((cookie) =>
    nameOf(Buffer.from(cookie, 'base64url').subarray(0, 32)),
  )
  const ids = [...cookies].flatMap((cookie) => [
    cookie,
    cookie.slice(0, 20),
    Buffer.from(cookie, 'base64url').toString('hex').slice(0, 24),
  ])
  for (const secret of [
    ...ids,
    ...names,
    KEY,
    KEY.slice(0, 12),
    Buffer.from(KEY, 'hex').toString('base64').slice(0, 12),
    'S3CRET-value',
    directory,
  ]) {
    t.false(
      text.includes(secret),
      text.slice(Math.max(0, text.indexOf(secret) - 200), text.indexOf(secret) + 80),
    )
  }
})
