import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { createApp } from '../../example/app.ts'
import { Browser, type Page, serve } from '../support/browser.ts'

async function startApp(t: ExecutionContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'example-'))
  const { app, sessions } = createApp({ directory })
  const { origin, close } = await serve(app)
  t.teardown(async () => {
    await close()
    await sessions.close()
    await rm(directory, { recursive: true, force: true })
  })
  return origin
}

async function visit(t: ExecutionContext): Promise<Browser> {
  return new Browser(await startApp(t))
}

function signIn(
  browser: Browser,
  name: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Page> {
  const body = new URLSearchParams({ name })
  return browser.send('/signin', { method: 'POST', body, headers })
}

test('signing in and out redirects to the page', async (t) => {
  const browser = await visit(t)
  const signedIn = await signIn(browser, 'Ada')
  t.is(signedIn.status, 303)
  t.is(signedIn.headers.get('location'), '/')
  t.regex((await browser.get('/')).text, /<span id="user">Ada<\/span>/)

  const before = browser.clone()
  t.is((await browser.post('/signout')).status, 303)
  t.regex((await before.get('/')).text, /Hello, visitor/)
})

test('a name is shown escaped', async (t) => {
  const browser = await visit(t)
  await signIn(browser, `<script>"&'`)
  const { text } = await browser.get('/')
  t.true(text.includes('<span id="user">&lt;script&gt;&quot;&amp;&#39;</span>'))
})

test('a form of another site is refused, and nothing is stored', async (t) => {
  const address = await startApp(t)
  for (const headers of [
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { origin: 'http://evil.example' },
    { origin: 'null' },
  ]) {
    const page = await signIn(new Browser(address), 'Mallory', headers)
    t.is(page.status, 403, JSON.stringify(headers))
    t.deepEqual(page.setCookies, [])
  }
  t.is((await signIn(new Browser(address), 'Ada', { origin: address })).status, 303)
})

test('a name that is missing, empty or too long is a 400', async (t) => {
  const browser = await visit(t)
  for (const name of ['', '   ', 'a'.repeat(41)]) t.is((await signIn(browser, name)).status, 400)
  t.is((await browser.send('/signin', { method: 'POST' })).status, 400)
})

test('parallel visits are all counted', async (t) => {
  const browser = await visit(t)
  await browser.get('/')
  await Promise.all(Array.from({ length: 10 }, () => browser.get('/')))
  t.regex((await browser.get('/')).text, /<strong id="visits">12<\/strong>/)
})

test('visitors who come at once are all served, whatever files come and go meanwhile', async (t) => {
  const address = await startApp(t)
  const pages = await Promise.all(Array.from({ length: 60 }, () => new Browser(address).get('/')))
  t.deepEqual(new Set(pages.map(({ status }) => status)), new Set([200]))
})

test('a visitor without a session is told so, and gets no cookie', async (t) => {
  const page = await (await visit(t)).get('/getsession/')
  t.is(page.text, 'There is no book in the session yet')
  t.deepEqual(page.setCookies, [])
})

test('the page loads nothing from elsewhere, and lists the session file as the visitor’s own', async (t) => {
  const { text, headers } = await (await visit(t)).get('/')
  t.notRegex(text, /(?:src|href)="(?:https?:)?\/\//)
  t.notRegex(text, /<script|style=/)
  t.regex(headers.get('content-security-policy') ?? '', /^default-src 'none'/)
  t.regex(text, /[0-9a-f]{64}\.session<\/code> <span class="badge">yours/)
})
