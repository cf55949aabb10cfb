import {
  chmodSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import type { SessionError } from '../../lib/errors.ts'
import { shop } from '../support/attacked-shop.ts'
import { cookieOf, fileOf, sessionFiles } from '../support/data-folder.ts'
import { makeTemporaryDirectory } from '../support/temporary-directory.ts'
import { openWebsite, type Website } from '../support/website.ts'

const STRANGER = 'hello stranger'
const FORGED = { cookie: `sid=${'A'.repeat(64)}` }

interface Scene {
  readonly directory: string
  readonly ring: string
  readonly site: Website
}

async function openScene(t: ExecutionContext): Promise<Scene> {
  const directory = join(makeTemporaryDirectory(t), 'data')
  const site = await openWebsite(t, shop, { directory })
  await site.sessions.ready()
  return { directory, ring: join(directory, 'keys/keyring.json'), site }
}

/** What may stand where the ring was, and never makes a new one. */
const BROKEN: readonly (readonly [what: string, put: (ring: string, whole: Buffer) => void])[] = [
  ['empty', (ring) => writeFileSync(ring, '')],
  ['cut off', (ring, whole) => writeFileSync(ring, whole.subarray(0, 40))],
  ['text', (ring) => writeFileSync(ring, 'keys')],
  ['null', (ring) => writeFileSync(ring, 'null')],
  ['without keys', (ring) => writeFileSync(ring, '{"v":1,"keys":[]}')],
  [
    'another version',
    (ring, whole) => writeFileSync(ring, whole.toString().replace('"v":1', '"v":2')),
  ],
  [
    'a key changed',
    (ring, whole) => writeFileSync(ring, whole.toString().replace(/"key":"../, '"key":"__')),
  ],
  [
    'a weak key',
    (ring) =>
      writeFileSync(
        ring,
        JSON.stringify({ v: 1, keys: [{ id: '00000000', key: 'A'.repeat(43) }] }),
      ),
  ],
  ['polluted', (ring) => writeFileSync(ring, '{"v":1,"__proto__":{"keys":[1]}}')],
  ['huge', (ring) => writeFileSync(ring, ' '.repeat(70_000))],
  [
    'a link',
    (ring, whole) => {
      writeFileSync(`${ring}.real`, whole, { mode: 0o600 })
      unlinkSync(ring)
      symlinkSync(`${ring}.real`, ring)
    },
  ],
  [
    'a directory',
    (ring) => {
      unlinkSync(ring)
      mkdirSync(ring)
    },
  ],
]

for (const [what, put] of BROKEN) {
  test(`a key ring that is broken (${what}) stops a start, and is never replaced`, async (t) => {
    const { directory, ring, site } = await openScene(t)
    const ann = site.visit()
    await ann.get('/login')
    const whole = readFileSync(ring)
    put(ring, whole)
    const next = await openWebsite(t, shop, { directory })
    const error = await t.throwsAsync<SessionError>(next.sessions.ready(), {
      code: 'ERR_SESSION_KEY_FILE',
    })
    t.false(error?.message.includes(directory))
    const page = await next.visit().get('/', { cookie: `sid=${cookieOf(ann)}` })
    t.deepEqual([page.status, page.setCookies, page.headers.get('retry-after')], [503, [], '1'])
    t.true((await next.visit().get('/put')).status >= 500)
    // Who runs already goes on: neither a good cookie nor a forged one brings it down.
    site.clock.advance(5000)
    t.true([200, 503].includes((await site.visit().get('/', FORGED)).status))
    t.is((await ann.get('/')).text, 'hello ann')
    rmSync(ring, { recursive: true })
    writeFileSync(ring, whole, { mode: 0o600 })
    t.is((await next.visit().get('/', { cookie: `sid=${cookieOf(ann)}` })).text, 'hello ann')
    site.clock.advance(5000)
    t.is((await site.visit().get('/', FORGED)).text, STRANGER)
    t.is(sessionFiles(directory).length, 1)
  })
}

test('a key ring that others could read is narrowed, and works', async (t) => {
  const { directory, ring, site } = await openScene(t)
  const ann = site.visit()
  await ann.get('/login')
  chmodSync(ring, 0o644)
  const next = await openWebsite(t, shop, { directory })
  t.is((await next.visit().get('/', { cookie: `sid=${cookieOf(ann)}` })).text, 'hello ann')
})

test('a key ring exchanged under a running site ends what the old one signed, within a second, and nothing else', async (t) => {
  const { ring, site } = await openScene(t)
  const other = await openScene(t)
  const ann = site.visit()
  await ann.get('/login')
  writeFileSync(ring, readFileSync(other.ring))
  site.clock.advance(2000)
  await site.visit().get('/', FORGED)
  const page = await ann.get('/')
  t.deepEqual([page.status, page.text, page.setCookies], [200, STRANGER, []])
  const bob = site.visit()
  await bob.get('/login?name=bob')
  t.is((await bob.get('/')).text, 'hello bob')
})

test('a key ring removed under a running site leaves it running', async (t) => {
  const { ring, directory, site } = await openScene(t)
  rmSync(ring)
  for (let round = 0; round < 3; round += 1) {
    site.clock.advance(2000)
    t.is((await site.visit().get('/', FORGED)).text, STRANGER)
    const bob = site.visit()
    t.is((await bob.get('/login?name=bob')).status, 200)
    t.is((await bob.get('/')).text, 'hello bob')
    const next = await openWebsite(t, shop, { directory })
    t.is(
      (await next.visit().get('/', { cookie: `sid=${cookieOf(bob)}` })).text,
      'hello bob',
      'another process has the same key',
    )
  }
})

test('a stolen disk with its key ring shows neither an id nor a name nor data', async (t) => {
  const { directory, ring, site } = await openScene(t)
  const ann = site.visit()
  await ann.get('/put?name=S3CRET-cart')
  await ann.get('/login?name=S3CRET-ann')
  const file = fileOf(directory, ann)
  const bytes = readFileSync(file)
  const id = Buffer.from(cookieOf(ann), 'base64url')
  const { key } = JSON.parse(readFileSync(ring, 'utf8')).keys[0] as { key: string }
  for (const secret of [
    id.subarray(0, 32),
    id.subarray(32),
    Buffer.from('S3CRET'),
    Buffer.from('user'),
    Buffer.from(key, 'base64url'),
  ]) {
    t.is(bytes.indexOf(secret), -1)
  }
  t.false(file.includes(id.subarray(0, 8).toString('hex')))
  const again = site.visit()
  await again.get('/login?name=S3CRET-ann')
  t.not(
    readFileSync(fileOf(directory, again)).subarray(0, 200).equals(bytes.subarray(0, 200)),
    true,
  )
})
