import test from 'ava'
import { PAGES } from '../support/pages.ts'
import { openWebsite } from '../support/website.ts'

test('what the data is made of is asked once a request: getters and toJSON run once', async (t) => {
  let runs = 0
  const price = {
    toJSON: (): string => {
      runs += 1
      return 'five'
    },
  }
  const site = await openWebsite(t, {
    ...PAGES,
    '/': ({ session }) => {
      session.price = price
      session.views = (session.views ?? 0) + 1
      return 'fine'
    },
    '/read': ({ session }) => {
      Object.defineProperty(session, 'price', {
        enumerable: true,
        get: () => price.toJSON(),
      })
      return 'fine'
    },
  })
  const browser = site.visit()
  for (const [what, path] of [
    ['a new session', '/'],
    ['a changed one', '/'],
    ['an unchanged one', '/read'],
  ] as const) {
    runs = 0
    t.is((await browser.get(path)).text, 'fine')
    t.is(runs, 1, what)
  }
  t.deepEqual(site.errors, [])
})
