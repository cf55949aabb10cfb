import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import type { Middleware } from 'koa'
import { KOA_VERSIONS, loadNeighbour, openArranged } from '../support/neighbours.ts'
import { SlowStore } from '../support/slow-store.ts'
import { makeTemporaryDirectory } from '../support/temporary-directory.ts'
import type { Handler } from '../support/website.ts'

const serveFiles = loadNeighbour<(directory: string) => Middleware>('koa-static')

/** Middleware that serves one file, /style.css. */
function createStyle(t: ExecutionContext): Middleware {
  const directory = join(makeTemporaryDirectory(t), 'public')
  mkdirSync(directory)
  writeFileSync(join(directory, 'style.css'), 'p { margin: 0 }')
  return serveFiles(directory)
}

const PAGES: Readonly<Record<string, Handler>> = {
  '/': (ctx) => {
    ctx.session.views = (ctx.session.views ?? 0) + 1
    return ctx.session.views
  },
}

for (const { name, Application } of KOA_VERSIONS) {
  test(`${name}: a file that koa-static serves before the sessions costs them nothing`, async (t) => {
    const style = createStyle(t)
    const store = new SlowStore()
    const site = await openArranged(
      t,
      Application,
      (app, sessions) => app.use(style).use(sessions),
      PAGES,
      { store },
    )
    const browser = site.visit()
    await browser.get('/')
    site.clock.advance(3_600_000)
    store.reads = 0
    const file = await browser.get('/style.css')
    t.is(file.text, 'p { margin: 0 }')
    t.is(file.headers.get('vary'), null)
    t.deepEqual(file.setCookies, [])
    t.deepEqual([store.reads, store.writesDone], [0, 1])
    t.is((await browser.get('/')).text, '2')
  })

  test(`${name}: a file that koa-static serves behind the sessions stays cacheable`, async (t) => {
    const style = createStyle(t)
    const site = await openArranged(
      t,
      Application,
      (app, sessions) => app.use(sessions).use(style),
      PAGES,
    )
    const browser = site.visit()
    t.is((await browser.get('/style.css')).headers.get('vary'), null)
    await browser.get('/')
    for (const method of ['GET', 'HEAD']) {
      const file = await browser.send('/style.css', { method })
      t.is(file.text, method === 'GET' ? 'p { margin: 0 }' : '')
      t.is(file.headers.get('content-length'), '15')
      t.is(file.headers.get('vary'), null)
      t.is(file.headers.get('cache-control'), 'max-age=0')
      t.deepEqual(file.setCookies, [])
    }
    t.is((await browser.get('/')).text, '2')
  })

  test(`${name}: fetching files keeps a session alive`, async (t) => {
    const style = createStyle(t)
    const site = await openArranged(
      t,
      Application,
      (app, sessions) => app.use(sessions).use(style),
      PAGES,
      { idle: '1h' },
    )
    const browser = site.visit()
    await browser.get('/')
    for (let fetched = 0; fetched < 3; fetched += 1) {
      site.clock.advance(2_400_000)
      t.is((await browser.get('/style.css')).status, 200)
    }
    t.is((await browser.get('/')).text, '2')
  })
}
