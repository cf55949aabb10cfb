import test from 'ava'
import type { Store } from '../../lib/store.ts'
import { MemoryStore } from '../../stores/memory.ts'
import { shop } from '../support/attacked-shop.ts'
import { Attacker } from '../support/attacker.ts'
import { cookieOf, listTree } from '../support/data-folder.ts'
import { drawCookie, LETTERS, openShop, signIn } from '../support/forger.ts'
import { everyNth, isWhole, strideOf } from '../support/proof.ts'
import { makeTemporaryDirectory } from '../support/temporary-directory.ts'
import { openWebsite } from '../support/website.ts'

const STRANGER = 'hello stranger'
/** Of 250 visits each. */
const ROUNDS = isWhole ? 40 : 4

/** Plays a store that notes what it is asked. */
function watchStore(store: Store): { store: Store; calls: string[] } {
  const calls: string[] = []
  const get = (target: Store, key: string | symbol): unknown => {
    const member: unknown = Reflect.get(target, key)
    if (typeof member !== 'function') return member
    return (...given: unknown[]) => {
      calls.push(String(key))
      return Reflect.apply(member, target, given)
    }
  }
  return { store: new Proxy(store, { get }), calls }
}

test(`${250 * ROUNDS} visits that store nothing leave no file and no cookie`, async (t) => {
  const directory = makeTemporaryDirectory(t)
  const site = await openWebsite(t, shop, { directory })
  const attacker = new Attacker(site.origin)
  const cookies = Array.from({ length: 250 }, () => 'other=1')
  for (let round = 0; round < ROUNDS; round += 1) {
    const path = ['/', '/show', '/logout'][round % 3] as string
    const answers = await attacker.knockOften(path, cookies)
    t.is(answers.length, 250)
    t.true(answers.every(({ status, setCookies }) => status === 200 && setCookies.length === 0))
  }
  t.deepEqual(listTree(directory), [])
})

test(`${250 * ROUNDS} forged cookies of the right form reach no store, and are answered with none`, async (t) => {
  const { store, calls } = watchStore(new MemoryStore())
  const site = await openWebsite(t, shop, { store })
  const attacker = new Attacker(site.origin)
  for (let round = 0; round < ROUNDS; round += 1) {
    const forged = Array.from({ length: 250 }, () => `sid=${drawCookie()}`)
    const answers = await attacker.knockOften('/', forged)
    t.is(answers.length, 250)
    t.true(answers.every(({ body, setCookies }) => body === STRANGER && setCookies.length === 0))
  }
  t.deepEqual(calls, [])
  t.is(site.events.filter(({ name }) => name === 'forged').length, 250 * ROUNDS)
})

test('a forged cookie is never adopted: what is stored then has an id of our own', async (t) => {
  const { site } = await openShop(t)
  const forged = drawCookie()
  const victim = site.visit()
  victim.cookies.set('sid', forged)
  await victim.get('/put?name=apple')
  t.not(cookieOf(victim), forged)
  t.is((await victim.get('/show')).text, '{"cart":"apple"}')
  t.is((await site.visit().get('/show', { cookie: `sid=${forged}` })).text, '{}')
})

test('no cookie that differs in one character from a valid one is accepted', async (t) => {
  const { attacker, ann } = await openShop(t)
  for (let place = 0; place < 64; place += 1) {
    const others = [...`${LETTERS}+/=.%"~`].filter((letter) => letter !== ann[place])
    // In each place others, and all of them before long.
    const changed = everyNth(others, strideOf(6), place).map(
      (letter) => `sid=${ann.slice(0, place)}${letter}${ann.slice(place + 1)}`,
    )
    const answers = await attacker.knockOften('/', changed)
    t.is(answers.length, changed.length)
    t.true(answers.every(({ body, setCookies }) => body === STRANGER && setCookies.length === 0))
  }
})

test('no other spelling of a valid value is accepted', async (t) => {
  const { attacker, ann } = await openShop(t)
  const base64 = Buffer.from(ann, 'base64url').toString('base64')
  const spellings = [
    `"${ann}"`,
    `'${ann}'`,
    `${ann}=`,
    `${ann}==`,
    `%${ann.charCodeAt(0).toString(16)}${ann.slice(1)}`,
    `${ann}\xa0`,
    `\xa0${ann}`,
    `\xe2\x80\x80${ann}`,
    `${ann},x`,
    `${ann} x`,
    `${ann}.${ann}`,
    `s:${ann}`,
    `j:"${ann}"`,
    ann.slice(0, 63),
    `${ann}A`,
    ann.slice(0, 43),
    ann.toLowerCase(),
    ann.toUpperCase(),
    ...(base64 === ann ? [] : [base64]),
    Buffer.from(ann, 'base64url').toString('hex'),
  ]
  const answers = await attacker.knockOften(
    '/',
    spellings.map((value) => `sid=${value}`),
  )
  t.deepEqual(
    answers.map(({ body }) => body),
    spellings.map(() => STRANGER),
  )
})

test('no other spelling of the name is accepted', async (t) => {
  const { attacker, ann } = await openShop(t)
  const names = [
    'SID',
    'Sid',
    '__Host-sid',
    '__host-sid',
    '__Secure-sid',
    '__HOST-sid',
    'xsid',
    'sidx',
    'x-sid',
    'sid.sig',
    '\xa0sid',
    'sid\xa0',
    '\xe2\x80\x80sid',
    '\xef\xbb\xbfsid',
    '\x85sid',
    '%73id',
    '"sid"',
    '$sid',
    'sid[]',
    'sid[0]',
    's id',
    '',
    '=sid',
    'sid=',
    'sid==',
    '$Version=1, sid',
    'a,sid',
    'a&sid',
    'sid:',
  ]
  const answers = await attacker.knockOften(
    '/',
    names.map((name) => `${name}=${ann}`),
  )
  for (const [index, { body }] of answers.entries()) t.is(body, STRANGER, names[index])
  t.is(answers.length, names.length)
})

test('the cookie is found among others, with spaces and tabs around it and in a header of its own', async (t) => {
  const { attacker, ann } = await openShop(t)
  const shapes = [
    `sid=${ann}`,
    `  sid=${ann}  `,
    `\tsid\t=\t${ann}\t`,
    `;;;sid=${ann};;`,
    `a;sid=${ann};=;b`,
    `a="x; sid=${ann}; y"`,
    `$Version=1; sid=${ann}; $Path=/`,
    `sid=;sid=${ann}`,
    `sid=${ann};sid=${ann}`,
    `sid=${drawCookie()}; sid=${ann}`,
    `sid=${ann}; sid=${drawCookie()}`,
    `sid=${'x'.repeat(8000)}; sid=${ann}`,
  ]
  for (const shape of shapes) t.is((await attacker.knock('/', shape)).body, 'hello ann', shape)
  const split = await attacker.get('/', ['Cookie: a=1', `Cookie: sid=${ann}`, 'COOKIE: b=2'])
  t.is(split.body, 'hello ann')
})

test('two valid cookies of different sessions are refused, and neither is cleared', async (t) => {
  const { site, attacker, ann, bob } = await openShop(t)
  for (const both of [`sid=${ann}; sid=${bob}`, `sid=${bob}; x=1; sid=${ann}; sid=${bob}`]) {
    const answer = await attacker.knock('/', both)
    t.is(answer.body, STRANGER)
    t.deepEqual(answer.setCookies, [])
  }
  t.deepEqual(site.events.at(-1), { name: 'forged', reason: 'ambiguous' })
  t.is((await attacker.knock('/', `sid=${ann}`)).body, 'hello ann')
})

test('the id is taken from the cookie alone', async (t) => {
  const { site, attacker, ann } = await openShop(t)
  const elsewhere = [
    await attacker.get(`/?sid=${ann}`),
    await attacker.get(`/;sid=${ann}`),
    await attacker.get('/', [`Authorization: Bearer ${ann}`]),
    await attacker.get('/', [`Set-Cookie: sid=${ann}`]),
    await attacker.get('/', [`Cookie2: sid=${ann}`, `X-Cookie: sid=${ann}`, `sid: ${ann}`]),
  ]
  for (const { body } of elsewhere) t.false(body.includes('ann'), body)
  const form = await site.visit().post('/', { sid: ann })
  t.is(form.text, STRANGER)
})

test('a name of development is nothing to a request that came through a proxy, or in production', async (t) => {
  const { attacker, ann } = await openShop(t)
  const proxied = await attacker.get('/', ['X-Forwarded-Proto: https', `Cookie: sid=${ann}`])
  t.is(proxied.body, STRANGER)
  const live = await openWebsite(t, shop, {}, { isProduction: () => true })
  const victim = new Attacker(live.origin)
  const [line = ''] = (await victim.get('/login')).setCookies
  t.regex(line, /^__Host-sid=[\w-]{64}; Path=\/; HttpOnly; Secure; SameSite=Lax$/)
  const value = line.slice('__Host-sid='.length).slice(0, 64)
  t.is((await victim.knock('/', `sid=${value}`)).body, STRANGER)
  t.is((await victim.knock('/', `__Secure-sid=${value}`)).body, STRANGER)
  t.is((await victim.knock('/', `__host-sid=${value}`)).body, STRANGER)
  t.is((await victim.knock('/', `__Host-sid=${value}`)).body, 'hello ann')
})

test('the cookie of one application is nothing to another with the same keys and another name', async (t) => {
  const store = new MemoryStore()
  const shopA = await openWebsite(t, shop, { store, cookie: { name: 'a' } })
  const shopB = await openWebsite(t, shop, { store, cookie: { name: 'b' } })
  const browser = await signIn(shopA, 'ann')
  const value = browser.cookies.get('a')
  t.is((await new Attacker(shopA.origin).knock('/', `a=${value}`)).body, 'hello ann')
  t.is((await new Attacker(shopB.origin).knock('/', `b=${value}`)).body, STRANGER)
})

test('paths in the cookie lead nowhere', async (t) => {
  const directory = makeTemporaryDirectory(t)
  const site = await openWebsite(t, shop, { directory })
  const attacker = new Attacker(site.origin)
  const paths = [
    '../../../etc/passwd',
    '..%2f..%2fetc%2fpasswd',
    'C:\\x',
    '/etc/passwd',
    '.',
    '..',
    '',
    '~',
  ]
  const wide = [
    ...paths.map((path) => path.padEnd(64, 'A')),
    '/'.repeat(64),
    '.'.repeat(64),
    '../'.repeat(22),
  ]
  for (const value of [...paths, ...wide]) {
    t.is((await attacker.knock('/', `sid=${value}`)).body, STRANGER)
  }
  t.is((await attacker.knock('/', `sid=${'A'.repeat(32)}\0${'A'.repeat(31)}`)).status, 400)
  const files = listTree(directory)
  t.true(
    files.every((path) => path.startsWith('keys') || path === '.gitignore'),
    files.join(),
  )
})

test('a cookie that is too long is refused: by us without work, or by Node with 431', async (t) => {
  const { site, attacker } = await openShop(t)
  t.is((await attacker.knock('/', `sid=${'A'.repeat(8000)}`)).body, STRANGER)
  t.is((await attacker.knock('/', `sid=${'A'.repeat(17_000)}`)).status, 431)
  t.is((await site.visit().get('/')).text, STRANGER)
})
