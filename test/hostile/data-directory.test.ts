import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test, { type ExecutionContext } from 'ava'
import type { SessionError } from '../../lib/errors.ts'
import { shop } from '../support/attacked-shop.ts'
import { cookieOf, listTree, sessionFiles } from '../support/data-folder.ts'
import { openNeighbour } from '../support/default-store.ts'
import { startServer } from '../support/server-process.ts'
import { deleteDirectory, makeTemporaryDirectory } from '../support/temporary-directory.ts'
import { until } from '../support/waiting.ts'
import { openWebsite, type Website } from '../support/website.ts'

const STRANGER = 'hello stranger'

/** A shop that shares its data directory, below `root`, with another process, and a visitor who has signed in. */
async function openShop(t: ExecutionContext) {
  const root = makeTemporaryDirectory(t)
  const directory = join(root, 'data')
  await openNeighbour(t, directory)
  const site = await openWebsite(t, shop, { directory })
  const ann = site.visit()
  await ann.get('/login')
  return { root, directory, site, ann }
}

async function assertWorks(t: ExecutionContext, site: Website, what: string): Promise<void> {
  const browser = site.visit()
  const page = await browser.get('/login?name=new')
  if (page.status !== 200) t.log(site.errors)
  t.is(page.status, 200, what)
  t.is((await browser.get('/')).text, 'hello new', what)
  t.is((await browser.get('/logout')).status, 200, what)
}

async function assertRefused(
  t: ExecutionContext,
  directory: string,
  message: RegExp,
): Promise<void> {
  const site = await openWebsite(t, shop, { directory })
  const error = await t.throwsAsync<SessionError>(site.sessions.ready())
  t.is(error?.code, 'ERR_SESSION_DIRECTORY')
  t.regex(error?.message ?? '', message)
  t.false(error?.message.includes(directory))
  t.is((await site.visit().get('/put')).status, 503)
}

test('a data directory that is a link, a file or below one that everybody may write is refused', async (t) => {
  const root = makeTemporaryDirectory(t)
  const real = join(root, 'real')
  mkdirSync(real)
  symlinkSync(real, join(root, 'link'))
  await assertRefused(t, join(root, 'link'), /symbolic link|not a link/)
  writeFileSync(join(root, 'file'), '')
  await assertRefused(t, join(root, 'file'), /is not a directory/)
  await assertRefused(t, join(root, 'file/below'), /is below a file/)
  const open = join(root, 'open')
  mkdirSync(open)
  chmodSync(open, 0o777)
  await assertRefused(t, join(open, 'data'), /everybody may write/)
  mkdirSync(join(root, 'inner'), { mode: 0o700 })
  symlinkSync(real, join(root, 'inner/sid'))
  await assertRefused(t, join(root, 'inner'), /symbolic link/)
})

test('the message on a data directory that is a file speaks of the directory', async (t) => {
  const root = makeTemporaryDirectory(t)
  writeFileSync(join(root, 'file'), '')
  await assertRefused(t, join(root, 'file'), /'file' is not a directory/)
})

// The same: keys are made where they were not to be, through a link or in a directory that others may exchange.
test('no key is made through a data directory that is refused', async (t) => {
  const root = makeTemporaryDirectory(t)
  mkdirSync(join(root, 'real'))
  symlinkSync(join(root, 'real'), join(root, 'link'))
  const site = await openWebsite(t, shop, { directory: join(root, 'link') })
  await t.throwsAsync(site.sessions.ready(), { code: 'ERR_SESSION_DIRECTORY' })
  t.deepEqual(listTree(join(root, 'real')), [])
})

// FileStore.read() does not prepare the directory: only ready() and a commit look whether it is one that may be used.
test('no session is read from a data directory that is refused', async (t) => {
  const root = makeTemporaryDirectory(t)
  const site = await openWebsite(t, shop, { directory: join(root, 'real') })
  const ann = site.visit()
  await ann.get('/login')
  symlinkSync(join(root, 'real'), join(root, 'link'))
  const linked = await openWebsite(t, shop, { directory: join(root, 'link') })
  const page = await linked.visit().get('/', { cookie: `sid=${cookieOf(ann)}` })
  t.is(page.status, 503)
})

const testAsRoot = process.getuid?.() === 0 ? test : test.skip

testAsRoot(
  'a data directory of another user is refused (skipped where we are not root)',
  async (t) => {
    const root = makeTemporaryDirectory(t)
    const theirs = join(root, 'theirs')
    mkdirSync(theirs)
    chownSync(theirs, 65_534, 65_534)
    await assertRefused(t, theirs, /belongs to user 65534|a directory of the user/)
  },
)

test('deleting the data directory under a running site logs everybody out, and harms nothing', async (t) => {
  const { directory, site, ann } = await openShop(t)
  for (const part of ['', 'sid', 'sid']) {
    deleteDirectory(join(directory, part))
    site.clock.advance(2000)
    // The neighbour may find the new directory later than we do: until then we are alone there, and
    // look at a file that we know once a second.
    await until(async () => {
      const page = await ann.get('/')
      t.is(page.status, 200)
      return page.text === STRANGER
    })
    await assertWorks(t, site, part)
    t.deepEqual(sessionFiles(directory), [])
    await ann.get('/login')
  }
})

test('renaming the data directory away and back loses nobody', async (t) => {
  const { root, directory, site, ann } = await openShop(t)
  renameSync(directory, join(root, 'away'))
  t.is((await site.visit().get('/', { cookie: `sid=${cookieOf(ann)}` })).status, 200)
  deleteDirectory(directory)
  renameSync(join(root, 'away'), directory)
  t.is((await ann.get('/')).text, 'hello ann')
  await assertWorks(t, site, 'after the way back')
})

test('a file in the place of the data directory makes 503, and its end ends that', async (t) => {
  const { root, directory, site, ann } = await openShop(t)
  renameSync(directory, join(root, 'away'))
  writeFileSync(directory, '')
  const page = await ann.get('/')
  t.deepEqual([page.status, page.setCookies], [503, []])
  const stranger = await site.visit().get('/put')
  t.true(stranger.status >= 500)
  t.deepEqual(stranger.setCookies, [])
  rmSync(directory)
  renameSync(join(root, 'away'), directory)
  t.is((await ann.get('/')).text, 'hello ann')
})

test('a shard that became a link or a file signs nobody in', async (t) => {
  const { directory, site, ann } = await openShop(t)
  const shard = join(sessionFiles(directory)[0] as string, '..')
  deleteDirectory(shard)
  writeFileSync(shard, '')
  const page = await ann.get('/')
  t.true(page.text === STRANGER || page.status === 503)
  await ann.get('/logout')
  rmSync(shard)
  symlinkSync('/etc', shard)
  t.is((await site.visit().get('/')).status, 200)
  t.not((await ann.get('/')).text, 'hello ann')
})

/** Whether Node, these tests and the temporary folder lie where that user may come. */
function mayRunHere(uid: number): boolean {
  const script = 'process.argv.slice(1).forEach((path) => fs.accessSync(path))'
  const words = ['-e', script, fileURLToPath(import.meta.url), tmpdir()]
  return spawnSync(process.execPath, words, { cwd: '/', uid, gid: uid }).status === 0
}

const NOBODY = process.getuid?.() === 0 ? 65_534 : undefined
const isOurs = NOBODY !== undefined && !mayRunHere(NOBODY)
const testAsUser = isOurs ? test.skip : test
const skipped = isOurs
  ? ' (skipped: only root can reach Node, this clone or the temporary folder)'
  : ''

testAsUser(
  `a directory that may not be entered any more makes 503 and nobody a stranger${skipped}`,
  async (t) => {
    const root = makeTemporaryDirectory(t)
    const directory = join(root, 'data')
    mkdirSync(directory)
    if (NOBODY !== undefined) for (const path of [root, directory]) chownSync(path, NOBODY, NOBODY)
    const user = NOBODY === undefined ? {} : { uid: NOBODY }
    const server = await startServer(t, { directory }, user)
    const ann = server.visit()
    t.is((await ann.get('/login')).status, 200, server.complaints())
    // With a neighbour the server looks at each file on each visit.
    const neighbour = await startServer(t, { directory }, user)
    t.is((await neighbour.visit().get('/login')).status, 200, neighbour.complaints())
    chmodSync(join(directory, 'sid'), 0)
    const page = await ann.get('/')
    t.deepEqual([page.status, page.setCookies], [503, []])
    const stranger = await server.visit().get('/put')
    t.true(stranger.status >= 500)
    t.deepEqual(stranger.setCookies, [])
    chmodSync(join(directory, 'sid'), 0o700)
    t.is((await ann.get('/')).text, 'hello ann')
    t.false(server.complaints().includes(directory))
  },
)
