import test, { type ExecutionContext } from 'ava'
import { nodeEnvironment } from '../../stores/file/environment.ts'
import type { FileSystem } from '../../stores/file/file-system.ts'
import { FileStore } from '../../stores/file.ts'
import { shop } from '../support/attacked-shop.ts'
import { fileOf, litter, sessionFiles } from '../support/data-folder.ts'
import { makeTemporaryDirectory } from '../support/temporary-directory.ts'
import { openWebsite } from '../support/website.ts'

/** Plays a disk that fails when told to. */
function failingDisk(): {
  fs: FileSystem
  fail: (calls: readonly string[], code?: string) => void
} {
  let broken: readonly string[] = []
  let error = 'EIO'
  const get = (target: FileSystem, key: string | symbol): unknown => {
    const member: unknown = Reflect.get(target, key)
    if (typeof member !== 'function' || !broken.includes(String(key))) return member
    return () =>
      Promise.reject(Object.assign(new Error(`${error}: ${String(key)}`), { code: error }))
  }
  const fs = new Proxy(nodeEnvironment.fs, { get })
  return {
    fs,
    fail: (calls, code = 'EIO') => {
      broken = calls
      error = code
    },
  }
}

/** A shop on a disk that fails when told to, and a visitor who has signed in. */
async function openShop(t: ExecutionContext) {
  const directory = makeTemporaryDirectory(t)
  const disk = failingDisk()
  const environment = { ...nodeEnvironment, fs: disk.fs, sockets: undefined }
  const openStore = (): FileStore => new FileStore({ directory, lockTimeout: 200 }, environment)
  const site = await openWebsite(t, shop, { store: openStore() })
  const ann = site.visit()
  await ann.get('/login')
  return { directory, disk, openStore, site, ann }
}

const READS = ['open', 'read', 'fstat']
const WRITES = ['mkdir', 'write', 'rename']

for (const code of ['EIO', 'EACCES', 'EMFILE', 'ENOSPC', 'EROFS', 'ELOOP', 'ENOTDIR', 'EINTR']) {
  test(`a disk that answers ${code} makes nobody a stranger, loses nothing and sends no cookie`, async (t) => {
    const { directory, disk, openStore, site, ann } = await openShop(t)
    for (const call of READS) {
      // Another process, which remembers nothing that it need not read.
      const cold = await openWebsite(t, shop, { store: openStore() })
      disk.fail([call], code)
      const page = await cold.visit().get('/put', { cookie: `sid=${ann.cookies.get('sid')}` })
      // A link has no session behind it: that is an answer, and no failure.
      const answer = code === 'ELOOP' && call === 'open' ? 500 : 503
      t.is(page.status, answer, `${code} of ${call}`)
      t.deepEqual(page.setCookies, [], `${code} of ${call}`)
      disk.fail([])
      t.is(
        (await cold.visit().get('/', { cookie: `sid=${ann.cookies.get('sid')}` })).text,
        'hello ann',
      )
    }
    for (const call of WRITES) {
      disk.fail([call], code)
      const known = await ann.get('/put?name=lost')
      const stranger = await site.visit().get('/put?name=lost')
      for (const page of [known, stranger]) {
        t.true([500, 503].includes(page.status), `${code} of ${call}: ${page.status}`)
        t.deepEqual(page.setCookies, [], `${code} of ${call}`)
      }
      disk.fail([])
      t.is((await ann.get('/show')).text, '{"user":"ann"}', `${code} of ${call}`)
    }
    t.is((await ann.get('/put?name=found')).status, 200)
    t.is((await ann.get('/show')).text, '{"user":"ann","cart":"found"}')
    t.deepEqual(sessionFiles(directory), [fileOf(directory, ann)])
    t.deepEqual(litter(directory), [])
  })
}

test('a logout that the disk refuses is no logout: 500, the cookie stays, and it works later', async (t) => {
  const { directory, disk, ann } = await openShop(t)
  disk.fail(['rename'], 'EIO')
  const page = await ann.get('/logout')
  t.is(page.status, 500)
  t.deepEqual(page.setCookies, [])
  disk.fail([])
  t.is((await ann.get('/')).text, 'hello ann')
  t.is((await ann.get('/logout')).status, 200)
  t.deepEqual(sessionFiles(directory), [])
})

test('a visit that only reads does not fail because its activity cannot be noted on a full disk', async (t) => {
  const { disk, site, ann } = await openShop(t)
  site.clock.advance(600_000)
  disk.fail(['write'], 'ENOSPC')
  const page = await ann.get('/')
  disk.fail([])
  t.is(page.status, 200)
})
