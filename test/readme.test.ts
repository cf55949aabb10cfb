import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import test, { type ExecutionContext } from 'ava'
import { DEFAULTS } from '../lib/options.ts'
import { makeTemporaryDirectory } from './support/temporary-directory.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const readme = readFileSync(join(root, 'README.md'), 'utf8')

/** Two keys of 32 bytes, in hex. */
const KEYS = [0, 100].map((first) =>
  Buffer.from(Array.from({ length: 32 }, (_, index) => first + index)).toString('hex'),
)

// What the examples that run in this process are given: a test must not depend on chance.
process.env.SESSION_KEYS = KEYS[0]

/** What every example but the first stands in: an application that listens, and is closed by the test. */
const PROLOGUE = `
import http from 'node:http'
import Koa from 'koa'
import { session, MemoryStore } from 'koa-sealed-session'
`
const SESSIONS =
  'const sessions = session({ store: new MemoryStore(), keys: process.env.SESSION_KEYS })'
const APPLICATION = 'const app = new Koa()'
const SERVER = `
const server = http.createServer((request, response) => app.callback()(request, response))
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))`

/** The code under a heading of the README. */
function exampleUnder(heading: string, language = 'js'): string {
  const section = readme.split(/^## /m).find((text) => text.startsWith(`${heading}\n`)) ?? ''
  const blocks = [...section.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))]
  return blocks.map(([, code]) => code).join('\n')
}

/** Writes a module to where it sees the package by its name as any application would. */
function writeModule(t: ExecutionContext, code: string): string {
  const folder = join(root, 'dist', 'readme')
  mkdirSync(folder, { recursive: true })
  const file = join(folder, `${t.title.replace(/\W+/g, '-')}.mjs`)
  writeFileSync(file, code)
  t.teardown(() => rmSync(file))
  return file
}

/** Runs a module in a process of its own, and resolves to what it printed. */
async function runModule(
  t: ExecutionContext,
  code: string,
  environment: NodeJS.ProcessEnv = {},
): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [writeModule(t, code)], {
    cwd: makeTemporaryDirectory(t),
    env: { ...process.env, SESSION_KEYS: KEYS[0], ...environment },
    timeout: 30_000,
  })
  return stdout
}

/** A module that mounts an example and exports what `requests` returns, sent by a browser with a cookie jar. */
function moduleOf(example: string, requests: string): string {
  const parts = [PROLOGUE]
  if (example.includes('passport.')) parts.push(`import passport from 'koa-passport'`)
  parts.push(`import { Browser } from '../test/support/browser.js'`)
  if (!example.includes('new Koa()')) parts.push(APPLICATION)
  if (!example.includes('const sessions =')) parts.push(SESSIONS, 'app.use(sessions)')
  parts.push(SERVER, example.replace(/^import .*$/gm, ''))
  parts.push(`const browser = new Browser('http://127.0.0.1:' + server.address().port)`)
  parts.push(`export const result = await (async () => { ${requests} })()`)
  parts.push('server.close()', 'server.closeAllConnections()')
  return parts.join('\n')
}

/** The same as a program that prints it. */
function program(example: string, requests: string): string {
  const ending = ['console.log("RESULT " + JSON.stringify(result))', 'process.exit()']
  return [moduleOf(example, requests), ...ending].join('\n')
}

/** What the requests to an example come to that keeps its sessions in memory. */
async function resultOf(t: ExecutionContext, heading: string, requests: string): Promise<unknown> {
  const file = writeModule(t, moduleOf(exampleUnder(heading), requests))
  const { result } = await import(pathToFileURL(file).href)
  return result
}

/** What they come to in a process of its own, which has its own directory and these variables. */
async function resultOfProcess(
  t: ExecutionContext,
  heading: string,
  requests: string,
  environment: NodeJS.ProcessEnv,
): Promise<unknown> {
  const output = await runModule(t, program(exampleUnder(heading), requests), environment)
  return JSON.parse(output.split('RESULT ')[1] ?? 'null')
}

test('the application on the first page counts views and answers with the headers shown', async (t) => {
  const [code = ''] = [...readme.matchAll(/^```js\n(.*?)^```/gms)].map(([, text]) => text)
  t.true(readme.split('\n').indexOf('app.listen(3000)') < 25)
  const listening = code.replace('app.listen(3000)', 'const server = app.listen(0)')
  const output = await runModule(
    t,
    `${listening}
    const { Browser } = await import('../test/support/browser.js')
    const browser = new Browser('http://localhost:' + server.address().port)
    const pages = [await browser.get('/'), await browser.get('/')]
    console.log('RESULT ' + JSON.stringify(pages.map((page) => [page.text, [...page.headers], page.setCookies])))
    process.exit()`,
    { SESSION_KEYS: undefined },
  )
  const [first, second] = JSON.parse(output.split('RESULT ')[1] ?? '') as [
    [string, [string, string][], string[]],
    [string, unknown, string[]],
  ]
  const shown = readme.slice(readme.indexOf('HTTP/1.1 200 OK'), readme.indexOf('1 views\n$'))
  const headers = new Map(first[1])
  for (const line of shown.trim().split('\n').slice(1)) {
    const [name = '', value = ''] = line.split(/: (.*)/)
    const pattern = value.replace(/sid=[\w-]{64}/, 'sid=…')
    t.is(headers.get(name.toLowerCase())?.replace(/sid=[\w-]{64}/, 'sid=…'), pattern, name)
  }
  t.is(first[0], '1 views')
  t.deepEqual([second[0], second[2]], ['2 views', []])
})

test('the example of keeping something runs', async (t) => {
  const pages = `return [(await browser.get('/')).text, (await browser.get('/')).text]`
  t.deepEqual(await resultOf(t, 'Keep something, read it, forget it', pages), [
    '["cart"]',
    '["cart"]',
  ])
})

test('the example of signing in and out runs, and the id changes', async (t) => {
  const pages = `
    const texts = []
    const cookies = []
    for (const path of ['/', '/sign-in', '/', '/sign-out', '/']) {
      const page = await browser.get(path)
      texts.push(page.text)
      cookies.push(page.setCookies.length)
    }
    return { texts, cookies }`
  t.deepEqual(await resultOf(t, 'Sign in and sign out', pages), {
    texts: ['Hello stranger', 'Hello alice', 'Hello alice', 'Hello stranger', 'Hello stranger'],
    cookies: [0, 1, 0, 1, 0],
  })
})

test('the example of counting is exact when many count at once', async (t) => {
  const pages = `
    await browser.get('/')
    await Promise.all(Array.from({ length: 20 }, () => browser.get('/')))
    return (await browser.get('/')).text`
  t.is(await resultOf(t, 'Count exactly', pages), '22 views')
})

test('the examples of expiry run', async (t) => {
  const blocks = exampleUnder('Say when it ends').replace('const sessions =', 'void')
  const pages = `const page = await browser.get('/'); return [JSON.parse(page.text), page.setCookies[0]]`
  const output = await runModule(t, program(blocks, pages))
  const [body, cookie] = JSON.parse(output.split('RESULT ')[1] ?? '') as [{ left: number }, string]
  t.true(Math.abs(body.left - 30 * 86_400_000) < 1000)
  t.regex(cookie, /; Max-Age=(2591999|2592000); /)
})

test('the example of production runs, and SIGTERM closes it', async (t) => {
  const pages = `
    const exited = new Promise((resolve) => server.on('close', () => resolve('closed')))
    process.emit('SIGTERM')
    return exited`
  const environment = { SESSION_DIRECTORY: makeTemporaryDirectory(t), NODE_ENV: 'production' }
  t.is(await resultOfProcess(t, 'Put it into production', pages, environment), 'closed')
})

test('the example of replacing a key runs', async (t) => {
  const pages = `await sessions.ready(); return 'ready'`
  const environment = {
    SESSION_KEYS: KEYS.join(','),
  }
  t.is(await resultOfProcess(t, 'Replace a key', pages, environment), 'ready')
})

test('the example of Passport runs', async (t) => {
  const pages = `app.use((ctx) => { ctx.body = String(ctx.isAuthenticated()) })
    return (await browser.get('/')).text`
  t.is(await resultOf(t, 'Use Passport', pages), 'false')
})

test('the example of operations runs', async (t) => {
  const output = await runModule(t, program(exampleUnder('Know what is going on'), 'return 1'))
  t.regex(output, /^0 sessions\n\{\n {2}scanned: 0,/)
})

test('the example of a WebSocket refuses a stranger', async (t) => {
  const output = await runModule(
    t,
    program(
      exampleUnder('Open a session for a WebSocket'),
      `const { connect } = await import('node:net')
      const socket = connect(server.address().port, '127.0.0.1')
      socket.write('GET / HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: Upgrade\\r\\nUpgrade: websocket\\r\\n\\r\\n')
      return new Promise((resolve) => socket.on('data', (data) => resolve(String(data).split('\\r\\n')[0])))`,
    ),
  )
  t.regex(output, /RESULT "HTTP\/1\.1 401 Unauthorized"/)
})

test('the example of tests runs', async (t) => {
  const pages = `app.use(sessions); app.use((ctx) => { ctx.session.a = 1; ctx.body = 'stored' })
    return (await browser.get('/')).setCookies.length`
  t.is(await resultOf(t, 'Test your application', pages), 1)
})

test('the tables of the README have every option, its default and every error code', (t) => {
  for (const [name, value] of Object.entries(DEFAULTS)) {
    const row = readme.split('\n').find((line) => line.startsWith(`| \`${name}\` |`)) ?? ''
    t.not(row, '', name)
    if (['string', 'number', 'boolean'].includes(typeof value)) {
      const shown = typeof value === 'string' ? `'${value}'` : String(value)
      t.true(row.includes(`\`${shown}\``), name)
    }
  }
  const documented = [...readme.matchAll(/^\| `(ERR_SESSION_\w+)`/gm)].map(([, code]) => code)
  const source = readFileSync(join(root, 'lib', 'errors.ts'), 'utf8')
  const codes = [...source.matchAll(/^ {2}\| '(ERR_SESSION_\w+)'/gm)].map(([, code]) => code)
  t.deepEqual(documented.toSorted(), codes.toSorted())
  t.true(codes.length > 10)
})

test('the README has every event', (t) => {
  const [, events = ''] = /^Events are `([a-z ]+)`/m.exec(readme) ?? []
  const source = readFileSync(join(root, 'lib', 'events.ts'), 'utf8')
  const names = [...source.matchAll(/^ {2}(\w+): (?:\{ readonly|SessionError)/gm)].map(
    ([, name]) => name,
  )
  t.deepEqual(events.split(' ').toSorted(), names.toSorted())
  t.true(names.length > 10)
})
