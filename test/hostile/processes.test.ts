import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import anyTest, { type TestFn } from 'ava'
import { Attacker } from '../support/attacker.ts'
import type { Browser } from '../support/browser.ts'
import { cookieOf, fileOf, listTree, litter, modeOf, sessionFiles } from '../support/data-folder.ts'
import { openNeighbour } from '../support/default-store.ts'
import { Gate } from '../support/gate.ts'
import { isWhole } from '../support/proof.ts'
import { type ServerProcess, startServer } from '../support/server-process.ts'
import { SharedStage } from '../support/stage.ts'
import { whyNoStrace } from '../support/strace.ts'
import { makeTemporaryDirectory } from '../support/temporary-directory.ts'
import { until } from '../support/waiting.ts'

/** How often a process is killed in the middle of a write. */
const KILLS = isWhole ? 8 : 2
/** Processes that start at once. */
const COLD = isWhole ? 8 : 4
const STRANGER = 'hello stranger'

const test = anyTest as TestFn<{
  directory: string
  servers: [ServerProcess, ServerProcess, ...ServerProcess[]]
}>
const stage = new SharedStage()
const reason = await whyNoStrace()
const testWithStrace = reason === undefined ? test.serial : test.serial.skip

// Started once, cold and together: what several processes agree on is asked of these.
test.before(async (t) => {
  const directory = makeTemporaryDirectory(stage)
  const start = (): Promise<ServerProcess> => startServer(stage, { directory })
  const others = Array.from({ length: COLD - 2 }, start)
  t.context = { directory, servers: await Promise.all([start(), start(), ...others]) }
})

test.after.always(() => stage.end())

function replay(server: ServerProcess, browser: Browser, path = '/'): ReturnType<Browser['get']> {
  return server.visit().get(path, { cookie: `sid=${cookieOf(browser)}` })
}

test.serial(
  `${COLD} cold processes agree on one key, and every cookie is valid everywhere`,
  async (t) => {
    const { directory, servers } = t.context
    const people = await Promise.all(
      servers.map(async (server, index) => {
        const browser = server.visit()
        t.is((await browser.get(`/login?name=p${index}`)).status, 200)
        return browser
      }),
    )
    for (const server of servers) {
      for (const [index, person] of people.entries())
        t.is((await replay(server, person)).text, `hello p${index}`)
    }
    t.deepEqual(litter(directory), [])
    t.is(JSON.parse(readFileSync(join(directory, 'keys/keyring.json'), 'utf8')).keys.length, 1)
  },
)

test.serial(
  'two processes that count in one session at once miss nothing and leave nothing',
  async (t) => {
    const { directory } = t.context
    const [first, second] = t.context.servers
    const others = sessionFiles(directory).length
    const ann = first.visit()
    await ann.get('/put')
    const cookie = `sid=${cookieOf(ann)}`
    const counts = await Promise.all(
      [first, second].map((server) =>
        new Attacker(server.origin).knockOften('/count', Array(100).fill(cookie)),
      ),
    )
    t.true(counts.flat().every(({ status }) => status === 200))
    t.is(new Set(counts.flat().map(({ body }) => body)).size, 200)
    t.is((await second.visit().get('/count', { cookie })).text, '201')
    t.deepEqual(litter(directory), [])
    t.is(sessionFiles(directory).length, others + 1)
  },
)

test.serial(
  'a logged out cookie is dead in the same process, in another one and after a restart',
  async (t) => {
    const { directory } = t.context
    const [first, second] = t.context.servers
    const ann = first.visit()
    await ann.get('/login')
    t.is((await replay(second, ann)).text, 'hello ann')
    const old = ann.clone()
    await ann.get('/logout')
    t.is((await replay(first, old)).text, STRANGER)
    t.is((await replay(second, old)).text, STRANGER)
    t.is((await replay(second, old, '/put')).text, 'kept')
    t.is((await replay(second, old)).text, STRANGER)
    await first.kill()
    const third = await startServer(t, { directory })
    t.is((await replay(third, old)).text, STRANGER)
  },
)

test.serial(
  'a process that is killed in the middle of a write leaves the old or the new session',
  async (t) => {
    const directory = makeTemporaryDirectory(t)
    const watcher = await startServer(t, { directory })
    const ann = watcher.visit()
    await ann.get('/login')
    const cookie = `sid=${cookieOf(ann)}`
    let acknowledged = 0
    for (let round = 0; round < KILLS; round += 1) {
      const server = await startServer(t, { directory })
      const noted: number[] = []
      const warm = new Gate()
      const writers = Array.from({ length: 4 }, async () => {
        for (let index = 0; index < 200; index += 1) {
          const page = await server.visit().get('/count', { cookie })
          if (page.status === 200) noted.push(Number(page.text))
          if (noted.length > 3 + round) warm.open()
        }
      })
      const settled = Promise.allSettled(writers)
      await warm.passed
      await server.kill()
      await settled
      acknowledged = Math.max(acknowledged, ...noted)
      const page = await watcher.visit().get('/show', { cookie })
      const shown = JSON.parse(page.text) as { user: string; count?: number }
      t.is(shown.user, 'ann')
      t.true((shown.count ?? 0) >= acknowledged, `${shown.count} of ${acknowledged}`)
    }
    t.true(acknowledged > 4 * KILLS)
    t.is((await watcher.visit().get('/count', { cookie })).status, 200)
    t.notRegex(watcher.complaints(), /corrupt|error/)
  },
)

for (const umask of [0, 0o077, 0o777]) {
  test.serial(`with the umask ${umask.toString(8)} everything is private`, async (t) => {
    const directory = makeTemporaryDirectory(t)
    const server = await startServer(t, { directory: join(directory, 'data'), umask })
    const ann = server.visit()
    const page = await ann.get('/login')
    if (umask === 0o777 && process.getuid?.() !== 0) {
      t.is(page.status, 500, 'nobody can enter what such a umask makes')
      return
    }
    t.is(page.status, 200, server.complaints())
    t.is((await ann.get('/')).text, 'hello ann')
    for (const path of [
      'data',
      ...listTree(join(directory, 'data')).map((name) => join('data', name)),
    ]) {
      t.regex(modeOf(join(directory, path)), /^[0-7]00$/, path)
    }
  })
}

test.serial(
  'files and directories that were open to others are private after a write',
  async (t) => {
    const directory = makeTemporaryDirectory(t)
    mkdirSync(join(directory, 'sid'))
    mkdirSync(join(directory, 'keys'))
    for (const path of [directory, join(directory, 'sid'), join(directory, 'keys')])
      chmodSync(path, 0o755)
    const server = await startServer(t, { directory })
    const ann = server.visit()
    t.is((await ann.get('/login')).status, 200, server.complaints())
    await openNeighbour(t, directory)
    const file = fileOf(directory, ann)
    chmodSync(file, 0o644)
    chmodSync(join(directory, 'keys/keyring.json'), 0o644)
    await ann.get('/put')
    t.is(modeOf(file), '600')
    for (const path of ['', 'sid', 'keys']) t.is(modeOf(join(directory, path)), '700', path)
    const next = await startServer(t, { directory })
    t.is((await replay(next, ann)).text, 'hello ann')
    t.is(modeOf(join(directory, 'keys/keyring.json')), '600')
    // What a process writes to stderr arrives when it does, beside its responses.
    await until(() => next.complaints().includes('rotate the keys'))
    t.false(next.complaints().includes(directory))
  },
)

test.serial(
  'traces of a process hold no id, no cookie, no key, no value and no path',
  async (t) => {
    const directory = makeTemporaryDirectory(t)
    const server = await startServer(
      t,
      { directory },
      { variables: { NODE_DEBUG: 'koa-sealed-session', NODE_ENV: 'production', DEBUG: '*' } },
    )
    await openNeighbour(t, directory)
    const ann = server.visit()
    await ann.get('/put?name=S3CRET')
    const first = cookieOf(ann)
    await ann.get('/login?name=S3CRET')
    await ann.get('/', { cookie: `sid=${'A'.repeat(64)}` })
    const second = cookieOf(ann)
    writeFileSync(fileOf(directory, ann), 'S3CRET')
    await ann.get('/')
    await server.kill()
    const text = server.complaints()
    t.regex(text, /KOA-SEALED-SESSION \d+: create/)
    t.regex(text, /regenerate .*\n.*forged .*\n(?:.*\n)*.*corrupt/)
    const { key } = JSON.parse(readFileSync(join(directory, 'keys/keyring.json'), 'utf8'))
      .keys[0] as { key: string }
    for (const secret of [
      first,
      second,
      first.slice(0, 16),
      second.slice(0, 16),
      key,
      'S3CRET',
      directory,
    ])
      t.false(text.includes(secret), text)
  },
)

testWithStrace(
  `forged cookies open, stat and list nothing of the sessions${reason ? ` (skipped: ${reason})` : ''}`,
  async (t) => {
    const directory = makeTemporaryDirectory(t)
    const log = join(makeTemporaryDirectory(t), 'calls')
    const server = await startServer(
      t,
      { directory },
      { under: ['strace', '-f', '--seccomp-bpf', '-qq', '-e', 'trace=%file', '-o', log] },
    )
    const ann = server.visit()
    await ann.get('/login')
    await ann.get('/')
    const before = readFileSync(log, 'latin1').split('\n').length
    const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    const forged = Array.from(
      { length: 300 },
      () =>
        `sid=${Array.from({ length: 64 }, () => letters[Math.floor(Math.random() * 64)]).join('')}`,
    )
    const answers = await new Attacker(server.origin).knockOften('/', forged)
    t.is(answers.length, 300)
    const calls = readFileSync(log, 'latin1')
      .split('\n')
      .slice(before - 1)
      .filter((line) => line.includes(directory))
    t.true(
      readFileSync(log, 'latin1').includes(join(directory, 'sid')),
      'it is the sessions that are watched',
    )
    t.true(calls.length <= 10, 'at most one look at the key ring a second')
    t.true(
      calls.every((line) => line.includes('keyring.json')),
      calls.join('\n'),
    )
    await server.kill()
  },
)
