import { inspect } from 'node:util'
import test from 'ava'
import type { SessionError } from '../../lib/errors.ts'
import { session as createSessions, MemoryStore } from '../../lib/index.ts'
import type { SessionOptions } from '../../lib/options.ts'
import { shop } from '../support/attacked-shop.ts'
import { openWebsite } from '../support/website.ts'

const KEY = 'c0ffee5eed0123456789abcdef0fedcba9876543210ddba11f00dcafe4321abc'

const INJECTED = [
  'a\r\nX: y',
  'a; Domain=evil',
  'a,b',
  'a b',
  'a=b',
  '',
  'ä',
  '\0',
  '"a"',
  '__Host-a',
  '__secure-a',
  '../a',
  '.a',
  '$a\n',
  'a'.repeat(65),
]

test('no option lets anything into the header', (t) => {
  const refuse = (options: object, name: RegExp): void => {
    const error = t.throws<SessionError>(() =>
      createSessions({ store: new MemoryStore(), sweep: false, ...options } as SessionOptions),
    )
    t.is(error?.code, 'ERR_SESSION_OPTION', inspect(options))
    t.regex(error?.message ?? '', name)
  }
  for (const name of INJECTED) refuse({ cookie: { name } }, /cookie\.name/)
  for (const path of [
    '',
    'a',
    '/;a',
    '/\r\nX: y',
    '/ a',
    '/\0',
    '/ä',
    `/${'a'.repeat(1024)}`,
    ['/'],
    { toString: () => '/' },
  ]) {
    refuse({ cookie: { path } }, /cookie\.path/)
  }
  for (const domain of [
    '',
    'a;b',
    'a\r\nb',
    'a b',
    'a_b;',
    'é.de',
    '-',
    'a'.repeat(300),
    ['a.de'],
  ]) {
    refuse({ cookie: { domain } }, /cookie\.domain/)
  }
  for (const sameSite of ['Lax', 'lax; Secure', '', true, ['lax']])
    refuse({ cookie: { sameSite } }, /cookie\.sameSite/)
  for (const priority of ['High', 'high\r\n', ['high']])
    refuse({ cookie: { priority } }, /cookie\.priority/)
  for (const options of [
    { cookie: JSON.parse('{"__proto__":{"name":"x"}}') },
    JSON.parse('{"__proto__":{"durable":true}}'),
    { constructor: 1 },
    { toString: 1 },
  ]) {
    refuse(options, /only known names/)
  }
  for (const options of ['secret', [], null, 5])
    t.throws(() => createSessions(options as never), { code: 'ERR_SESSION_OPTION' })
})

// session('…') is how others are given a secret: describe() writes the text into the message.
test('a secret given in the place of the options is not in the message', (t) => {
  const error = t.throws(() => createSessions('correct horse battery staple' as never))
  t.false(error.message.includes('horse'), error.message)
})

test('an option that is read twice is not checked once and used another time', async (t) => {
  let reads = 0
  const cookie = {
    get name() {
      reads += 1
      return reads === 1 ? 'good' : 'bad\r\nX: y'
    },
  }
  const site = await openWebsite(t, shop, { cookie })
  const [line] = (await site.visit().get('/login')).setCookies
  t.regex(line ?? '', /^good=/)
})

const SECRETS: readonly (readonly [what: string, keys: unknown])[] = [
  ['secret', 'secret'],
  ['a phrase of examples', 'keyboard cat'],
  ['31 characters', 'q8Zr!mW3xP_v6Lk2Tn9Yc4Hd7Bf5Gj1'],
  ['one letter', 'a'.repeat(40)],
  ['an alphabet', 'abcdefghijklmnopqrstuvwxyz0123456789'],
  ['nothing', ''],
  ['blanks', ' '.repeat(40)],
  ['zeros', '0'.repeat(64)],
  ['zero bytes', Buffer.alloc(32)],
  ['31 bytes', Buffer.alloc(31, 'q8Zr!mW3xP_v6')],
  ['no keys', []],
  ['null', null],
  ['a weak second', [KEY, 'secret']],
  ['a list with an empty end', `${KEY},`],
  ['a number', 5],
  ['an object', { key: KEY }],
  ['true', true],
]

test('weak and broken secrets stop the start, and no message shows one', (t) => {
  for (const [what, keys] of SECRETS) {
    const error = t.throws<SessionError>(
      () => createSessions({ keys: keys as never, store: new MemoryStore(), sweep: false }),
      undefined,
      what,
    )
    t.regex(error?.code ?? '', /^ERR_SESSION_(KEY_WEAK|OPTION)$/, what)
    for (const secret of [keys, 'q8Zr', KEY]) {
      if (typeof secret === 'string' && secret.trim().length > 6)
        t.false(error?.message.includes(secret), what)
    }
  }
  for (const keys of [KEY, Buffer.from(KEY, 'hex').toString('base64'), Buffer.from(KEY, 'hex')]) {
    t.notThrows(() => createSessions({ keys, store: new MemoryStore(), sweep: false }))
  }
})

test('weak secrets in the environment stop the start too', async (t) => {
  for (const variables of [
    { SESSION_KEYS: '' },
    { SESSION_KEYS: 'undefined' },
    { SESSION_SECRET: 'changeme' },
    { SESSION_SECRET: '' },
  ]) {
    await t.throwsAsync(openWebsite(t, shop, { store: new MemoryStore() }, { variables }), {
      code: 'ERR_SESSION_KEY_WEAK',
    })
  }
})
