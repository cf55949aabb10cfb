import { readFile } from 'node:fs/promises'
import test from 'ava'

const root = new URL('../../../', import.meta.url)

const readText = (path: string): Promise<string> => readFile(new URL(path, root), 'utf8')

test('the store in docs/stores.md is the one that the contract suite runs on', async (t) => {
  const page = await readText('docs/stores.md')
  const [, block] = /\n```ts\n(import \{\n.*?)```\n/s.exec(page) ?? []
  t.is(block, await readText('test/support/table-store.ts'))
})

test('docs/stores.md names every option of the suite', async (t) => {
  const page = await readText('docs/stores.md')
  const suite = await readText('lib/testing.ts')
  const options = [...suite.matchAll(/^ {2}readonly (\w+)\?:/gm)].map(([, name]) => name)
  t.true(options.length > 4)
  for (const option of options) t.regex(page, new RegExp(`^ {2}${option}: `, 'm'))
})
