import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import type { Browser } from '../support/browser.ts'
import { isWhole } from '../support/proof.ts'
import { type ServerProcess, startServer } from '../support/server-process.ts'
import { makeTemporaryDirectory } from '../support/temporary-directory.ts'
import { until } from '../support/waiting.ts'

const VISITORS = 3
/** Requests of each visitor at each stage: without any there is nothing to fail. */
const STAGE_REQUESTS = isWhole ? 120 : 20

/** One who counts up on whichever server is open, one request after the other. */
class Visitor {
  readonly problems: string[] = []
  count = 0
  #cookie = ''

  async visit(servers: () => readonly ServerProcess[], isOver: () => boolean): Promise<void> {
    for (let turn = 0; !isOver(); turn++) {
      const open = servers()
      const server = open[turn % open.length] as ServerProcess
      const browser: Browser = server.visit()
      const page = await browser
        .get('/count', this.#cookie === '' ? {} : { cookie: `sid=${this.#cookie}` })
        .catch((error: unknown) => ({ status: 0, text: String(error) }))
      this.#cookie = browser.cookies.get('sid') ?? this.#cookie
      this.count += 1
      if (page.status === 200 && page.text === `${this.count}`) continue
      this.problems.push(`${page.status} ${page.text}, not ${this.count}`)
      return
    }
  }
}

test('a rolling restart fails no request and loses none: the new process starts, then the old one gets SIGTERM', async (t) => {
  const directory = makeTemporaryDirectory(t)
  let open = [await startServer(t, { directory })]
  let isOver = false
  const visitors = Array.from({ length: VISITORS }, () => new Visitor())
  const visits = visitors.map((visitor) =>
    visitor.visit(
      () => open,
      () => isOver,
    ),
  )
  const letRequestsCome = (): Promise<unknown> =>
    Promise.all(
      visitors.map((visitor) => {
        const enough = visitor.count + STAGE_REQUESTS
        return until(() => visitor.count >= enough || visitor.problems.length > 0)
      }),
    )
  for (let restart = 0; restart < 3; restart++) {
    const [old] = open as [ServerProcess]
    await letRequestsCome()
    const next = await startServer(t, { directory })
    open = [old, next]
    await letRequestsCome()
    // As a proxy does: nobody is sent to a server that is about to end.
    open = [next]
    const ended = once(old.child, 'exit')
    old.child.kill('SIGTERM')
    t.deepEqual(await ended, [0, null], old.complaints())
  }
  await letRequestsCome()
  isOver = true
  await Promise.all(visits)
  t.deepEqual(
    visitors.flatMap(({ problems }) => problems),
    [],
  )
  t.true(visitors.every(({ count }) => count > 7 * STAGE_REQUESTS))
  const register = JSON.parse(readFileSync(join(directory, 'sid/tenants/register'), 'utf8'))
  t.is(register.tenants.length, 1)
  t.deepEqual(register.sole, [register.tenants[0].name], 'the last one is alone')
  t.log(`${visitors.reduce((sum, { count }) => sum + count, 0)} requests`)
})
