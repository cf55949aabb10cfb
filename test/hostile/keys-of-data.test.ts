import test from 'ava'
import type { SessionError } from '../../lib/errors.ts'
import { CONSTANT_MEMBERS } from '../support/members.ts'
import { assertUntouched } from '../support/prototypes.ts'
import { type Handler, openWebsite } from '../support/website.ts'

/** Written out it is not a key but the prototype. */
const PROTO = '__proto__'

const BODY =
  '{"__proto__":{"admin":true},"constructor":{"prototype":{"polluted":true}},"list":[{"__proto__":{"admin":true}}]}'

const ENTRANCES: Readonly<Record<string, Handler>> = {
  assign: (ctx) => Object.assign(ctx.session, JSON.parse(BODY)),
  replace: (ctx) => {
    ctx.session = JSON.parse(BODY)
  },
  nest: (ctx) => {
    ctx.session.form = JSON.parse(BODY)
  },
  set: (ctx) => {
    ctx.session[PROTO] = { admin: true }
  },
  define: (ctx) => Object.defineProperty(ctx.session, '__proto__', { value: 1, enumerable: true }),
  update: (ctx) =>
    ctx.session.update((data) => {
      Object.assign(data, JSON.parse(BODY))
    }),
  updateSet: (ctx) =>
    ctx.session.update((data) => {
      data[PROTO] = { admin: true }
    }),
}

test('no entrance lets a JSON body pollute a prototype or make itself an admin', async (t) => {
  const pages = Object.entries(ENTRANCES).map(([name, enter]): [string, Handler] => [
    `/${name}`,
    async (ctx, next) => {
      await enter(ctx, next)
      return 'entered'
    },
  ])
  const site = await openWebsite(t, {
    ...Object.fromEntries(pages),
    '/begin': (ctx) => {
      ctx.session.a = 1
      return 'begun'
    },
    '/show': (ctx) => ({
      admin: `${ctx.session.admin}`,
      is: `${ctx.session.form?.admin}`,
      all: { ...ctx.session },
    }),
  })
  for (const [path] of pages) {
    const browser = site.visit()
    await browser.get('/begin')
    t.is((await browser.get(path)).status, 500, path)
    t.is((site.errors.at(-1) as SessionError).code, 'ERR_SESSION_KEY_RESERVED', path)
    t.is(
      (await browser.get('/show')).text,
      '{"admin":"undefined","is":"undefined","all":{"a":1}}',
      path,
    )
  }
  assertUntouched(t)
})

test('a prototype given to a session makes no data', async (t) => {
  const site = await openWebsite(t, {
    '/put': (ctx) => {
      ctx.session.a = Object.create({ admin: true })
      ctx.session.b = Object.assign(Object.create({ toJSON: () => ({ admin: 1 }) }), { x: 1 })
      return 'put'
    },
    '/set': (ctx) => {
      ctx.session.a = 1
      Object.setPrototypeOf(ctx.session, { admin: true })
      return `${ctx.session.admin}`
    },
    '/show': (ctx) => `${ctx.session.admin} ${JSON.stringify({ ...ctx.session })}`,
  })
  const browser = site.visit()
  t.is(
    (await browser.get('/put')).status,
    500,
    'an object with a prototype of its own is no plain object',
  )
  await browser.get('/set')
  t.is((await browser.get('/show')).text, 'undefined {"a":1}')
})

test('every member name is refused as a key, by every entrance', async (t) => {
  const site = await openWebsite(t, {
    '/set': (ctx) => {
      ctx.session[String(ctx.query.key)] = 1
    },
    '/replace': (ctx) => {
      ctx.session = { [String(ctx.query.key)]: 1 }
    },
    '/define': (ctx) => {
      Object.defineProperty(ctx.session, String(ctx.query.key), { value: 1, enumerable: true })
    },
    '/update': (ctx) =>
      ctx.session.update((data) => {
        data[String(ctx.query.key)] = 1
      }),
  })
  for (const key of CONSTANT_MEMBERS) {
    for (const path of ['/set', '/replace', '/define', '/update']) {
      const page = await site.visit().get(`${path}?key=${key}`)
      t.is(page.status, 500, `${path} ${key}`)
      t.is((site.errors.at(-1) as SessionError).code, 'ERR_SESSION_KEY_RESERVED', `${path} ${key}`)
    }
  }
  t.is(await site.sessions.count(), 0)
})

const NAMES = [
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  'valueOf',
  'then',
  'toJSON',
  'inspect',
  'length',
  'name',
  '__defineGetter__',
  '__lookupSetter__',
  'default',
  '0',
  '-1',
  '',
  ' ',
  '\0',
  '\ud800',
  '__proto',
  'proto',
]

test('top-level keys with the names of methods are data like any other', async (t) => {
  const site = await openWebsite(t, {
    '/put': (ctx) => {
      for (const name of NAMES) ctx.session[name] = `v${name}`
      return 'put'
    },
    '/update': (ctx) =>
      ctx.session
        .update((data) =>
          NAMES.forEach((name) => {
            data[name] += '!'
          }),
        )
        .then(() => 'updated'),
    '/show': (ctx) => NAMES.map((name) => ctx.session[name]),
    '/delete': (ctx) => {
      for (const name of NAMES) delete ctx.session[name]
      return NAMES.map((name) => `${ctx.session[name]}`)
    },
  })
  const browser = site.visit()
  t.is((await browser.get('/put')).status, 200)
  t.is((await browser.get('/update')).text, 'updated')
  t.is((await browser.get('/show')).text, JSON.stringify(NAMES.map((name) => `v${name}!`)))
  t.is((await browser.get('/delete')).text, JSON.stringify(NAMES.map(() => 'undefined')))
})
