import test from 'ava'
import { openWebsite } from './support/website.ts'

test('a visitor who stores nothing gets no cookie', async (t) => {
  const site = await openWebsite(t, { '/': (ctx) => `${ctx.session.views}` })
  const page = await site.visit().get('/')
  t.is(page.text, 'undefined')
  t.deepEqual(page.setCookies, [])
  t.is(page.headers.get('vary'), 'Cookie')
  t.is(await site.sessions.count(), 0)
})

test('what a request stores is there in the next', async (t) => {
  const site = await openWebsite(t, {
    '/': (ctx) => {
      ctx.session.views = (ctx.session.views ?? 0) + 1
      return ctx.session.views
    },
  })
  const browser = site.visit()
  t.is((await browser.get('/')).text, '1')
  const second = await browser.get('/')
  t.is(second.text, '2')
  t.deepEqual(second.setCookies, [])
  t.is(await site.sessions.count(), 1)
})
