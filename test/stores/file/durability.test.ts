import { relative } from 'node:path'
import test from 'ava'
import {
  interceptFileSystem,
  nameOf,
  openStore,
  removing,
  storing,
  watchFileSystem,
} from '../../support/file-store.ts'

const NAME = nameOf(1)

test('durable is on the disk before it resolves: the file, then its name, then what is above', async (t) => {
  const calls: string[] = []
  const opened = new Map<unknown, string>()
  const fs = interceptFileSystem(async ({ method, path, proceed }) => {
    const result = await proceed()
    if (method === 'open') opened.set(result, String(path))
    if (method === 'rename' && String(path).includes('.session')) calls.push('rename')
    if (method.endsWith('sync'))
      calls.push(`${method} ${relative(directory, opened.get(path) ?? '')}`)
    return result
  })
  const { store, directory } = openStore(t, { fs })
  await store.update(NAME, storing('one'))
  t.deepEqual(calls.splice(0), ['rename'])
  await store.update(NAME, storing('two'), { durable: true })
  t.regex(calls[0] ?? '', /^fdatasync .*\.session\.lock\/t-/)
  t.is(calls[1], 'rename')
  t.deepEqual(calls.splice(0).slice(2).sort(), ['fsync ', 'fsync ..', 'fsync sid', 'fsync sid/01'])
  await store.update(NAME, removing, { durable: true })
  t.deepEqual(calls.slice(1), ['rename', 'fsync sid/01'])
})

test('durable commits at once share the fsync of their directory', async (t) => {
  let fsyncs = 0
  const fs = interceptFileSystem(({ method, proceed }) => {
    if (method === 'fsync') fsyncs++
    return proceed()
  })
  const { store } = openStore(t, { fs })
  await store.update(NAME, storing('x'), { durable: true })
  fsyncs = 0
  const shared = Array.from({ length: 40 }, (_, index) => `01${index.toString().padStart(62, '0')}`)
  await Promise.all(shared.map((name) => store.update(name, storing('x'), { durable: true })))
  t.true(fsyncs < 40, `${fsyncs} fsyncs for 40 commits`)
  t.true(fsyncs > 0)
})

test('a durable commit that joins others makes their common write durable', async (t) => {
  const { calls, fs } = watchFileSystem()
  const { store } = openStore(t, { fs })
  await store.update(NAME, storing('one'))
  calls.length = 0
  await Promise.all([
    store.update(NAME, storing('two')),
    store.update(NAME, storing('three')),
    store.update(NAME, storing('four'), { durable: true }),
    store.update(NAME, storing('five')),
  ])
  t.true(calls.filter((call) => call === 'rename').length < 4, 'they joined')
  t.true(calls.includes('fdatasync'))
  t.true(calls.includes('fsync'))
})
