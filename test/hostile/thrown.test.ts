import test, { type ExecutionContext } from 'ava'
import { shop } from '../support/attacked-shop.ts'
import { Gate } from '../support/gate.ts'
import { openWebsite } from '../support/website.ts'

/** Stores something and throws each of these. Returns those whose response and whose session do not agree. */
async function throwEach(t: ExecutionContext, thrown: readonly unknown[]): Promise<string[]> {
  const site = await openWebsite(t, {
    ...shop,
    '/throw': (ctx) => {
      ctx.session[`k${ctx.query.index}`] = 1
      throw thrown[Number(ctx.query.index)]
    },
  })
  const ann = site.visit()
  await ann.get('/put')
  const wrong: string[] = []
  for (const index of thrown.keys()) {
    const { status } = await ann.get(`/throw?index=${index}`)
    const isStored = (await ann.get('/show')).text.includes(`"k${index}"`)
    if (isStored !== status < 500)
      wrong.push(`${index}: ${status}, ${isStored ? 'stored' : 'dropped'}`)
  }
  return wrong
}

test('whatever a handler throws, its changes are stored below 500 and dropped from there', async (t) => {
  const thrown = [
    new Error('plain'),
    'text',
    0,
    Symbol('odd'),
    () => 1,
    Object.freeze({ code: 1 }),
    Object.create(null),
    Object.assign(new Error('teapot'), { status: 418 }),
    Object.assign(new Error('by another name'), { statusCode: 403 }),
    Object.assign(new Error('text'), { status: '404' }),
    Object.assign(new Error('low'), { status: 99 }),
    Object.assign(new Error('high'), { status: 1e9 }),
    Object.assign(new Error('cookie'), { status: 400, headers: { 'set-cookie': 'x=y' } }),
  ]
  t.deepEqual(await throwEach(t, thrown), [])
})

// Koa 3 answers 500 to a thrown object that is no Error and to ENOENT (Koa 2: 404); statusOf() takes both for below 500, so the
// changes of a failed request are stored.
test('what Koa takes for a failure is one for the session too', async (t) => {
  const missing = Object.assign(new Error('no such file'), { code: 'ENOENT' })
  t.deepEqual(await throwEach(t, [{ status: 404 }, missing]), [])
})

test('one thrown object for two visitors carries no cookie from one to the other', async (t) => {
  const shared = Object.assign(new Error('shared'), { status: 400, headers: { 'x-mine': '1' } })
  const gate = new Gate()
  const site = await openWebsite(t, {
    '/throw': async (ctx) => {
      ctx.session.name = ctx.query.name
      if (ctx.query.name === 'ann') await gate.passed
      throw shared
    },
    '/plain': () => {
      throw shared
    },
    '/show': (ctx) => ctx.session.name,
  })
  const [ann, bob, eve] = [site.visit(), site.visit(), site.visit()]
  const slow = ann.get('/throw?name=ann')
  await bob.get('/throw?name=bob')
  t.deepEqual((await eve.get('/plain')).setCookies, [])
  gate.open()
  await slow
  t.is((await ann.get('/show')).text, 'ann')
  t.is((await bob.get('/show')).text, 'bob')
  t.deepEqual(Object.keys(shared.headers), ['x-mine'])
})
