import test from 'ava'
import { examine } from '../support/examine.ts'
import { dataOf, PAGES } from '../support/pages.ts'
import { StageStore } from '../support/stores.ts'
import { codesOf, eventsOf, openWebsite } from '../support/website.ts'

test('isNew and ref: new until stored, a handle of 12 hexadecimal digits', async (t) => {
  const refs: string[] = []
  const site = await openWebsite(t, {
    '/': async ({ session }) => {
      refs.push(session.ref)
      if (!session.isNew) return 'known'
      session.views = 1
      t.true(session.isNew)
      await session.save()
      t.false(session.isNew)
      refs.push(session.ref)
      return 'new'
    },
  })
  const browser = site.visit()
  t.is((await browser.get('/')).text, 'new')
  t.is((await browser.get('/')).text, 'known')
  t.regex(refs[0] ?? '', /^[0-9a-f]{12}$/)
  t.is(new Set(refs).size, 1)
})

test('save() writes now, and what is unchanged at the end is not written again', async (t) => {
  const store = new StageStore()
  const site = await openWebsite(
    t,
    {
      ...PAGES,
      '/': async ({ session }) => {
        session.views = 1
        await session.save()
        t.is(store.writes.length, 1)
        await session.save()
        return 'fine'
      },
    },
    { store },
  )
  const browser = site.visit()
  t.is((await browser.get('/')).setCookies.length, 1)
  t.is(store.writes.length, 1)
  await browser.get('/')
  t.is(store.writes.length, 1)
})

test('save() of a session without data stores nothing and sends no cookie', async (t) => {
  const site = await openWebsite(t, { '/': ({ session }) => session.save() })
  t.deepEqual((await site.visit().get('/')).setCookies, [])
  t.is(await site.sessions.count(), 0)
})

test('reload() drops what was not saved, and shows what others stored', async (t) => {
  const store = new StageStore()
  const site = await openWebsite(
    t,
    {
      ...PAGES,
      '/': async ({ session }) => {
        session.views = 99
        session.mine = true
        await other.get('/set?theirs=1')
        await session.reload()
        t.deepEqual({ ...session }, { views: 1, theirs: '1' })
        return 'fine'
      },
    },
    { store },
  )
  const browser = site.visit()
  await browser.get('/count')
  const other = browser.clone()
  t.is((await browser.get('/')).text, 'fine')
  t.deepEqual(await dataOf(browser), { views: 1, theirs: '1' })
  t.deepEqual(eventsOf(site), ['create', 'save'])
})

for (const method of ['save', 'reload', 'regenerate', 'destroy'] as const) {
  test(`${method}() takes a Node callback: called once, later, with null, and no promise is returned`, async (t) => {
    await examine(t, async ({ session }) => {
      let calls = 0
      const error = await new Promise((resolve) => {
        const returned = session[method]((failure: Error | null) => {
          calls += 1
          resolve(failure)
        })
        t.is(returned, undefined)
        t.is(calls, 0)
      })
      t.is(error, null)
      await new Promise(setImmediate)
      t.is(calls, 1)
    })
  })
}

test('regenerate({ keep: true }, callback) takes one too', async (t) => {
  await examine(t, async ({ session }) => {
    const { ref } = session
    const error = await new Promise((resolve) => {
      session.regenerate({ keep: true }, resolve)
    })
    t.is(error, null)
    t.not(session.ref, ref)
    t.is(session.views, 1)
  })
})

test('a callback gets the error', async (t) => {
  await examine(t, async ({ session }) => {
    session.bad = 1n
    const error = await new Promise<Error | null>((resolve) => {
      session.save(resolve)
    })
    t.is(Reflect.get(Object(error), 'code'), 'ERR_SESSION_VALUE')
    delete session.bad
  })
})

test('destroy() is final for this request too: what is put into the old object is lost', async (t) => {
  const site = await examine(t, async (ctx) => {
    const old = ctx.session
    await old.destroy()
    old.views = 99
    await t.throwsAsync(old.save(), { code: 'ERR_SESSION_GONE' })
    await old.destroy()
    t.deepEqual({ ...ctx.session }, {})
  })
  t.is(await site.sessions.count(), 0)
  t.deepEqual(eventsOf(site), ['create', 'destroy'])
  t.deepEqual(codesOf(site), [])
})
