import test, { type ExecutionContext } from 'ava'
import { SessionError } from '../lib/errors.ts'
import { session } from '../lib/index.ts'
import { DEFAULTS, resolveOptions } from '../lib/options.ts'
import { MemoryStore } from '../stores/memory.ts'

/** Gives an option a value that is none of its own, as JavaScript lets people do. */
function refuse(t: ExecutionContext, options: unknown, message: string): void {
  const error = t.throws(() => resolveOptions(options as object), {
    instanceOf: SessionError,
    code: 'ERR_SESSION_OPTION',
  })
  t.is(error?.message, message)
}

/** The same for an option of the cookie. */
function refuseCookie(t: ExecutionContext, cookie: unknown, message: string): void {
  refuse(t, { cookie }, message)
}

const COMPLETE = {
  directory: '.sessions',
  store: undefined,
  keys: undefined,
  idle: 86_400_000,
  absolute: 14 * 86_400_000,
  cookie: {
    name: 'sid',
    path: '/',
    domain: undefined,
    sameSite: 'lax',
    secure: 'auto',
    persistent: false,
    partitioned: false,
    priority: undefined,
  },
  sweep: 600_000,
  durable: false,
  maxBytes: 65_536,
  regenerateOn: [['user'], ['userId'], ['uid'], ['passport'], ['role'], ['roles'], ['isAdmin']],
} as const

test('no options are the defaults', (t) => {
  t.deepEqual(resolveOptions(), COMPLETE)
  t.deepEqual(resolveOptions({}), COMPLETE)
})

test('the defaults are options that give the defaults', (t) => {
  t.deepEqual(resolveOptions(DEFAULTS), COMPLETE)
})

test('undefined is as good as absent', (t) => {
  const names = [...Object.keys(DEFAULTS), 'store', 'keys']
  t.deepEqual(resolveOptions(Object.fromEntries(names.map((name) => [name, undefined]))), COMPLETE)
  const attributes = [...Object.keys(DEFAULTS.cookie), 'domain', 'partitioned', 'priority']
  const cookie = Object.fromEntries(attributes.map((name) => [name, undefined]))
  t.deepEqual(resolveOptions({ cookie }), COMPLETE)
})

test('null is not absent', (t) => {
  refuse(t, null, 'Expected the options to be an object, got null')
  refuseCookie(t, null, "Expected the option 'cookie' to be an object, got null")
  for (const name of Object.keys(DEFAULTS)) {
    t.throws(() => resolveOptions({ [name]: null }), { message: /, got null$/ }, name)
  }
  for (const name of [...Object.keys(DEFAULTS.cookie), 'domain', 'partitioned', 'priority']) {
    t.throws(() => resolveOptions({ cookie: { [name]: null } }), { message: /, got null$/ }, name)
  }
})

test('every option is taken over', (t) => {
  const store = new MemoryStore()
  const keys = ['a', 'b']
  const directory = new URL('file:///srv/sessions')
  const resolved = resolveOptions({
    directory,
    store,
    keys,
    idle: '30m',
    absolute: 3_600_000,
    cookie: { name: 'app.s-id_1', path: '/app', domain: 'example.org', priority: 'high' },
    sweep: false,
    durable: true,
    maxBytes: 1024,
    regenerateOn: ['account', ['passport', 'user']],
  })
  t.is(resolved.directory, directory)
  t.is(resolved.store, store)
  t.is(resolved.keys, keys)
  t.is(resolved.idle, 1_800_000)
  t.is(resolved.absolute, 3_600_000)
  t.is(resolved.sweep, false)
  t.is(resolved.durable, true)
  t.is(resolved.maxBytes, 1024)
  t.deepEqual(resolved.regenerateOn, [['account'], ['passport', 'user']])
  t.deepEqual(resolved.cookie, {
    ...COMPLETE.cookie,
    name: 'app.s-id_1',
    path: '/app',
    domain: 'example.org',
    priority: 'high',
  })
})

test('what is given is not changed, and changing it later changes nothing', (t) => {
  const path = ['passport', 'user']
  const options = Object.freeze({
    cookie: Object.freeze({ name: 'app' }),
    regenerateOn: ['account', path],
  })
  const resolved = resolveOptions(options)
  options.regenerateOn.push('later')
  path.push('later')
  t.deepEqual(resolved.regenerateOn, [['account'], ['passport', 'user']])
})

test('each option is read once', (t) => {
  const reads: string[] = []
  const counting = (values: object): object =>
    Object.defineProperties(
      {},
      Object.fromEntries(
        Object.entries(values).map(([name, value]) => [
          name,
          {
            enumerable: true,
            get: () => {
              reads.push(name)
              return value
            },
          },
        ]),
      ),
    )
  resolveOptions(counting({ ...DEFAULTS, cookie: counting(DEFAULTS.cookie), keys: 'k' }))
  t.deepEqual(
    reads.toSorted(),
    [...Object.keys(DEFAULTS), ...Object.keys(DEFAULTS.cookie), 'keys'].toSorted(),
  )
})

test('options that are no object are refused', (t) => {
  refuse(t, [], 'Expected the options to be an object, got an array')
  refuse(t, 5, 'Expected the options to be an object, got 5')
  refuse(t, () => ({}), 'Expected the options to be an object, got a function')
  refuseCookie(t, 'sid', "Expected the option 'cookie' to be an object, got a string")
  refuseCookie(t, [], "Expected the option 'cookie' to be an object, got an array")
})

test('what was given in place of the options is not shown, since it may be a secret', (t) => {
  const error = t.throws(() => resolveOptions('correct horse battery' as unknown as object))
  t.notRegex(error?.message ?? '', /horse/)
})

test('an unknown option is refused by its name', (t) => {
  refuse(t, { sweeep: '1h' }, "Expected only known names in the options, got 'sweeep'")
  refuse(t, { constructor: 1 }, "Expected only known names in the options, got 'constructor'")
  refuse(
    t,
    JSON.parse('{"__proto__":1}'),
    "Expected only known names in the options, got '__proto__'",
  )
  refuseCookie(t, { size: 1 }, "Expected only known names in the option 'cookie', got 'size'")
  t.notThrows(() => resolveOptions({ sweeep: undefined } as object))
})

test('an option of another library is refused with what to do instead', (t) => {
  const cures = {
    maxAge: 'Use idle and absolute',
    ttl: 'Use idle and absolute',
    expires: 'Use idle and absolute',
    rolling: 'Leave it out: idle always slides',
    renew: 'Leave it out: idle always slides',
    resave: 'Leave it out: what did not change is not written',
    saveUninitialized: 'Leave it out: nothing is stored before there is data',
    secret: 'Use keys',
    secrets: 'Use keys',
    signed: 'Leave it out: the cookie always is',
    httpOnly: 'Leave it out: the cookie always is',
    overwrite: 'Leave it out: one cookie is sent, the last',
    key: 'Use cookie: { name }',
    name: 'Use cookie: { name }',
    prefix: 'Use cookie: { name }',
    path: 'Use directory, or cookie: { path }',
    secure: 'Use cookie: { secure }',
    sameSite: 'Use cookie: { sameSite }',
    domain: 'Use cookie: { domain }',
    reapInterval: 'Use sweep',
  }
  for (const [name, cure] of Object.entries(cures)) {
    refuse(t, { [name]: 1 }, `Expected only known names in the options, got '${name}'. ${cure}`)
  }
  refuseCookie(
    t,
    { maxAge: 1 },
    "Expected only known names in the option 'cookie', got 'maxAge'. Use idle and absolute",
  )
})

test("'directory' is a path or a file: URL", (t) => {
  const wanted = "Expected the option 'directory' to be a path or a file: URL, got"
  refuse(t, { directory: '' }, `${wanted} ''`)
  refuse(t, { directory: 5 }, `${wanted} 5`)
  refuse(t, { directory: new URL('https://example.org/') }, `${wanted} an object`)
  t.throws(() => resolveOptions({ directory: 'a\0b' }), { code: 'ERR_SESSION_OPTION' })
})

test("a 'directory' that names another host is refused as an option", (t) => {
  t.throws(() => session({ directory: new URL('file://host/srv/sessions') }), {
    code: 'ERR_SESSION_OPTION',
  })
})

test("'store' has read() and update()", (t) => {
  const wanted =
    "Expected the option 'store' to be a store, with read(), update(), entries() and close(), got"
  const noop = (): void => undefined
  refuse(t, { store: {} }, `${wanted} an object`)
  refuse(t, { store: { read: noop } }, `${wanted} an object`)
  refuse(t, { store: { update: noop } }, `${wanted} an object`)
  refuse(t, { store: null }, `${wanted} null`)
  refuse(t, { store: 'redis' }, `${wanted} 'redis'`)
  refuse(t, { store: MemoryStore }, `${wanted} a function`)
})

test("'idle' and 'absolute' are durations", (t) => {
  for (const name of ['idle', 'absolute']) {
    const wanted = `Expected the option '${name}' to be a duration, a number of milliseconds above 0 or a string such as '30m', '12h' or '14d', got`
    refuse(t, { [name]: 0 }, `${wanted} 0`)
    refuse(t, { [name]: -5 }, `${wanted} -5`)
    refuse(t, { [name]: 'a day' }, `${wanted} 'a day'`)
    refuse(t, { [name]: false }, `${wanted} false`)
    refuse(t, { [name]: Infinity }, `${wanted} Infinity`)
  }
})

test("'sweep' is a duration of at most 24 days, or false", (t) => {
  const duration =
    "Expected the option 'sweep' to be a duration, a number of milliseconds above 0 or a string such as '30m', '12h' or '14d', got"
  refuse(t, { sweep: true }, `${duration} true`)
  refuse(t, { sweep: 0 }, `${duration} 0`)
  refuse(t, { sweep: '25d' }, "Expected the option 'sweep' to be at most 24 days, got '25d'")
  t.is(resolveOptions({ sweep: '24d' }).sweep, 24 * 86_400_000)
})

test("'durable' is true or false", (t) => {
  refuse(t, { durable: 'yes' }, "Expected the option 'durable' to be true or false, got 'yes'")
  refuse(t, { durable: 1 }, "Expected the option 'durable' to be true or false, got 1")
})

test("'maxBytes' is a whole number from 64 to 4194304", (t) => {
  const wanted = "Expected the option 'maxBytes' to be a whole number from 64 to 4194304, got"
  refuse(t, { maxBytes: 63 }, `${wanted} 63`)
  refuse(t, { maxBytes: 4_194_305 }, `${wanted} 4194305`)
  refuse(t, { maxBytes: 100.5 }, `${wanted} 100.5`)
  refuse(t, { maxBytes: '64kb' }, `${wanted} '64kb'`)
  refuse(t, { maxBytes: Number.NaN }, `${wanted} NaN`)
  t.is(resolveOptions({ maxBytes: 64 }).maxBytes, 64)
  t.is(resolveOptions({ maxBytes: 4_194_304 }).maxBytes, 4_194_304)
})

test("'regenerateOn' is an array of keys and of arrays of keys", (t) => {
  const wanted = "Expected the option 'regenerateOn' to be an array of keys, got"
  refuse(t, { regenerateOn: 'user' }, `${wanted} 'user'`)
  refuse(t, { regenerateOn: false }, `${wanted} false`)
  for (const path of [5, null, [], ['user', 5], [['user']], {}]) {
    t.throws(() => resolveOptions({ regenerateOn: [path as string] }), {
      code: 'ERR_SESSION_OPTION',
      message: /'regenerateOn'.*to be an array of keys, nested ones as arrays of keys, got /,
    })
  }
  t.deepEqual(resolveOptions({ regenerateOn: [] }).regenerateOn, [])
})

test("what is wrong in 'regenerateOn' is said in a sentence", (t) => {
  const error = t.throws(() => resolveOptions({ regenerateOn: [[]] }))
  t.notRegex(error?.message ?? '', /to be to /)
})
