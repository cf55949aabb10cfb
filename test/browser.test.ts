import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import anyTest, { type TestFn } from 'ava'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { chromiumPath, launchChromium } from './support/browser-chromium.ts'
import { type ExampleServer, startExample } from './support/example-server.ts'

interface Stage {
  readonly browser: Browser
  /** One for all tests, each of which begins without cookies: a new one costs a second of CPU. */
  readonly page: Page
  readonly directory: string
  readonly server: ExampleServer
}

const avaTest = anyTest as TestFn<Stage>
const test = chromiumPath ? avaTest.serial : avaTest.skip

if (chromiumPath) {
  avaTest.before(async (t) => {
    const directory = await mkdtemp(join(tmpdir(), 'browser-'))
    const browser = await launchChromium()
    const page = await browser.newPage()
    page.setDefaultTimeout(30_000)
    t.context = { directory, browser, page, server: await startExample(directory) }
  })
  avaTest.after.always(async (t) => {
    await t.context.browser?.close()
    await t.context.server?.stop()
    await rm(t.context.directory, { recursive: true, force: true })
  })
} else {
  console.log(
    'Browser tests skipped: no Chromium. `apt-get install chromium`, or set CHROMIUM_PATH',
  )
}

async function openPage(
  { page, server }: Stage,
  use: (page: Page, visitor: BrowserContext, address: string) => Promise<void>,
): Promise<void> {
  const visitor = page.context()
  await visitor.clearCookies()
  await page.goto(server.address)
  await use(page, visitor, server.address)
}

async function cookieOf(visitor: BrowserContext): Promise<string | undefined> {
  return (await visitor.cookies()).find(({ name }) => name === 'sid')?.value
}

async function signIn(page: Page, name: string): Promise<void> {
  await page.getByLabel('Your name').fill(name)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('button', { name: 'Sign out' }).waitFor()
}

test('each reload counts one visit, under the same cookie', async (t) => {
  await openPage(t.context, async (page, visitor) => {
    t.is(await page.textContent('#visits'), '1')
    const cookie = await cookieOf(visitor)
    t.regex(cookie ?? '', /^[A-Za-z0-9_-]{64}$/)
    await page.reload()
    await page.reload()
    t.is(await page.textContent('#visits'), '3')
    t.is(await cookieOf(visitor), cookie)
  })
})

test('what one page sets, another page gets', async (t) => {
  await openPage(t.context, async (page, _visitor, address) => {
    await page.getByRole('link', { name: 'Set the book' }).click()
    t.is(await page.textContent('body'), 'The session has been set')
    await page.goto(`${address}/getsession/`)
    t.is(await page.textContent('body'), 'The book name is: Sherlock Holmes')
  })
})

test('signing in changes the cookie and keeps the data, signing out ends the session', async (t) => {
  await openPage(t.context, async (page, visitor, address) => {
    const anonymous = await cookieOf(visitor)
    await signIn(page, 'Ada <i>Lovelace</i>')
    t.is(await page.textContent('#user'), 'Ada <i>Lovelace</i>')
    t.is(await page.textContent('#visits'), '2')
    const signedIn = await cookieOf(visitor)
    t.truthy(signedIn)
    t.not(signedIn, anonymous)

    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByLabel('Your name').waitFor()
    t.is(await page.textContent('#visits'), '1')
    t.not(await cookieOf(visitor), signedIn)

    for (const value of [anonymous, signedIn]) {
      await visitor.clearCookies()
      await visitor.addCookies([{ name: 'sid', value: value as string, url: address }])
      await page.goto(address)
      t.is(await page.textContent('#visits'), '1', 'an old cookie must open nothing')
    }
  })
})

test('a script on the page cannot read the cookie, which is SameSite=Lax', async (t) => {
  await openPage(t.context, async (page, visitor) => {
    t.is(await page.evaluate('document.cookie'), '')
    const [cookie] = await visitor.cookies()
    t.like(cookie, { name: 'sid', httpOnly: true, sameSite: 'Lax', path: '/', expires: -1 })
  })
})

test('a forged cookie is an anonymous visitor', async (t) => {
  await openPage(t.context, async (page, visitor, address) => {
    await signIn(page, 'Ada')
    const cookie = (await cookieOf(visitor)) as string
    const forged = (cookie.startsWith('A') ? 'B' : 'A') + cookie.slice(1)
    await visitor.addCookies([{ name: 'sid', value: forged, url: address }])
    await page.goto(address)
    t.is(await page.textContent('#visits'), '1')
    t.is(await page.locator('#user').count(), 0)
  })
})

test('two visitors never see each other', async (t) => {
  await openPage(t.context, async (ada, _visitor, address) => {
    await signIn(ada, 'Ada')
    const bob = await t.context.browser.newPage()
    await bob.goto(address)
    t.is(await bob.locator('#user').count(), 0)
    await signIn(bob, 'Bob')
    await ada.reload()
    t.is(await ada.textContent('#user'), 'Ada')
    t.is(await bob.textContent('#user'), 'Bob')
  })
})

test('a restart of the server signs nobody out', async (t) => {
  await openPage(t.context, async (page, visitor, address) => {
    await signIn(page, 'Ada')
    const cookie = await cookieOf(visitor)
    t.is(await t.context.server.stop(), 0)
    const restarted = await startExample(t.context.directory, new URL(address).port)
    t.teardown(() => restarted.stop())
    await page.reload()
    t.is(await page.textContent('#user'), 'Ada')
    t.is(await page.textContent('#visits'), '3')
    t.is(await cookieOf(visitor), cookie)
  })
})
