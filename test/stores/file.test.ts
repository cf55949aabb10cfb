import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import test from 'ava'
import { FileStore, type FileStoreOptions } from '../../stores/file.ts'
import { runScript } from '../support/child.ts'
import {
  appending,
  fileIn,
  interceptFileSystem,
  nameOf,
  openStore,
  removing,
  storing,
  textOf,
  watchFileSystem,
} from '../support/file-store.ts'
import { makeTemporaryDirectory } from '../support/temporary-directory.ts'
import { findLitter } from '../support/torture.ts'

const NAME = nameOf(1)

for (const [options, message] of [
  [{ directory: '' }, 'Expected directory to be a path or a file URL, got a string'],
  [{ directory: 7 }, 'Expected directory to be a path or a file URL, got a number'],
  [
    { directory: new URL('https://a/b') },
    'Expected directory to be a path or a file URL, got a object',
  ],
  [
    { name: 'keys' },
    "Expected name to be a plain name such as 'sid', and not 'keys' or 'tenants', got 'keys'",
  ],
  [{ name: 'Tenants' }, /got 'Tenants'$/],
  [{ name: '..' }, /got '\.\.'$/],
  [{ name: 'a/b' }, /got 'a\/b'$/],
  [{ name: '' }, /got ''$/],
  [
    { lockTimeout: -1 },
    'Expected lockTimeout to be a number of milliseconds from 0 to 3600000, got -1',
  ],
  [{ lockTimeout: Number.NaN }, /got NaN$/],
] as const) {
  test(`the options ${JSON.stringify(options)} are refused`, (t) => {
    t.throws(() => new FileStore(options as FileStoreOptions), {
      code: 'ERR_SESSION_OPTION',
      message,
    })
  })
}

test('making a store touches no file', (t) => {
  const directory = join(makeTemporaryDirectory(t), 'data')
  new FileStore({ directory })
  t.false(existsSync(directory))
})

test('stores of different names share a directory and nothing else', async (t) => {
  const directory = makeTemporaryDirectory(t)
  const one = new FileStore({ directory: pathToFileURL(directory), name: '__Host-sid' })
  const other = new FileStore({ directory, name: 'admin' })
  await one.update(NAME, storing('one'))
  t.is(await textOf(other, NAME), undefined)
  t.deepEqual(readdirSync(directory).sort(), ['.gitignore', '__Host-sid'])
})

test('a session is one private file in its shard, and nothing is left beside it', async (t) => {
  const { store, directory, fileOf } = openStore(t)
  await store.update(NAME, storing('one'))
  await store.update(NAME, storing('two'), { durable: true })
  t.is(statSync(fileOf(NAME)).mode & 0o777, 0o600)
  t.is(statSync(dirname(fileOf(NAME))).mode & 0o777, 0o700)
  t.deepEqual(readdirSync(dirname(fileOf(NAME))), [basename(fileOf(NAME))])
  t.deepEqual(findLitter(join(directory, 'sid')), [])
})

for (const umask of ['000', '077']) {
  test(`files are 0600 and directories 0700 under umask ${umask}, also over a file that was wider`, async (t) => {
    const directory = join(makeTemporaryDirectory(t), 'data')
    const body = `
      process.umask(0o${umask})
      await store.update(names[0], storing('x'))
      chmodSync(fileIn(directory, names[0]), 0o644)
      await store.close()
      await new FileStore({ directory }).update(names[0], storing('y'))`
    await runScript(t, { directory, names: [NAME], body })
    const file = fileIn(directory, NAME)
    t.is(statSync(file).mode & 0o777, 0o600)
    for (const path of [directory, join(directory, 'sid'), dirname(file)]) {
      t.is(statSync(path).mode & 0o777, 0o700)
    }
  })
}

for (const name of [
  '../../../etc/passwd',
  'A'.repeat(64),
  'a'.repeat(63),
  `${'a'.repeat(62)}/.`,
  `${'a'.repeat(63)}\0`,
  '',
  undefined,
]) {
  test(`no path is made of the name ${JSON.stringify(name)}`, async (t) => {
    const fs = interceptFileSystem(({ method }) => Promise.reject(t.fail(method)))
    const { store } = openStore(t, { fs })
    const refusal = {
      code: 'ERR_SESSION_OPTION',
      message: 'Expected the name of an entry to be 64 lowercase hexadecimal digits.',
    }
    await t.throwsAsync(store.read(name as string), refusal)
    await t.throwsAsync(store.update(name as string, removing), refusal)
  })
}

test('commits that wait for one session are written together', async (t) => {
  const { calls, fs } = watchFileSystem()
  const { store } = openStore(t, { fs })
  await store.update(NAME, storing(''))
  calls.length = 0
  const results = await Promise.all(
    Array.from({ length: 50 }, () => store.update(NAME, appending('x'))),
  )
  t.is(await textOf(store, NAME), 'x'.repeat(50))
  t.true(calls.filter((call) => call === 'rename').length <= 2)
  t.is(
    results.filter(({ version }) => version).length,
    calls.filter((call) => call === 'rename').length,
  )
})

test('a commit that keeps writes nothing', async (t) => {
  const { store, directory } = openStore(t)
  await store.update(NAME, storing('one'))
  const { calls, fs } = watchFileSystem()
  const other = openStore(t, { fs }, { directory }).store
  await other.update(NAME, () => ({ kind: 'keep' }), { durable: true })
  t.true(calls.includes('read'))
  t.false(calls.some((call) => ['write', 'rename', 'fsync', 'fdatasync'].includes(call)))
})

test('close() waits for what was begun, a sweep too, and then refuses', async (t) => {
  const { store } = openStore(t)
  await Promise.all(
    Array.from({ length: 50 }, (_, index) => store.update(nameOf(index), storing('x'))),
  )
  const updated = store.update(NAME, appending('y'))
  const swept = store.sweep({ now: 0, grace: 0, damagedAfter: 0 })
  await store.close()
  t.not(await Promise.race([updated, delay(0, 'late')]), 'late')
  t.not(await Promise.race([swept, delay(0, 'late')]), 'late')
  const closed = {
    code: 'ERR_SESSION_CLOSED',
    message: 'The session store was closed. Make a new one to go on.',
  }
  await t.throwsAsync(store.read(NAME), closed)
  await t.throwsAsync(store.update(NAME, removing), closed)
  await t.throwsAsync(store.entries().next(), closed)
  await t.throwsAsync(store.sweep({ now: 0, grace: 0, damagedAfter: 0 }), closed)
  await t.throwsAsync(store.ready(), closed)
})

test('close() twice at once ends both, an update under way or not, and no other store', async (t) => {
  const directory = makeTemporaryDirectory(t)
  const [store, other] = [new FileStore({ directory }), new FileStore({ directory })]
  await other.update(NAME, storing('x'))
  await store.update(NAME, appending('y'))
  const updated = store.update(NAME, appending('z'))
  await Promise.all([store.close(), store.close(), updated])
  await other.update(NAME, appending('!'))
  t.is(await textOf(other, NAME), 'xyz!')
  await other.close()
})

test('a process with an idle store ends by itself', async (t) => {
  const directory = makeTemporaryDirectory(t)
  const body = `
    await store.update(names[0], storing('x'), { durable: true })
    await store.sweep({ now: 0, grace: 0, damagedAfter: 0 })`
  const started = performance.now()
  await runScript(t, { directory, names: [NAME], body })
  t.true(performance.now() - started < 20_000)
  t.is(await textOf(new FileStore({ directory }), NAME), 'x')
})

test('descriptors are given back, also those of files that are damaged', async (t) => {
  let open = 0
  let most = 0
  const fs = interceptFileSystem(async ({ method, proceed }) => {
    const result = await proceed()
    if (method === 'open') most = Math.max(most, ++open)
    if (method === 'close') open--
    return result
  })
  const { store, fileOf } = openStore(t, { fs })
  await store.update(nameOf(17), storing('x'), { durable: true })
  writeFileSync(fileOf(NAME), 'junk')
  for (const name of [NAME, nameOf(17), nameOf(33)]) {
    await store.read(name)
    await store.update(name, () => ({ kind: 'keep' }))
    await store.update(name, removing, { durable: true })
  }
  t.is(open, 0)
  t.true(most > 0)
})
