import test from 'ava'
import fc from 'fast-check'
import { SessionCookie } from '../../lib/cookie.ts'
import { Keyring } from '../../lib/keyring.ts'
import { resolveOptions } from '../../lib/options.ts'
import { drawCookie, openShop } from '../support/forger.ts'
import { isWhole } from '../support/proof.ts'

const STRANGER = 'hello stranger'
/** Of 100 headers each. */
const ROUNDS = isWhole ? 40 : 12

test('whatever the Cookie header is made of, it is read as the plain rules say', async (t) => {
  const { site, attacker, ann, bob } = await openShop(t)
  const text = fc
    .string({
      unit: fc.integer({ min: 0x20, max: 0xff }).map((code) => String.fromCharCode(code)),
      maxLength: 12,
    })
    .map((junk) => junk.replaceAll('\x7f', '~'))
  const blank = fc.constantFrom('', ' ', '\t', '  ', '\xa0', ' \t ')
  const name = fc.oneof(
    { weight: 6, arbitrary: fc.constant('sid') },
    text,
    fc.constantFrom('Sid', 'sid.sig', '__proto__'),
  )
  const cut = fc
    .tuple(fc.constantFrom(ann, bob), fc.nat(70))
    .map(([value, end]) => value.slice(0, end))
  const value = fc.oneof(
    fc.constantFrom(ann, bob),
    fc.constant(ann),
    cut,
    text,
    fc.constant(drawCookie()),
  )
  const pair = fc.tuple(
    blank,
    name,
    blank,
    fc.constantFrom('=', '=', '=', '', '=='),
    blank,
    value,
    blank,
  )
  const header = fc
    .array(fc.oneof({ weight: 3, arbitrary: pair.map((parts) => parts.join('')) }, text), {
      minLength: 1,
      maxLength: 6,
    })
    .map((pairs) => pairs.join(';'))
  const trim = (part: string): string => part.replace(/^[ \t]+|[ \t]+$/g, '')
  const readPlainly = (line: string): string => {
    const pairs = line.split(';').map((part) => part.split(/=(.*)/s))
    const given = pairs.filter(([key, rest]) => trim(key as string) === 'sid' && rest !== undefined)
    const known = new Set(
      given.map(([, rest]) => trim(rest as string)).filter((one) => one === ann || one === bob),
    )
    if (known.size !== 1) return STRANGER
    return known.has(ann) ? 'hello ann' : 'hello bob'
  }
  const seen = { ann: 0, bob: 0, stranger: 0 }
  await fc.assert(
    fc.asyncProperty(fc.array(header, { minLength: 100, maxLength: 100 }), async (headers) => {
      const answers = await attacker.knockOften('/', headers)
      t.is(answers.length, headers.length)
      for (const [index, { body, setCookies }] of answers.entries()) {
        const wanted = readPlainly(headers[index] as string)
        if (body !== wanted) throw new Error(`${JSON.stringify(headers[index])} gave ${body}`)
        if (setCookies.length > 0) throw new Error('a cookie was sent')
        seen[wanted.slice(6) as keyof typeof seen] += 1
      }
    }),
    { numRuns: ROUNDS, endOnFailure: true },
  )
  const wanted = seen.ann > 5 * ROUNDS && seen.bob > 2.5 * ROUNDS && seen.stranger > 12.5 * ROUNDS
  t.true(wanted, JSON.stringify(seen))
  t.deepEqual(site.errors, [])
})

test('a header full of junk costs next to nothing, and a forged cookie some microseconds', async (t) => {
  const keyring = new Keyring(
    { load: async () => [Buffer.from(Array.from({ length: 32 }, (_, i) => i))] },
    'sid',
    () => 0,
  )
  await keyring.ready()
  const cookie = new SessionCookie(resolveOptions().cookie, false, () => undefined)
  const cost = (header: string, rounds: number): number => {
    const request = {
      headers: { host: 'localhost', cookie: header },
      socket: { remoteAddress: '127.0.0.1' },
      httpVersion: '1.1',
    }
    let best = Number.POSITIVE_INFINITY
    for (let attempt = 0; attempt < 20; attempt += 1) {
      const begun = performance.now()
      for (let round = 0; round < rounds; round += 1) {
        cookie.read(cookie.values(request as never), keyring)
      }
      best = Math.min(best, (performance.now() - begun) / rounds)
    }
    return best * 1000
  }
  const junk = {
    forged: cost(`sid=${drawCookie()}`, 2000),
    malformed: cost('sid=x', 2000),
    semicolons: cost(`sid=${';'.repeat(16_000)}`, 50),
    equals: cost(`sid${'='.repeat(16_000)}`, 50),
    blanks: cost(`sid=${' \t'.repeat(8000)};${' '.repeat(8000)}sid`, 50),
    manyShort: cost(Array.from({ length: 2600 }, (_, index) => `sid=${index % 99}`).join(';'), 50),
    others: cost(Array.from({ length: 2000 }, (_, index) => `a${index}=1`).join('; '), 50),
  }
  t.log(junk)
  t.true(junk.forged < 40, 'a forged cookie, which takes some 5 µs where nothing else runs')
  for (const [shape, microseconds] of Object.entries(junk)) t.true(microseconds < 4000, shape)
})

test('a header full of forged cookies of the right form costs each of them once, and has an end', async (t) => {
  let verified = 0
  const keys = {
    recognizeCookie: () => undefined,
    verifyCookie: () => {
      verified += 1
      return undefined
    },
  }
  const cookie = new SessionCookie(resolveOptions().cookie, false, () => undefined)
  const header = Array.from({ length: 230 }, () => `sid=${drawCookie()}`).join(';')
  const request = {
    headers: { host: 'localhost', cookie: header },
    socket: { remoteAddress: '127.0.0.1' },
    httpVersion: '1.1',
  }
  cookie.read(cookie.values(request as never), keys)
  t.is(verified, 230, 'each once, since the last may be the right one')
  const flood = Array.from({ length: 3000 }, () => `sid=${drawCookie()}`).join(';')
  const flooded = { ...request, headers: { host: 'localhost', cookie: flood } }
  cookie.read(cookie.values(flooded as never), keys)
  t.is(verified, 230 + 256, 'where Node was told to take more, there is an end to it')
})
