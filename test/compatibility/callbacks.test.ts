import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import test from 'ava'
import { KOA_VERSIONS, openOn } from '../support/neighbours.ts'

const MEMBERS = ['save', 'reload', 'regenerate', 'destroy'] as const

/** The error a callback got, after waiting long enough for a second call to be counted. */
function callBack(start: (callback: (error: Error | null) => void) => unknown): Promise<unknown[]> {
  return new Promise((resolve) => {
    const calls: unknown[] = []
    let isSynchronous = true
    start((error) => {
      calls.push(isSynchronous ? 'called before it returned' : error)
      setImmediate(() => setImmediate(() => resolve(calls)))
    })
    isSynchronous = false
  })
}

for (const { name, Application } of KOA_VERSIONS) {
  for (const member of MEMBERS) {
    test(`${name}: the callback of ${member}() is called once, later, with null`, async (t) => {
      const calls: unknown[][] = []
      const site = await openOn(t, Application, {
        '/': (ctx) => {
          ctx.session.views = 1
          return 'stored'
        },
        '/call': async (ctx) => {
          ctx.session.views = 2
          calls.push(await callBack((callback) => ctx.session[member](callback)))
          return 'called'
        },
      })
      const browser = site.visit()
      await browser.get('/')
      t.is((await browser.get('/call')).text, 'called')
      t.deepEqual(calls, [[null]])
    })
  }

  test(`${name}: what a callback throws is an exception, not a rejection`, async (t) => {
    const library = new URL('../../lib/index.js', import.meta.url).href
    const koa = name === 'Koa 3' ? 'koa' : 'koa2'
    const script = `
      import Koa from '${import.meta.resolve(koa)}'
      import { MemoryStore, session } from '${library}'
      const members = ${JSON.stringify(MEMBERS)}
      const app = new Koa()
      app.use(session({ store: new MemoryStore(), sweep: false }))
      app.use((ctx) => {
        ctx.session.views = 1
        const member = ctx.path.slice(1)
        ctx.session[member](() => { throw new Error('from the callback of ' + member) })
        return new Promise(() => undefined)
      })
      const server = app.listen(0, '127.0.0.1', callNext)
      function callNext() {
        const member = members.shift()
        if (member === undefined) process.exit()
        get('http://127.0.0.1:' + server.address().port + '/' + member).on('error', () => undefined)
      }
      process.on('uncaughtException', (error, origin) => {
        console.log(origin, error.message)
        callNext()
      })`
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--input-type=module', '--eval', `import { get } from 'node:http'\n${script}`],
      { timeout: 30_000 },
    )
    t.deepEqual(
      stdout.trim().split('\n'),
      MEMBERS.map((member) => `uncaughtException from the callback of ${member}`),
    )
  })

  test(`${name}: the callback of save() is given the error, and the request goes on`, async (t) => {
    const site = await openOn(t, Application, {
      '/': async (ctx) => {
        ctx.session.views = 10n
        const [error] = await callBack((callback) => ctx.session.save(callback))
        delete ctx.session.views
        return (error as { code: string }).code
      },
    })
    t.is((await site.visit().get('/')).text, 'ERR_SESSION_VALUE')
  })
}
