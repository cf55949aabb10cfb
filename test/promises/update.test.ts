import test from 'ava'
import { examine } from '../support/examine.ts'
import { dataOf, PAGES } from '../support/pages.ts'
import { StageStore } from '../support/stores.ts'
import { codesOf, eventsOf, openWebsite } from '../support/website.ts'

test('what update() is given is the newest data after this request’s own changes, its result comes back', async (t) => {
  const site = await openWebsite(t, {
    ...PAGES,
    '/': async ({ session }) => {
      session.mine = 1
      delete session.views
      await other.get('/set?theirs=1')
      const result = await session.update((data) => {
        t.deepEqual({ ...data }, { mine: 1, theirs: '1' })
        data.sum = 5
        return { total: data.sum }
      })
      t.deepEqual(result, { total: 5 })
      t.deepEqual({ ...session }, { mine: 1, theirs: '1', sum: 5 })
      return 'fine'
    },
  })
  const browser = site.visit()
  await browser.get('/count')
  const other = browser.clone()
  t.is((await browser.get('/')).text, 'fine', String(site.errors[0]))
  t.deepEqual(await dataOf(browser), { mine: 1, theirs: '1', sum: 5 })
})

test('update() of a new session creates it', async (t) => {
  const site = await openWebsite(t, {
    ...PAGES,
    '/': async ({ session }) => {
      session.mine = 1
      await session.update((data) => {
        data.sum = 1
      })
      t.false(session.isNew)
      return 'fine'
    },
  })
  const browser = site.visit()
  t.is((await browser.get('/')).setCookies.length, 1)
  t.deepEqual(await dataOf(browser), { mine: 1, sum: 1 })
})

test('update() refuses a function that returns a promise, and writes nothing', async (t) => {
  const store = new StageStore()
  const site = await openWebsite(
    t,
    {
      ...PAGES,
      '/': async ({ session }) => {
        for (const outcome of [Promise.resolve(), Promise.reject(new Error('ignored'))]) {
          await t.throwsAsync(
            session.update((data) => {
              data.sum = 1
              return outcome
            }),
            { code: 'ERR_SESSION_UPDATE', message: /must not be async/ },
          )
        }
        return { ...session }
      },
    },
    { store },
  )
  const browser = site.visit()
  t.is((await browser.get('/')).text, '{}')
  await browser.get('/count')
  store.forget()
  t.is((await browser.get('/')).text, '{"views":1}')
  t.deepEqual(store.writes, [])
})

test('update() whose function throws rejects with that error, and writes nothing, not even what was changed before', async (t) => {
  const store = new StageStore()
  const mistake = new TypeError('a mistake')
  const site = await openWebsite(
    t,
    {
      ...PAGES,
      '/': async ({ session }) => {
        session.mine = 1
        const rejection = await t.throwsAsync(
          session.update((data) => {
            data.sum = 1
            throw mistake
          }),
        )
        t.is(rejection, mistake)
        t.deepEqual({ ...session }, { views: 1, mine: 1 })
        t.deepEqual(store.writes, [])
        return 'fine'
      },
    },
    { store },
  )
  const browser = site.visit()
  await browser.get('/count')
  store.forget()
  t.is((await browser.get('/')).text, 'fine', String(site.errors[0]))
  t.deepEqual(await dataOf(browser), { views: 1, mine: 1 })
})

test('update() of what is no function is refused', async (t) => {
  await examine(t, async ({ session }) => {
    for (const fn of [undefined, null, 7, {}]) {
      await t.throwsAsync(session.update(fn as never), { code: 'ERR_SESSION_OPTION' })
    }
    t.deepEqual({ ...session }, { views: 1 })
  })
})

test('the data update() hands out is of no use afterwards', async (t) => {
  const site = await examine(t, async ({ session }) => {
    let kept: Record<string, unknown> = {}
    await session.update((data) => {
      data.list = [1]
      kept = data
    })
    kept.late = true
    ;(kept.list as number[]).push(2)
    t.deepEqual({ ...session }, { views: 1, list: [1] })
  })
  t.deepEqual(eventsOf(site), ['create', 'save'])
})

test('an update() that fails without anybody awaiting it fails the request, and is not lost in silence', async (t) => {
  const site = await openWebsite(t, {
    ...PAGES,
    '/pay': ({ session }) => {
      void session.update((data) => {
        data.paid = 1n
      })
      return 'thank you'
    },
    '/heard': async ({ session }) => {
      const update = session.update((data) => {
        data.paid = 1n
      })
      await t.throwsAsync(update, { code: 'ERR_SESSION_VALUE' })
      return 'sorry'
    },
  })
  t.is((await site.visit().get('/pay')).status, 500)
  t.deepEqual(codesOf(site), ['ERR_SESSION_VALUE'])
  t.is((await site.visit().get('/heard')).text, 'sorry')
  t.is(site.errors.length, 1)
})
