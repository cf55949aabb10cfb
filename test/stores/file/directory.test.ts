import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { inspect } from 'node:util'
import test from 'ava'
import { preparePrivateDirectory } from '../../../stores/file/directory.ts'
import { nodeFileSystem } from '../../../stores/file/file-system.ts'
import {
  interceptFileSystem,
  nameOf,
  openStore,
  storing,
  systemError,
  textOf,
} from '../../support/file-store.ts'
import { deleteDirectory, makeTemporaryDirectory } from '../../support/temporary-directory.ts'

const modeOf = (path: string): number => statSync(path).mode & 0o777
const REFUSED = 'ERR_SESSION_DIRECTORY'

test('a directory that is missing is made for us alone, and what is above it too', async (t) => {
  const path = join(makeTemporaryDirectory(t), 'a', 'b')
  await preparePrivateDirectory(nodeFileSystem, path)
  t.is(modeOf(path), 0o700)
  t.is(modeOf(join(path, '..')), 0o700)
})

test('a directory of ours that others can enter is narrowed', async (t) => {
  const path = join(makeTemporaryDirectory(t), 'a')
  mkdirSync(path)
  chmodSync(path, 0o777)
  await preparePrivateDirectory(nodeFileSystem, path)
  t.is(modeOf(path), 0o700)
})

test('a link is refused, also one to a directory of ours', async (t) => {
  const path = join(makeTemporaryDirectory(t), 'a')
  mkdirSync(`${path}-target`)
  symlinkSync(`${path}-target`, path)
  await t.throwsAsync(preparePrivateDirectory(nodeFileSystem, path), {
    code: REFUSED,
    message: "The directory 'a' is a symbolic link. Set `directory` to what it points to.",
  })
})

test('a file in its place is refused, and one above it', async (t) => {
  const path = join(makeTemporaryDirectory(t), 'a')
  writeFileSync(path, '')
  await t.throwsAsync(preparePrivateDirectory(nodeFileSystem, path), {
    code: REFUSED,
    message: "The directory 'a' is not a directory. Remove it, or set `directory` to another path.",
  })
  await t.throwsAsync(preparePrivateDirectory(nodeFileSystem, join(path, 'b')), {
    code: REFUSED,
    message: "The directory 'b' is below a file. Set `directory` to another path.",
  })
})

test("somebody else's directory is refused", async (t) => {
  const path = makeTemporaryDirectory(t)
  const { uid } = statSync(path)
  await t.throwsAsync(preparePrivateDirectory(nodeFileSystem, path, uid + 1), {
    code: REFUSED,
    message: new RegExp(
      `belongs to user ${uid}, and this process runs as user ${uid + 1}\\. Give it`,
    ),
  })
})

test('a directory that everybody could rename is refused, one in a sticky directory is not', async (t) => {
  const parent = join(makeTemporaryDirectory(t), 'a')
  const path = join(parent, 'b')
  mkdirSync(parent)
  chmodSync(parent, 0o777)
  await t.throwsAsync(preparePrivateDirectory(nodeFileSystem, path), {
    code: REFUSED,
    message:
      /^The directory 'b' lies in a directory that everybody may write\. Take that right away/,
  })
  chmodSync(parent, 0o1777)
  await t.notThrowsAsync(preparePrivateDirectory(nodeFileSystem, path))
})

test('a directory that all users share is refused, and stays as it is', async (t) => {
  const path = join(makeTemporaryDirectory(t), 'a')
  mkdirSync(path)
  chmodSync(path, 0o1777)
  await t.throwsAsync(preparePrivateDirectory(nodeFileSystem, path), {
    code: REFUSED,
    message:
      "The directory 'a' is shared by all users. Set `directory` to one of its own, inside it.",
  })
  t.is(statSync(path).mode & 0o7777, 0o1777)
})

test('a file system without permissions is refused', async (t) => {
  const path = join(makeTemporaryDirectory(t), 'a')
  mkdirSync(path)
  chmodSync(path, 0o755)
  const fs = { ...nodeFileSystem, chmod: async () => {} }
  await t.throwsAsync(preparePrivateDirectory(fs, path), {
    code: REFUSED,
    message: /can be read by others/,
  })
})

test('a store makes its directory when it is first used, with a .gitignore, and no message holds its path', async (t) => {
  const parent = makeTemporaryDirectory(t)
  const { store, directory } = openStore(t, {}, { directory: join(parent, 'data') })
  t.false(existsSync(directory))
  await store.ready()
  t.is(modeOf(join(directory, 'sid')), 0o700)
  t.is(readFileSync(join(directory, '.gitignore'), 'utf8'), '*\n')
  deleteDirectory(directory)
  symlinkSync(parent, directory)
  const again = openStore(t, {}, { directory }).store
  const error = await t.throwsAsync(again.ready(), { code: REFUSED })
  t.false(inspect(error, { depth: 9 }).includes(parent))
  await t.throwsAsync(again.update(nameOf(1), storing('x')), { code: REFUSED })
})

test('a failed preparation is tried again by the next call', async (t) => {
  const { store, directory } = openStore(t)
  writeFileSync(join(directory, 'sid'), '')
  await t.throwsAsync(store.ready(), { code: REFUSED })
  rmSync(join(directory, 'sid'))
  await t.notThrowsAsync(store.ready())
})

test('a .gitignore that could not be written is not left half', async (t) => {
  let code: string | undefined = 'ENOSPC'
  const fs = interceptFileSystem(({ method, proceed }) =>
    method === 'write' && code ? Promise.reject(systemError(code, method)) : proceed(),
  )
  const { store, directory } = openStore(t, { fs })
  await t.throwsAsync(store.ready(), {
    code: 'ERR_SESSION_STORE',
    message: /^Could not write the \.gitignore of the directory \(ENOSPC\)/,
  })
  code = undefined
  await store.ready()
  t.is(readFileSync(join(directory, '.gitignore'), 'utf8'), '*\n')
})

test('a .gitignore that is there stays as it is', async (t) => {
  const { store, directory } = openStore(t)
  writeFileSync(join(directory, '.gitignore'), 'mine')
  await store.ready()
  t.is(readFileSync(join(directory, '.gitignore'), 'utf8'), 'mine')
})

test('a directory deleted while in use has logged everybody out, and is made anew', async (t) => {
  const { store, directory } = openStore(t)
  await store.update(nameOf(1), storing('x'), { durable: true })
  deleteDirectory(directory)
  t.is(await textOf(store, nameOf(1)), undefined)
  await store.update(nameOf(2), storing('y'), { durable: true })
  t.is(await textOf(store, nameOf(2)), 'y')
  t.is(modeOf(directory), 0o700)
  t.is(modeOf(join(directory, 'sid')), 0o700)
  t.true(existsSync(join(directory, '.gitignore')))
})

test('a directory that cannot be used is told at the start, with what helps', async (t) => {
  const denied = Object.assign(new Error('EACCES: access'), { code: 'EACCES' })
  const { store } = openStore(t, {
    fs: { ...nodeFileSystem, access: () => Promise.reject(denied) },
  })
  await t.throwsAsync(store.ready(), {
    code: 'ERR_SESSION_STORE',
    message:
      'Could not use the directory of the store (EACCES). Let the user of this process read and write the directory of the store.',
  })
})

test('somebody else’s folder that others may enter is neither narrowed nor written into', async (t) => {
  const { directory } = openStore(t)
  mkdirSync(directory, { recursive: true })
  writeFileSync(join(directory, 'index.html'), '')
  chmodSync(directory, 0o755)
  const { store } = openStore(t, {}, { directory })
  await t.throwsAsync(store.ready(), {
    code: REFUSED,
    message:
      /holds other files, and others may enter it\. Set `directory` to one for sessions alone/,
  })
  t.is(modeOf(directory), 0o755)
  t.false(existsSync(join(directory, '.gitignore')))
})

test('a volume with nothing but lost+found, or a directory of ours, is narrowed', async (t) => {
  const { directory, store } = openStore(t)
  mkdirSync(join(directory, 'lost+found'), { recursive: true })
  chmodSync(directory, 0o755)
  await store.ready()
  t.is(modeOf(directory), 0o700)
  writeFileSync(join(directory, 'other'), '')
  chmodSync(directory, 0o755)
  const { store: next } = openStore(t, {}, { directory })
  await next.ready()
  t.is(modeOf(directory), 0o700)
})

test('a read beside a commit does not get into a directory that is refused to that', async (t) => {
  const { store: before, directory } = openStore(t)
  await before.update(nameOf(1), storing('one'))
  await before.close()
  symlinkSync(directory, `${directory}-link`)
  t.teardown(() => rmSync(`${directory}-link`))
  const { store } = openStore(t, {}, { directory: `${directory}-link` })
  const works = [store.update(nameOf(1), storing('two')), store.read(nameOf(1))]
  for (const work of works) await t.throwsAsync(work, { code: REFUSED, message: /symbolic link/ })
  await t.throwsAsync(store.update(nameOf(1), storing('two')), { code: REFUSED })
})
