import { execFileSync, spawnSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import test from 'ava'
import {
  appending,
  nameOf,
  openStore,
  removing,
  storing,
  textOf,
} from '../../support/file-store.ts'

const NAME = nameOf(1)

test('an older version put back is damage to a store that has seen a newer one, read or written', async (t) => {
  const { store, directory, fileOf } = openStore(t)
  const reader = openStore(t, {}, { directory }).store
  const file = fileOf(NAME)
  await store.update(NAME, storing('one'))
  copyFileSync(file, `${directory}/copy`)
  await store.update(NAME, appending(', two'))
  t.is(await textOf(reader, NAME), 'one, two')
  copyFileSync(`${directory}/copy`, file)
  for (const each of [store, reader]) {
    t.is(await textOf(each, NAME), 'damaged')
    let current: unknown
    await each.update(NAME, (given) => {
      current = given
      return { kind: 'keep' }
    })
    t.is(current, 'damaged')
  }
  t.is(await textOf(openStore(t, {}, { directory }).store, NAME), 'one')
})

test('a session put back after its removal is damage, and can be removed again', async (t) => {
  const { store, directory, fileOf } = openStore(t)
  await store.update(NAME, storing('one'))
  copyFileSync(fileOf(NAME), `${directory}/copy`)
  await store.update(NAME, removing)
  t.is(await textOf(store, NAME), undefined)
  copyFileSync(`${directory}/copy`, fileOf(NAME))
  t.is(await textOf(store, NAME), 'damaged')
  await store.update(NAME, removing, { durable: true })
  t.false(existsSync(fileOf(NAME)))
})

for (const [what, put] of [
  ['a link to another session', (path: string, other: string) => symlinkSync(other, path)],
  ['a link to itself', (path: string) => symlinkSync(path, path)],
  ['a FIFO', (path: string) => execFileSync('mkfifo', [path])],
  [
    'a socket',
    // By its bare name: the path of a socket has at most 107 characters, and a temporary folder may be long.
    (path: string) =>
      spawnSync(
        process.execPath,
        [
          '-e',
          'require("net").createServer().listen(process.argv[1], () => process.kill(process.pid, 9))',
          basename(path),
        ],
        { cwd: dirname(path) },
      ),
  ],
  ['an empty file', (path: string) => writeFileSync(path, '')],
  ['a text', (path: string) => writeFileSync(path, '{"user":1}'.repeat(1000))],
  [
    'a file of 4 GiB',
    (path: string) => {
      writeFileSync(path, '')
      truncateSync(path, 2 ** 32)
    },
  ],
] as const) {
  test(`${what} in the place of a session is damage, left alone until it is removed`, async (t) => {
    const { store, fileOf } = openStore(t)
    const other = nameOf(17)
    await store.update(other, storing('other'))
    put(fileOf(NAME), fileOf(other))
    t.is(await store.read(NAME), 'damaged')
    await t.throwsAsync(store.update(NAME, storing('x')), {
      code: 'ERR_SESSION_STORE',
      message: 'Could not write over a damaged session. Remove it, or leave it to the sweep.',
    })
    t.is(await store.read(NAME), 'damaged')
    await store.update(NAME, removing)
    t.is(await store.read(NAME), undefined)
    t.is(await textOf(store, other), 'other')
  })
}

test('a directory in the place of a session is damage, and is never taken away', async (t) => {
  const { store, fileOf } = openStore(t)
  await store.update(nameOf(17), storing('other'))
  mkdirSync(fileOf(NAME))
  t.is(await store.read(NAME), 'damaged')
  await t.throwsAsync(store.update(NAME, storing('x')), { code: 'ERR_SESSION_STORE' })
  await t.notThrowsAsync(store.update(NAME, removing))
  t.true(statSync(fileOf(NAME)).isDirectory())
  t.false(existsSync(`${fileOf(NAME)}.lock`))
})

test('a file that others made wider is still read', async (t) => {
  const { store, fileOf } = openStore(t)
  await store.update(NAME, storing('one'))
  chmodSync(fileOf(NAME), 0o644)
  t.is(await textOf(store, NAME), 'one')
})

test('a file under a name that is no session is not listed, nor is what a link leads to', async (t) => {
  const { store, directory, fileOf } = openStore(t)
  await store.update(NAME, storing('one'))
  const data = join(directory, 'sid')
  symlinkSync(join(data, '01'), join(data, '02'))
  writeFileSync(join(data, '01', 'notes.txt'), '')
  writeFileSync(join(data, '03'), '')
  copyFileSync(fileOf(NAME), join(data, '01', `${NAME}.session~`))
  const names: string[] = []
  for await (const { name } of store.entries()) names.push(name)
  t.deepEqual(names, [NAME])
})
