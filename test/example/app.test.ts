import { mkdtemp, rm } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { createApp } from '../../example/app.ts'

async function startApp(t: ExecutionContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'example-'))
  const { app, sessions } = createApp({ directory })
  const server = app.listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  t.teardown(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
    await sessions.close()
    await rm(directory, { recursive: true, force: true })
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function signIn(
  address: string,
  name: string,
  headers: Record<string, string> = {},
): Promise<Response> {
  const body = new URLSearchParams({ name })
  return fetch(`${address}/signin`, { method: 'POST', body, headers, redirect: 'manual' })
}

function cookieOf(response: Response): string {
  return response.headers.getSetCookie()[0]?.split(';', 1)[0] ?? ''
}

test('signing in and out redirects to the page', async (t) => {
  const address = await startApp(t)
  const signedIn = await signIn(address, 'Ada')
  t.is(signedIn.status, 303)
  t.is(signedIn.headers.get('location'), '/')

  const cookie = cookieOf(signedIn)
  const page = await fetch(address, { headers: { cookie } })
  t.regex(await page.text(), /<span id="user">Ada<\/span>/)

  const signedOut = await fetch(`${address}/signout`, {
    method: 'POST',
    headers: { cookie },
    redirect: 'manual',
  })
  t.is(signedOut.status, 303)
  const after = await fetch(address, { headers: { cookie } })
  t.regex(await after.text(), /Hello, visitor/)
})

test('a name is shown escaped', async (t) => {
  const address = await startApp(t)
  const cookie = cookieOf(await signIn(address, `<script>"&'`))
  const page = await (await fetch(address, { headers: { cookie } })).text()
  t.true(page.includes('<span id="user">&lt;script&gt;&quot;&amp;&#39;</span>'))
})

test('a form of another site is refused, and nothing is stored', async (t) => {
  const address = await startApp(t)
  for (const headers of [
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { origin: 'http://evil.example' },
    { origin: 'null' },
  ]) {
    const response = await signIn(address, 'Mallory', headers)
    t.is(response.status, 403, JSON.stringify(headers))
    t.deepEqual(response.headers.getSetCookie(), [])
  }
  const own = await signIn(address, 'Ada', { origin: address })
  t.is(own.status, 303)
})

test('a name that is missing, empty or too long is a 400', async (t) => {
  const address = await startApp(t)
  for (const name of ['', '   ', 'a'.repeat(41)]) t.is((await signIn(address, name)).status, 400)
  const noForm = await fetch(`${address}/signin`, { method: 'POST' })
  t.is(noForm.status, 400)
})

test('parallel visits are all counted', async (t) => {
  const address = await startApp(t)
  const cookie = cookieOf(await fetch(address))
  await Promise.all(
    Array.from({ length: 10 }, () => fetch(address, { headers: { cookie } }).then((r) => r.text())),
  )
  const page = await (await fetch(address, { headers: { cookie } })).text()
  t.regex(page, /<strong id="visits">12<\/strong>/)
})

test('visitors who come at once are all served, whatever files come and go meanwhile', async (t) => {
  const address = await startApp(t)
  const statuses = await Promise.all(
    Array.from({ length: 60 }, async () => {
      const response = await fetch(address)
      await response.text()
      return response.status
    }),
  )
  t.deepEqual(new Set(statuses), new Set([200]))
})

test('the page loads nothing from elsewhere, and lists the session file as the visitor’s own', async (t) => {
  const address = await startApp(t)
  const response = await fetch(address)
  const page = await response.text()
  t.notRegex(page, /(?:src|href)="(?:https?:)?\/\//)
  t.notRegex(page, /<script|style=/)
  t.regex(response.headers.get('content-security-policy') ?? '', /^default-src 'none'/)
  t.regex(page, /[0-9a-f]{64}\.session<\/code> <span class="badge">yours/)
})
