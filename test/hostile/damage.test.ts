import { execFileSync } from 'node:child_process'
import {
  copyFileSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { type DecodedFile, decodeFile, encodeFile } from '../../stores/file/frame.ts'
import { shop } from '../support/attacked-shop.ts'
import type { Browser } from '../support/browser.ts'
import { fileOf } from '../support/data-folder.ts'
import { openNeighbour } from '../support/default-store.ts'
import { isWhole } from '../support/proof.ts'
import { makeTemporaryDirectory } from '../support/temporary-directory.ts'
import { openWebsite, type Website } from '../support/website.ts'

const STRANGER = 'hello stranger'

interface Scene {
  readonly directory: string
  readonly site: Website
  readonly ann: Browser
  readonly bob: Browser
  readonly annFile: string
  readonly bobFile: string
}

/** A website with two people signed in, and a second one on the same files that has read none of them. */
async function openScene(
  t: ExecutionContext,
): Promise<Scene & { restart: () => Promise<Website> }> {
  const directory = makeTemporaryDirectory(t)
  await openNeighbour(t, directory)
  const site = await openWebsite(t, shop, { directory })
  const [ann, bob] = [site.visit(), site.visit()]
  await ann.get('/login?name=ann')
  await bob.get('/login?name=bob')
  return {
    directory,
    site,
    ann,
    bob,
    annFile: fileOf(directory, ann),
    bobFile: fileOf(directory, bob),
    restart: () => openWebsite(t, shop, { directory }),
  }
}

function ask(site: Website, browser: Browser, path = '/'): ReturnType<Browser['get']> {
  return site.visit().get(path, { cookie: `sid=${browser.cookies.get('sid')}` })
}

/** Something else stands where a session was: nobody is signed in by it, it stays, and the site lives. */
async function assertNoSession(t: ExecutionContext, scene: Scene, what: string): Promise<void> {
  const { site, ann, bob, annFile } = scene
  const before = lstatSync(annFile)
  for (const path of ['/', '/show', '/put?name=x']) {
    const page = await ask(site, ann, path)
    t.is(page.status, 200, what)
    t.true([STRANGER, '{}', 'kept'].includes(page.text), `${what}: ${page.text}`)
  }
  const after = lstatSync(annFile)
  t.is(after.ino, before.ino, `${what} is left in place`)
  t.is(after.mtimeMs, before.mtimeMs, `${what} is left as it is`)
  t.is((await ask(site, bob)).text, 'hello bob', what)
  t.is(site.events.filter(({ name }) => name === 'corrupt').length, 1, `${what} is told of, once`)
  t.is(({} as Record<string, unknown>).user, undefined)
  t.deepEqual(site.errors, [])
}

test('no flipped byte of a session file signs anybody in or harms the site', async (t) => {
  const { site, ann, bob, annFile, restart } = await openScene(t)
  const whole = readFileSync(annFile)
  const fresh = await restart()
  // Each byte of the first fields; of the rest in the short form one in five, by and by in each bit.
  const strideAt = (place: number): number => {
    if (place >= 340) return isWhole ? 61 : 305
    return isWhole || place < 48 ? 1 : 5
  }
  for (let place = 0; place < whole.length; place += strideAt(place)) {
    const flipped = Buffer.from(whole)
    flipped[place] = (flipped[place] as number) ^ (1 << (place % 8))
    writeFileSync(annFile, flipped)
    const page = await ask(fresh, ann)
    const slack = place >= 2048
    t.is(page.status, 200)
    t.is(page.text, slack ? page.text : STRANGER, `byte ${place}`)
    if (slack) t.true([STRANGER, 'hello ann'].includes(page.text))
    t.deepEqual(readFileSync(annFile), flipped)
  }
  t.is(fresh.events.filter(({ name }) => name === 'corrupt').length, 1)
  t.is((await ask(fresh, bob)).text, 'hello bob')
  writeFileSync(annFile, whole)
  t.is((await ask(fresh, ann)).text, 'hello ann', 'restored')
  t.deepEqual([...site.errors, ...fresh.errors], [])
})

test('a session file cut off, grown or exchanged for anything is no session', async (t) => {
  const scene = await openScene(t)
  const whole = readFileSync(scene.annFile)
  const json = Buffer.from(
    JSON.stringify({ user: 'ann', data: { user: 'ann' }, __proto__: { user: 1 } }),
  )
  const contents: Record<string, Buffer> = {
    empty: Buffer.alloc(0),
    grown: Buffer.concat([whole, Buffer.from('x')]),
    doubled: Buffer.concat([whole, whole]),
    json,
    text: Buffer.from('<?php system($_GET[0]); ?>'),
    zeros: Buffer.alloc(4096),
    ones: Buffer.alloc(4096, 0xff),
    random: Buffer.from(Array.from({ length: 4096 }, () => Math.floor(Math.random() * 256))),
  }
  for (const [what, content] of Object.entries(contents)) {
    writeFileSync(scene.annFile, content)
    await assertNoSession(t, scene, what)
  }
  for (const length of [1, 3, 4, 33, 34, 100, 2047, 2048, 2049, 4095]) {
    writeFileSync(scene.annFile, whole)
    truncateSync(scene.annFile, length)
    await assertNoSession(t, scene, `cut to ${length}`)
  }
})

test('a file of many gigabytes in the place of a session is not read', async (t) => {
  const scene = await openScene(t)
  truncateSync(scene.annFile, 64 * 2 ** 30)
  const before = process.memoryUsage().rss
  await assertNoSession(t, scene, 'a huge file')
  t.true(process.memoryUsage().rss - before < 200 * 2 ** 20)
})

test('a directory in the place of a session is no session, and logging out does not fail on it', async (t) => {
  const scene = await openScene(t)
  rmSync(scene.annFile)
  mkdirSync(scene.annFile)
  await assertNoSession(t, scene, 'a directory')
  t.is((await ask(scene.site, scene.ann, '/logout')).status, 200)
})

test('a pipe in the place of a session does not make anybody wait', async (t) => {
  const scene = await openScene(t)
  rmSync(scene.annFile)
  execFileSync('mkfifo', [scene.annFile])
  const many = Array.from({ length: 16 }, () => ask(scene.site, scene.ann))
  for (const page of await Promise.all(many)) t.is(page.text, STRANGER)
  await assertNoSession(t, scene, 'a pipe')
})

test('a link in the place of a session is not followed, wherever it leads', async (t) => {
  const scene = await openScene(t)
  const { annFile, bobFile } = scene
  const copy = join(scene.directory, 'copy')
  copyFileSync(annFile, copy)
  for (const target of [bobFile, copy, '/etc/passwd', '/dev/zero', annFile, '/no/such/file']) {
    rmSync(annFile, { force: true })
    symlinkSync(target, annFile)
    await assertNoSession(t, scene, `a link to ${target}`)
    await ask(scene.site, scene.ann, '/logout')
    t.true(statSync(bobFile).isFile())
  }
  t.true(statSync('/etc/passwd').isFile())
  t.true(statSync(copy).isFile())
})

test('the file of another session opens for nobody', async (t) => {
  const scene = await openScene(t)
  copyFileSync(scene.bobFile, scene.annFile)
  await assertNoSession(t, scene, 'the file of another')
  t.true(scene.site.events.some(({ name, reason }) => name === 'corrupt' && reason === 'unopened'))
  const unknown = scene.annFile.replace(/[0-9a-f]{60}\.session$/, `${'0'.repeat(60)}.session`)
  copyFileSync(scene.bobFile, unknown)
  t.is((await ask(scene.site, scene.bob)).text, 'hello bob')
})

test('a file that is put back after logout signs in nobody here, and elsewhere until it expires at most', async (t) => {
  const { site, ann, annFile, restart } = await openScene(t)
  const copy = readFileSync(annFile)
  const cookie = `sid=${ann.cookies.get('sid')}`
  await ann.get('/logout')
  writeFileSync(annFile, copy)
  t.is((await site.visit().get('/', { cookie })).text, STRANGER)
  const fresh = await restart()
  fresh.clock.advance(86_400_000 * 1.06)
  t.is((await fresh.visit().get('/', { cookie })).text, STRANGER)
})

test('an older version of a session is not taken for the newest', async (t) => {
  const { site, ann, annFile } = await openScene(t)
  const old = readFileSync(annFile)
  await ann.get('/put?name=later')
  writeFileSync(annFile, old)
  const page = await ann.get('/show')
  t.is(page.text, '{}')
  t.deepEqual(page.setCookies, [])
  t.true(site.events.some(({ name }) => name === 'corrupt'))
})

test('a session sealed under a key that was taken away is kept, and lives again with its key', async (t) => {
  const directory = makeTemporaryDirectory(t)
  const keyOf = (step: number): string =>
    Buffer.from(Array.from({ length: 32 }, (_, place) => (place * step) % 256)).toString('hex')
  const [mine, other] = [keyOf(7), keyOf(11)]
  const site = await openWebsite(t, shop, { directory, keys: mine })
  const ann = site.visit()
  await ann.get('/login?name=ann')
  const file = readFileSync(fileOf(directory, ann))
  const foreign = await openWebsite(t, shop, { directory, keys: other })
  const page = await ask(foreign, ann)
  t.is(page.text, STRANGER)
  t.deepEqual(page.setCookies, [])
  await foreign.sessions.clearExpired()
  t.deepEqual(readFileSync(fileOf(directory, ann)), file)
  const rotated = await openWebsite(t, shop, { directory, keys: [other, mine] })
  const back = await ask(rotated, ann)
  t.is(back.text, 'hello ann')
  t.is(back.setCookies.length, 1, 'the cookie is sealed anew')
})

// The frame's check is no signature. Whoever may write the disk can use up the sequence, and then the session can be neither saved nor ended.
test('a sequence that somebody used up does not keep a visitor from logging out', async (t) => {
  const { site, ann, annFile } = await openScene(t)
  const { frame } = decodeFile(readFileSync(annFile)) as DecodedFile
  writeFileSync(annFile, encodeFile({ ...frame, sequence: Number.MAX_SAFE_INTEGER }))
  t.is((await ask(site, ann, '/logout')).status, 200)
  t.is((await ask(site, ann)).text, STRANGER)
})
