import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { NEW, OLD, reopen, turn } from '../support/key-rotation.ts'
import { dataOf, PAGES } from '../support/pages.ts'
import { Pause } from '../support/pause.ts'
import { makeTemporaryDirectory } from '../support/temporary-directory.ts'
import { codesOf, openWebsite } from '../support/website.ts'

test('after a rotation a visit that only reads re-seals the session and its cookie', async (t) => {
  const directory = makeTemporaryDirectory(t)
  const browser = (await reopen(t, directory, OLD)).visit()
  await browser.get('/count')
  const rotated = turn(browser, await reopen(t, directory, [NEW, OLD]))
  const page = await rotated.get('/show')
  t.is(page.text, '{"views":1}')
  t.is(page.setCookies.length, 1)
  t.deepEqual((await rotated.get('/show')).setCookies, [])
  const site = await reopen(t, directory, NEW)
  t.deepEqual(await dataOf(turn(rotated, site)), { views: 1 })
  t.deepEqual(await dataOf(turn(browser, site)), {})
})

test('after a rotation even a visit that never touches the session re-seals it', async (t) => {
  const directory = makeTemporaryDirectory(t)
  const browser = (await reopen(t, directory, OLD)).visit()
  await browser.get('/count')
  const rotated = turn(browser, await reopen(t, directory, [NEW, OLD]))
  t.is((await rotated.get('/plain')).setCookies.length, 1)
  t.deepEqual(await dataOf(turn(rotated, await reopen(t, directory, NEW))), { views: 1 })
})

test('after a rotation the old cookie keeps working in a parallel tab, while its key is in the ring', async (t) => {
  const directory = makeTemporaryDirectory(t)
  const browser = (await reopen(t, directory, OLD)).visit()
  await browser.get('/count')
  const site = await reopen(t, directory, [NEW, OLD])
  const tab = turn(browser, site)
  const other = turn(browser, site)
  t.is((await tab.get('/count')).text, '2')
  t.is((await other.get('/count')).text, '3')
  t.deepEqual(await dataOf(tab), { views: 3 })
})

test('after a rotation a 500 sends no cookie, and the next visit does', async (t) => {
  const directory = makeTemporaryDirectory(t)
  const browser = (await reopen(t, directory, OLD)).visit()
  await browser.get('/count')
  const site = await openWebsite(
    t,
    {
      ...PAGES,
      '/fail': ({ session }) => {
        session.views = 9
        throw new Error('a mistake')
      },
      '/sorry': (ctx) => {
        ctx.status = 500
        return 'sorry'
      },
    },
    { directory, keys: [NEW, OLD] },
  )
  const rotated = turn(browser, site)
  t.deepEqual((await rotated.get('/fail')).setCookies, [])
  t.deepEqual((await rotated.get('/sorry')).setCookies, [])
  const page = await rotated.get('/show')
  t.is(page.text, '{"views":1}')
  t.is(page.setCookies.length, 1)
})

test('after a rotation a session that goes meanwhile gets no new cookie', async (t) => {
  const directory = makeTemporaryDirectory(t)
  const browser = (await reopen(t, directory, OLD)).visit()
  await browser.get('/count')
  const pause = new Pause()
  const site = await openWebsite(
    t,
    {
      '/slow': async ({ session }) => {
        session.views += 1
        await pause.wait()
        return 'fine'
      },
    },
    { directory, keys: [NEW, OLD] },
  )
  const pending = turn(browser, site).get('/slow')
  await pause.arrived
  await site.sessions.destroyAll()
  pause.letGo()
  t.deepEqual((await pending).setCookies, [])
})

test('a session sealed under a key that is in no ring is simply no session, and its file stays', async (t) => {
  const directory = makeTemporaryDirectory(t)
  const old = await reopen(t, directory, OLD)
  const browser = old.visit()
  await browser.get('/count')
  const site = await reopen(t, directory, NEW)
  const page = await turn(browser, site).get('/show')
  t.is(page.status, 200)
  t.is(page.text, '{}')
  t.deepEqual(codesOf(site), [])
  t.deepEqual(await dataOf(turn(browser, old)), { views: 1 })
})

test('ready() warns when it knows none of the keys, and says what to do', async (t) => {
  const directory = makeTemporaryDirectory(t)
  const old = await reopen(t, directory, OLD)
  for (let index = 0; index < 3; index += 1) await old.visit().get('/count')
  const site = await reopen(t, directory, NEW)
  await site.sessions.ready()
  t.is(site.warnings.length, 1)
  t.regex(site.warnings[0] ?? '', /keys: \['new', 'old'\]/)
  const good = await reopen(t, directory, [NEW, OLD])
  await good.sessions.ready()
  t.deepEqual(good.warnings, [])
  await (await reopen(t, makeTemporaryDirectory(t), OLD)).sessions.ready()
})

test('a ring that another process changed is looked at again when a cookie does not fit', async (t) => {
  const directory = makeTemporaryDirectory(t)
  const elsewhere = makeTemporaryDirectory(t)
  const site = await reopen(t, directory)
  await site.visit().get('/count')
  const other = await reopen(t, elsewhere)
  const browser = other.visit()
  await browser.get('/count')
  const ring = (where: string): string => join(where, 'keys', 'keyring.json')
  const mine = JSON.parse(readFileSync(ring(directory), 'utf8'))
  const theirs = JSON.parse(readFileSync(ring(elsewhere), 'utf8'))
  const both = { ...mine, keys: [...theirs.keys, ...mine.keys] }
  rmSync(ring(directory))
  writeFileSync(ring(directory), `${JSON.stringify(both)}\n`, { mode: 0o600 })
  site.clock.advance(2000)
  const visitor = turn(browser, site)
  await visitor.get('/show')
  const [forged] = site.events.filter(({ name }) => name === 'forged')
  t.is(forged, undefined)
  t.is((await site.visit().get('/count')).text, '1')
})
