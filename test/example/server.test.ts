import { mkdtemp, rm } from 'node:fs/promises'
import { get, type IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import test from 'ava'
import { startExample } from '../support/example-server.ts'

async function request(url: string, cookie?: string): Promise<{ body: string; cookie?: string }> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    get(url, { agent: false, headers: cookie ? { cookie } : {} }, resolve).on('error', reject)
  })
  const [header] = response.headers['set-cookie'] ?? []
  const body = await text(response)
  return header ? { body, cookie: header.split(';', 1)[0] as string } : { body }
}

test('the two routes of the tutorial answer as promised, also after a restart', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'example-'))
  t.teardown(() => rm(directory, { recursive: true, force: true }))

  const before = await startExample(directory)
  t.teardown(() => before.stop())
  const set = await request(`${before.address}/setsession/`)
  t.is(set.body, 'The session has been set')
  t.truthy(set.cookie)
  const got = await request(`${before.address}/getsession/`, set.cookie)
  t.is(got.body, 'The book name is: Sherlock Holmes')
  t.is(got.cookie, undefined)
  t.is(await before.stop(), 0)

  const after = await startExample(directory)
  t.teardown(() => after.stop())
  const again = await request(`${after.address}/getsession/`, set.cookie)
  t.is(again.body, 'The book name is: Sherlock Holmes')
  t.is(await after.stop(), 0)
})
