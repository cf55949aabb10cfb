import test from 'ava'
import { examine } from '../support/examine.ts'
import { CONSTANT_MEMBERS, MEMBERS } from '../support/members.ts'
import { dataOf, PAGES } from '../support/pages.ts'
import { openWebsite } from '../support/website.ts'

test('a session’s own enumerable properties are its data, and nothing else', async (t) => {
  await examine(t, ({ session }) => {
    t.deepEqual(Object.keys(session), ['views'])
    t.deepEqual(Reflect.ownKeys(session), ['views'])
    const seen: string[] = []
    for (const key in session) seen.push(key)
    t.deepEqual(seen, ['views'])
    t.deepEqual({ ...session }, { views: 1 })
    t.is(JSON.stringify(session), '{"views":1}')
  })
})

test('members are there, on a prototype whose chain ends in null', async (t) => {
  await examine(t, ({ session }) => {
    for (const name of MEMBERS) {
      t.true(name in session, name)
      t.false(Object.hasOwn(session, name), name)
    }
    let prototype: unknown = session
    while (Object.getPrototypeOf(prototype) !== null) prototype = Object.getPrototypeOf(prototype)
    t.not(prototype, Object.prototype)
    for (const name of ['__proto__', 'constructor', 'toString']) t.false(name in session, name)
  })
})

test('assigning to a member throws, in strict and in sloppy code, and changes nothing', async (t) => {
  const assign = new Function('session', 'name', 'session[name] = 1') as (
    session: object,
    name: string,
  ) => void
  await examine(t, ({ session }) => {
    for (const name of CONSTANT_MEMBERS) {
      const expected = {
        code: 'ERR_SESSION_KEY_RESERVED',
        message: new RegExp(`session\\.${name}`),
      }
      t.throws(() => assign(session, name), expected, `${name}, sloppy`)
      t.throws(() => Object.assign(session, { [name]: 1 }), expected, name)
    }
    t.deepEqual({ ...session }, { views: 1 })
  })
})

test('assigning an object with the name of a member throws, and changes nothing', async (t) => {
  await examine(t, (ctx) => {
    for (const name of MEMBERS) {
      t.throws(
        () => {
          ctx.session = { good: 1, [name]: 1 }
        },
        { code: 'ERR_SESSION_KEY_RESERVED' },
        name,
      )
    }
    t.deepEqual({ ...ctx.session }, { views: 1 })
  })
})

test('a member’s name defined behind our back is refused when saved', async (t) => {
  await examine(t, async ({ session }) => {
    Object.defineProperty(session, 'save', {
      value: 1,
      enumerable: true,
      configurable: true,
    })
    const { save } = Object.getPrototypeOf(session)
    await t.throwsAsync(Reflect.apply(save, session, []), { code: 'ERR_SESSION_KEY_RESERVED' })
    Reflect.deleteProperty(session, 'save')
  })
})

test('ctx.session is defined once, on the application’s context, visible with "in", and no function', async (t) => {
  const site = await examine(t, (ctx) => {
    t.true('session' in ctx)
    t.false(Object.hasOwn(ctx, 'session'))
    t.is(typeof ctx.session, 'object')
    t.is(ctx.session, ctx.session)
  })
  const descriptor = Object.getOwnPropertyDescriptor(site.app.context, 'session')
  t.is(typeof descriptor?.get, 'function')
  t.true(descriptor?.configurable)
  t.false(Object.keys(site.app.context).includes('session'))
})

test('ctx.session may only be set to an object or null', async (t) => {
  await examine(t, (ctx) => {
    for (const value of ['text', 7, true, [], () => undefined, Symbol('s')]) {
      t.throws(() => Object.assign(ctx, { session: value }), {
        code: 'ERR_SESSION_OPTION',
        message: /ctx\.session/,
      })
    }
    t.deepEqual({ ...ctx.session }, { views: 1 })
  })
})

// Fails: undefined is taken for the session object itself as long as nobody has asked for that one.
test('ctx.session may not be set to undefined, whether it was read before or not', async (t) => {
  for (const isRead of [true, false]) {
    await examine(t, (ctx) => {
      if (isRead) ctx.session.views
      t.throws(() => Object.assign(ctx, { session: undefined }), { code: 'ERR_SESSION_OPTION' })
    })
  }
})

test('ctx.session = {} empties it, = { … } replaces it, the object stays the same', async (t) => {
  await examine(t, (ctx) => {
    const { session } = ctx
    ctx.session = { other: 2 }
    t.is(ctx.session, session)
    t.deepEqual({ ...session }, { other: 2 })
    ctx.session = {}
    t.deepEqual({ ...session }, {})
    ctx.session = session
    ctx.session = { ...session, third: 3 }
    t.deepEqual({ ...session }, { third: 3 })
  })
})

test('ctx.session of a request that had none, set to {}, stores nothing', async (t) => {
  const site = await openWebsite(t, {
    '/': (ctx) => {
      ctx.session = {}
      return 'fine'
    },
  })
  t.deepEqual((await site.visit().get('/')).setCookies, [])
  t.is(await site.sessions.count(), 0)
})

test('reading ctx.session after = null gives a fresh empty session, never null', async (t) => {
  const site = await examine(t, (ctx) => {
    const old = ctx.session
    ctx.session = null
    t.not(ctx.session, null)
    t.not(ctx.session, old)
    t.deepEqual({ ...ctx.session }, {})
    t.true(ctx.session.isNew)
    t.deepEqual({ ...old }, { views: 1 })
  })
  t.is(await site.sessions.count(), 0)
})

test('before app.use(session()) ctx.session cannot be assigned: the error says so', async (t) => {
  const errors: unknown[] = []
  const site = await openWebsite(
    t,
    PAGES,
    {},
    {
      upstream: async (ctx, next) => {
        if (ctx.path === '/early') {
          try {
            ctx.session = { views: 1 }
          } catch (error) {
            errors.push(error)
          }
        }
        await next()
      },
    },
  )
  await site.visit().get('/count')
  await site.visit().get('/early')
  t.is(Reflect.get(Object(errors[0]), 'code'), 'ERR_SESSION_NOT_READY')
  t.regex(String(errors[0]), /app\.use\(session\(\)\)/)
})

test('nested changes of every kind are seen', async (t) => {
  const site = await openWebsite(t, {
    ...PAGES,
    '/begin': (ctx) => {
      ctx.session = { a: { b: { c: [1, { d: 1 }] } }, list: [3, 1, 2], gone: { x: 1, y: 2 } }
      return 'fine'
    },
    '/deep': ({ session }) => {
      session.a.b.c[1].d = 2
    },
    '/sort': ({ session }) => session.list.sort(),
    '/delete': ({ session }) => {
      delete session.gone.x
    },
  })
  const browser = site.visit()
  await browser.get('/begin')
  for (const path of ['/deep', '/sort', '/delete']) await browser.get(path)
  t.deepEqual(await dataOf(browser), {
    a: { b: { c: [1, { d: 2 }] } },
    list: [1, 2, 3],
    gone: { y: 2 },
  })
})

test('no two requests ever share an object', async (t) => {
  const seen: object[] = []
  const site = await openWebsite(t, {
    ...PAGES,
    '/begin': (ctx) => {
      ctx.session = { cart: { items: [1] } }
      return 'fine'
    },
    '/': ({ session }) => {
      seen.push(session.cart)
      session.cart.items.push(2)
      throw new Error('a mistake')
    },
  })
  const browser = site.visit()
  await browser.get('/begin')
  await browser.get('/')
  await browser.get('/')
  t.not(seen[0], seen[1])
  t.deepEqual(await dataOf(browser), { cart: { items: [1] } })
})

test('a ctx.session that somebody else has defined stays theirs, with a warning that says so', async (t) => {
  const site = await openWebsite(
    t,
    { '/': (ctx) => ctx.session },
    {},
    {
      arrange: (app, sessions) => {
        Object.defineProperty(app.context, 'session', { value: { theirs: true } })
        app.use(sessions)
      },
    },
  )
  t.is((await site.visit().get('/')).text, '{"theirs":true}')
  await site.visit().get('/')
  t.is(site.warnings.length, 1)
  t.regex(site.warnings[0] ?? '', /^app\.context\.session is defined by somebody else already/)
})
