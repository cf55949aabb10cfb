import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import anyTest, { type TestFn } from 'ava'
import { sessionFiles } from '../support/files.ts'
import { dataOf } from '../support/pages.ts'
import { type ServerProcess, startServer } from '../support/processes.ts'
import { SharedStage } from '../support/stage.ts'
import { makeTemporaryDirectory } from '../support/temporary-directory.ts'
import { until } from '../support/waiting.ts'

/** Four processes that started together on an empty directory, for those tests that end none. */
interface Servers {
  readonly directory: string
  readonly servers: readonly [ServerProcess, ServerProcess, ServerProcess, ServerProcess]
}

const test = anyTest as TestFn<Servers>
const stage = new SharedStage()

test.before(async (t) => {
  const directory = makeTemporaryDirectory(stage)
  const start = (): Promise<ServerProcess> => startServer(stage, directory)
  t.context = { directory, servers: await Promise.all([start(), start(), start(), start()]) }
})

test.after.always(() => stage.end())

test.serial('fifty increments by update() over four processes count fifty', async (t) => {
  const { servers } = t.context
  const browser = servers[0].visit()
  await browser.get('/count')
  const visitors = servers.map((server) => server.visit(browser))
  const pages = await Promise.all(
    Array.from({ length: 50 }, (_, index) => visitors[index % 4]?.get('/add')),
  )
  const counts = pages.map((page) => Number(page?.text)).sort((a, b) => a - b)
  t.deepEqual(
    counts,
    Array.from({ length: 50 }, (_, index) => index + 1),
  )
  for (const visitor of visitors) t.deepEqual(await dataOf(visitor), { views: 1, sum: 50 })
})

test.serial(
  'requests that set different keys at once in several processes keep all of them',
  async (t) => {
    const { servers } = t.context
    const [one, two] = servers
    const browser = one.visit()
    await browser.get('/count')
    const there = two.visit(browser)
    const slow = there.get('/slow?slow=1')
    await two.visit().get('/arrived')
    await browser.get('/set?quick=1')
    await two.visit().get('/go')
    t.is((await slow).status, 200)
    const keys = Array.from({ length: 12 }, (_, index) => `key${index}`)
    await Promise.all(
      keys.map((key, index) => (index % 2 === 0 ? browser : there).get(`/set?${key}=1`)),
    )
    const wanted = {
      views: 1,
      quick: '1',
      slow: '1',
      ...Object.fromEntries(keys.map((k) => [k, '1'])),
    }
    t.deepEqual(await dataOf(browser), wanted)
    t.deepEqual(await dataOf(there), wanted)
  },
)

test.serial(
  'a logout in one process is a logout in all, for a request under way too',
  async (t) => {
    const { directory, servers } = t.context
    const [one, two] = servers
    const others = sessionFiles(directory)
    const browser = one.visit()
    await browser.get('/sign-in')
    const there = two.visit(browser)
    t.deepEqual(await dataOf(there), { user: 'ann' })
    const slow = there.get('/slow?cart=full')
    await two.visit().get('/arrived')
    await browser.get('/sign-out')
    t.deepEqual(await dataOf(two.visit(there)), {})
    await two.visit().get('/go')
    const page = await slow
    t.is(page.status, 200)
    t.deepEqual(page.setCookies, [])
    t.deepEqual(await dataOf(there), {})
    t.deepEqual(sessionFiles(directory), others)
  },
)

test.serial('a logout in two processes at once succeeds in both', async (t) => {
  const { directory, servers } = t.context
  const [one, two] = servers
  const others = sessionFiles(directory)
  const browser = one.visit()
  await browser.get('/sign-in')
  const there = two.visit(browser)
  const pages = await Promise.all([browser.get('/sign-out'), there.get('/sign-out')])
  t.deepEqual(
    pages.map(({ status }) => status),
    [200, 200],
  )
  t.deepEqual(sessionFiles(directory), others)
})

test.serial(
  'a change of id in one process: what another saves after it is gone, the new id is unharmed',
  async (t) => {
    const { directory, servers } = t.context
    const [one, two] = servers
    const others = sessionFiles(directory)
    const browser = one.visit()
    await browser.get('/count')
    const there = two.visit(browser)
    const slow = there.get('/slow?slow=1')
    await two.visit().get('/arrived')
    t.is((await browser.get('/keep')).setCookies.length, 1)
    await two.visit().get('/go')
    t.deepEqual((await slow).setCookies, [])
    t.deepEqual(await dataOf(two.visit(browser)), { views: 1 })
    t.deepEqual(await dataOf(there), {})
    t.is(sessionFiles(directory).length, others.length + 1)
  },
)

test.serial(
  'a double click on sign-in over two processes signs in, whichever answer comes last',
  async (t) => {
    const { servers } = t.context
    const [one, two] = servers
    const browser = one.visit()
    await browser.get('/count')
    const there = two.visit(browser)
    const pages = await Promise.all([browser.get('/sign-in'), there.get('/sign-in')])
    t.deepEqual(
      pages.map(({ status }) => status),
      [200, 200],
    )
    for (const visitor of [browser, there]) {
      t.is(Reflect.get(Object(await dataOf(visitor)), 'user'), 'ann')
    }
  },
)

test.serial('processes that start together on an empty directory agree on one key', async (t) => {
  const { directory, servers } = t.context
  const browsers = servers.map((server) => server.visit())
  await Promise.all(browsers.map((browser) => browser.get('/count')))
  for (const browser of browsers) {
    for (const server of servers) t.deepEqual(await dataOf(server.visit(browser)), { views: 1 })
  }
  t.deepEqual(readdirSync(join(directory, 'keys')), ['keyring.json'])
  t.is(JSON.parse(readFileSync(join(directory, 'keys', 'keyring.json'), 'utf8')).keys.length, 1)
})

test.serial('a generated key is warned of once in production, and not elsewhere', async (t) => {
  const directory = makeTemporaryDirectory(t)
  const first = await startServer(t, directory, { NODE_ENV: 'production' })
  const second = await startServer(t, directory, { NODE_ENV: 'production' })
  // What a process writes to stderr arrives when it does, beside its first line.
  await until(() => first.complaints().includes('Warning: '))
  const warnings = `${first.complaints()}${second.complaints()}`
  t.is(warnings.match(/Warning: /g)?.length, 1, warnings)
  t.regex(warnings, /keys|SESSION_KEYS/)
  t.false(warnings.includes(directory))
  t.is((await startServer(t, makeTemporaryDirectory(t))).complaints(), '')
})

test.serial('a process that is killed loses nothing it acknowledged', async (t) => {
  const directory = makeTemporaryDirectory(t)
  const one = await startServer(t, directory)
  const browser = one.visit()
  await browser.get('/count')
  let acknowledged = 0
  const adding = (async (): Promise<void> => {
    for (let index = 0; index < 200; index += 1) {
      const page = await browser.get('/add')
      acknowledged = Number(page.text)
      if (acknowledged === 12) one.child.kill('SIGKILL')
    }
  })()
  await t.throwsAsync(adding)
  const two = await startServer(t, directory)
  const there = two.visit(browser)
  const { sum } = (await dataOf(there)) as { sum: number }
  t.true(sum === acknowledged || sum === acknowledged + 1, `${sum} of ${acknowledged}`)
  t.is((await there.get('/add')).text, `${sum + 1}`)
})

test.serial(
  'close() while a request is under way lets that one commit, and the process ends',
  async (t) => {
    const directory = makeTemporaryDirectory(t)
    const one = await startServer(t, directory)
    const browser = one.visit()
    await browser.get('/count')
    const ended = once(one.child, 'exit')
    t.is((await browser.get('/close')).text, 'closing')
    t.deepEqual(await ended, [0, null])
    const two = await startServer(t, directory)
    t.deepEqual(await dataOf(two.visit(browser)), { views: 1, closing: true })
  },
)

test.serial('sweeps in three processes at once harm no session that lives', async (t) => {
  const browsers = t.context.servers.slice(0, 3).map((server) => server.visit())
  await Promise.all(browsers.map((browser) => browser.get('/count')))
  const reports = await Promise.all(browsers.map((browser) => browser.get('/clear')))
  for (const report of reports) t.is(JSON.parse(report.text).removed, 0)
  for (const browser of browsers) t.deepEqual(await dataOf(browser), { views: 1 })
})
