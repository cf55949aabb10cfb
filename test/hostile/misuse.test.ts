import test from 'ava'
import type { SessionError } from '../../lib/errors.ts'
import type { Session } from '../../lib/session.ts'
import { shop } from '../support/attacked-shop.ts'
import { openWebsite } from '../support/website.ts'

/** What makes an object a promise to `await`. */
const THEN = 'then'

/** The outcome of a promise, in a word; `'never'` when twenty seconds bring none. */
async function outcome(work: Promise<unknown>): Promise<string> {
  let timer: NodeJS.Timeout | undefined
  const never = new Promise<string>((resolve) => {
    timer = setTimeout(resolve, 20_000, 'never')
  })
  const settled = work.then(
    (value) => `resolved ${value}`,
    (error: SessionError) => `${error.code ?? error}`,
  )
  return Promise.race([settled, never]).finally(() => clearTimeout(timer))
}

test('a session of one visitor that is given to another is copied, not shared', async (t) => {
  let kept: Session | undefined
  const site = await openWebsite(t, {
    ...shop,
    '/lend': (ctx) => {
      kept = ctx.session
      ctx.session.cart = 'of ann'
      return 'lent'
    },
    '/take': (ctx) => {
      ctx.session = kept as never
      ctx.session.mine = true
      return 'taken'
    },
    '/nest': (ctx) => {
      ctx.session.inner = kept
      ctx.session.self = { ...ctx.session }
      return 'nested'
    },
  })
  const [ann, bob, eve] = [site.visit(), site.visit(), site.visit()]
  await ann.get('/lend')
  await bob.get('/take')
  await eve.get('/nest')
  t.is((await bob.get('/show')).text, '{"cart":"of ann","mine":true}')
  t.is((await ann.get('/show')).text, '{"cart":"of ann"}')
  t.is(
    (await eve.get('/show')).text,
    '{"inner":{"cart":"of ann"},"self":{"inner":{"cart":"of ann"}}}',
  )
  await bob.get('/logout')
  t.is((await ann.get('/show')).text, '{"cart":"of ann"}')
})

test('a session that holds itself is refused', async (t) => {
  const site = await openWebsite(t, {
    '/': (ctx) => {
      ctx.session.self = ctx.session
    },
  })
  t.is((await site.visit().get('/')).status, 500)
  t.is(
    (site.errors[0] as SessionError).message,
    'session.self is session again, a cycle, which JSON cannot hold: store its id',
  )
})

test('what is done to a session after the response goes to its own visitor or nowhere', async (t) => {
  const sessions: Session[] = []
  const site = await openWebsite(t, {
    ...shop,
    '/keep': (ctx) => {
      sessions.push(ctx.session)
      return 'kept'
    },
  })
  const [ann, stranger] = [site.visit(), site.visit()]
  await ann.get('/put')
  await ann.get('/keep')
  await stranger.get('/keep')
  const [annSession, strangerSession] = sessions as [Session, Session]
  annSession.late = 1
  strangerSession.late = 1
  t.is((await ann.get('/show')).text, '{"cart":"ann"}', 'nothing is stored by itself')
  t.is(await outcome(annSession.save()), 'resolved undefined')
  t.is(await outcome(strangerSession.save()), 'ERR_SESSION_HEADERS_SENT')
  t.is(await outcome(strangerSession.update(() => 1)), 'ERR_SESSION_HEADERS_SENT')
  t.is(await outcome(annSession.regenerate({ keep: true })), 'ERR_SESSION_HEADERS_SENT')
  annSession.user = 'eve'
  t.is(await outcome(annSession.save()), 'resolved undefined')
  t.is((await ann.get('/show')).text, '{"cart":"ann","late":1,"user":"eve"}')
  t.is(await site.sessions.count(), 1)
  await annSession.destroy()
  t.is(await site.sessions.count(), 0)
  t.is(await outcome(annSession.save()), 'ERR_SESSION_GONE')
})

test('an update whose function gives a promise, in whatever dress, is refused and writes nothing', async (t) => {
  const outcomes: string[] = []
  const thenable = { [THEN]: (resolve: (value: string) => void) => resolve('adopted') }
  const given: readonly (() => unknown)[] = [
    async () => 1,
    () => Promise.reject(new Error('unheard')),
    () => thenable,
    () => Object.create(thenable),
  ]
  const site = await openWebsite(t, {
    ...shop,
    '/update': async (ctx) => {
      for (const give of given) {
        const update = ctx.session.update((data) => {
          data.count = 1
          return give()
        })
        outcomes.push(await outcome(update))
      }
      return 'done'
    },
  })
  const ann = site.visit()
  await ann.get('/put')
  t.is((await ann.get('/update')).text, 'done')
  t.deepEqual(
    outcomes,
    given.map(() => 'ERR_SESSION_UPDATE'),
  )
  t.is((await ann.get('/show')).text, '{"cart":"ann"}')
})

// refusePromise() looks at objects only. A function may have a `then` too; update() waits for it, and with it the whole request.
test('an update whose function gives a thenable function is refused too', async (t) => {
  const site = await openWebsite(t, shop)
  const ann = site.visit()
  await ann.get('/put')
  const headers = { host: 'localhost', cookie: `sid=${ann.cookies.get('sid')}` }
  const request = { headers, httpVersion: '1.1', socket: { remoteAddress: '127.0.0.1' } }
  const session = await site.sessions.fromRequest(request as never)
  t.is(session.cart, 'ann')
  const thenable = Object.assign(() => undefined, { [THEN]: () => undefined })
  t.is(await outcome(session.update(() => thenable)), 'ERR_SESSION_UPDATE')
})

test('an update that throws, or begins another one, harms nobody', async (t) => {
  const outcomes: string[] = []
  const site = await openWebsite(t, {
    ...shop,
    '/update': async (ctx) => {
      for (const thrown of [
        new Error('mine'),
        'text',
        null,
        undefined,
        Object.freeze({ code: 1 }),
      ]) {
        const update = ctx.session.update((data) => {
          data.lost = 1
          throw thrown
        })
        outcomes.push(
          await update.then(
            () => 'resolved',
            (error) => (Object.is(error, thrown) ? 'as thrown' : `${error}`),
          ),
        )
      }
      let inner: Promise<unknown> = Promise.resolve()
      await ctx.session.update((data) => {
        inner = ctx.session.update((newest) => {
          newest.inner = `after ${newest.outer}`
        })
        data.outer = 1
      })
      await inner
      return 'done'
    },
  })
  const ann = site.visit()
  await ann.get('/put')
  t.is((await ann.get('/update')).text, 'done')
  t.deepEqual(outcomes, Array(5).fill('as thrown'))
  t.is((await ann.get('/show')).text, '{"cart":"ann","outer":1,"inner":"after 1"}')
})

test('getters that change the session while it is saved neither hang nor harm it', async (t) => {
  let reads = 0
  const site = await openWebsite(t, {
    ...shop,
    '/': (ctx) => {
      ctx.session.value = {
        get x() {
          reads += 1
          ctx.session[`extra${reads}`] = reads
          delete ctx.session.cart
          return 1
        },
      }
      return 'sown'
    },
  })
  const ann = site.visit()
  await ann.get('/put')
  t.is((await ann.get('/')).text, 'sown')
  const shown = JSON.parse((await ann.get('/show')).text) as Record<string, unknown>
  t.deepEqual(shown.value, { x: 1 })
  t.true(reads < 20)
})

test('frozen sessions, and ones with properties that cannot be written, end in an error at worst', async (t) => {
  const site = await openWebsite(t, {
    ...shop,
    '/freeze': (ctx) => {
      ctx.session.ice = 1
      Object.freeze(ctx.session)
      return 'frozen'
    },
    '/read': (ctx) => {
      Object.defineProperty(ctx.session, 'x', {
        get: () => 'got',
        enumerable: true,
        configurable: true,
      })
      return ctx.session.save().then(() => 'saved')
    },
    '/seal': async (ctx) => {
      Object.seal(ctx.session)
      await ctx.session.update((data) => {
        data.count = 1
      })
      return 'sealed'
    },
  })
  const ann = site.visit()
  await ann.get('/put')
  t.is((await ann.get('/freeze')).status, 200)
  t.is((await ann.get('/read')).text, 'saved')
  t.is((await ann.get('/show')).text, '{"cart":"ann","ice":1,"x":"got"}')
  await ann.get('/seal')
  t.is((await ann.get('/')).status, 200)
})
