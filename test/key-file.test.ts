import { execFileSync } from 'node:child_process'
import * as fs from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import test from 'ava'
import type { SessionError } from '../lib/errors.ts'
import { KeyFile } from '../lib/key-file.ts'
import { keyIdOfMaster } from '../lib/keyring.ts'
import { modeOf } from './support/data-folder.ts'
import { prepareKeyFile, putFile, ringTextOf } from './support/key-file.ts'
import { KeyFileFaults } from './support/key-file-faults.ts'
import { keyOf } from './support/keys.ts'

const RESTORE = 'restore it, or remove it to begin with a new key, which ends all sessions'
const posix = process.platform === 'win32' ? test.skip : test

test('a ring with one key is made when there is none, and found from then on', async (t) => {
  const now = Date.parse('2030-01-02T03:04:05.678Z')
  const random = (length: number): Buffer => keyOf('random').subarray(0, length)
  const { keys, directory, path } = prepareKeyFile(t, { random, now: () => now })
  t.deepEqual(await keys.load(), [keyOf('random')])
  t.is(
    await fs.readFile(path, 'utf8'),
    '{"v":1,"keys":[{"id":"' +
      keyIdOfMaster(keyOf('random')).toString('hex') +
      '","key":"' +
      keyOf('random').toString('base64url') +
      '","created":"2030-01-02T03:04:05.678Z"}]}\n',
  )
  t.deepEqual(await fs.readdir(directory), ['keyring.json'])
  t.deepEqual(await new KeyFile(directory).load(), [keyOf('random')])
})

test('nothing is done before the first load', async (t) => {
  const { directory } = prepareKeyFile(t)
  await t.throwsAsync(fs.lstat(directory), { code: 'ENOENT' })
})

test('all keys of a ring are given, in its order', async (t) => {
  const { keys, path } = prepareKeyFile(t)
  await putFile(path, ringTextOf(keyOf('new'), keyOf('old')))
  t.deepEqual(await keys.load(), [keyOf('new'), keyOf('old')])
})

const good = ringTextOf(keyOf('one'))
for (const [what, content, why] of [
  ['empty', '', 'is empty'],
  ['cut off', good.slice(0, -20), 'is damaged'],
  ['no JSON', keyOf('one').toString('hex'), 'is damaged'],
  ['null', 'null', 'is damaged'],
  ['of a later version', good.replace('"v":1', '"v":2'), 'is damaged'],
  ['without keys', '{"v":1,"keys":[]}', 'is damaged'],
  ['with keys that are none', '{"v":1,"keys":[null]}', 'is damaged'],
  ['with a key that is too short', good.replace(/"key":"../, '"key":"'), 'is damaged'],
  ['with a key that is not the one of its id', good.replace(/"id":"./, '"id":"z'), 'is damaged'],
  [
    'with one bad key among good ones',
    ringTextOf(keyOf('one'), keyOf('two').subarray(1)),
    'is damaged',
  ],
  ['too large', `${good}${' '.repeat(65_536)}`, 'is larger than 64 KiB'],
] as const) {
  test(`a key file that is ${what} is an error, and left as it is`, async (t) => {
    const { keys, directory, path } = prepareKeyFile(t)
    await putFile(path, content)
    const error = await t.throwsAsync<SessionError>(keys.load(), {
      code: 'ERR_SESSION_KEY_FILE',
      message: `keys/keyring.json ${why}: ${RESTORE}`,
    })
    t.false(inspect(error).includes(keyOf('one').toString('hex').slice(0, 16)))
    t.is(await fs.readFile(path, 'utf8'), content)
    t.deepEqual(await fs.readdir(directory), ['keyring.json'])

    await putFile(path, good)
    t.deepEqual(await keys.load(), [keyOf('one')])
  })
}

posix('a symbolic link is not followed, and not replaced', async (t) => {
  const { keys, directory, path } = prepareKeyFile(t)
  const target = join(directory, 'target.json')
  await putFile(target, good)
  for (const to of [target, join(directory, 'nothing'), path]) {
    await fs.symlink(to, path)
    await t.throwsAsync(keys.load(), {
      code: 'ERR_SESSION_KEY_FILE',
      message: `keys/keyring.json is a symbolic link: ${RESTORE}`,
    })
    t.is(await fs.readlink(path), to)
    await fs.unlink(path)
  }
})

test('a directory in its place is an error', async (t) => {
  const { keys, path } = prepareKeyFile(t)
  await fs.mkdir(path, { recursive: true, mode: 0o700 })
  await t.throwsAsync(keys.load(), { code: 'ERR_SESSION_KEY_FILE' })
  t.true((await fs.lstat(path)).isDirectory())
})

posix('a pipe in its place is an error, and nobody waits for it', async (t) => {
  const { keys, directory, path } = prepareKeyFile(t)
  await fs.mkdir(directory, { mode: 0o700 })
  execFileSync('mkfifo', [path])
  await t.throwsAsync(keys.load(), {
    code: 'ERR_SESSION_KEY_FILE',
    message: `keys/keyring.json is not a plain file: ${RESTORE}`,
  })
})

posix("another user's file or directory is refused", async (t) => {
  if (process.geteuid?.() !== 0) {
    t.pass('skipped: only root can give a file away')
    return
  }
  const { keys, directory, path } = prepareKeyFile(t)
  await putFile(path, good)
  await fs.chown(path, 12_345, 12_345)
  await t.throwsAsync(keys.load(), {
    code: 'ERR_SESSION_KEY_FILE',
    message: `keys/keyring.json belongs to another user: ${RESTORE}`,
  })
  await fs.chown(directory, 12_345, 12_345)
  await t.throwsAsync(keys.load(), { code: 'ERR_SESSION_DIRECTORY' })
})

posix('a file that others could read is narrowed, with one warning', async (t) => {
  for (const mode of [0o644, 0o640, 0o602]) {
    const { keys, path, warnings } = prepareKeyFile(t)
    await putFile(path, good, mode)
    t.deepEqual(await keys.load(), [keyOf('one')])
    await keys.load()
    t.is(modeOf(path), '600')
    t.deepEqual(warnings, [
      [
        'SESSION_KEY_FILE_SHARED',
        'Other users could read the keys in keys/keyring.json. They cannot any more, but assume that they did, and rotate the keys.',
      ],
    ])
  }
})

posix(
  'a directory that others could enter is narrowed; a link or a file in its place is refused',
  async (t) => {
    const { keys, directory } = prepareKeyFile(t)
    await fs.mkdir(directory)
    await fs.chmod(directory, 0o777)
    await keys.load()
    t.is(modeOf(directory), '700')

    for (const [replace, message] of [
      [() => fs.symlink(tmpdir(), directory), /^The directory 'keys' is a symbolic link\. /],
      [() => fs.writeFile(directory, ''), /^The directory 'keys' is not a directory\. /],
    ] as const) {
      await fs.rm(directory, { recursive: true })
      await replace()
      const error = await t.throwsAsync<SessionError>(keys.load(), {
        code: 'ERR_SESSION_DIRECTORY',
        message,
      })
      t.false(inspect(error).includes(directory))
    }
  },
)

test('changed() tells whether the file is another than the one loaded', async (t) => {
  const { keys, path } = prepareKeyFile(t)
  t.true(await keys.changed(), 'nothing is loaded yet')
  await keys.load()
  t.false(await keys.changed())
  t.false(await keys.changed())

  await putFile(`${path}.new`, good)
  await fs.rename(`${path}.new`, path)
  t.true(await keys.changed())
  t.deepEqual(await keys.load(), [keyOf('one')])
  t.false(await keys.changed())

  await fs.unlink(path)
  t.true(await keys.changed())
  await keys.load()
  t.false(await keys.changed())
})

test('changed() is one call of the file system, and its failure is an error', async (t) => {
  const faults = new KeyFileFaults()
  const { keys } = prepareKeyFile(t, { fileSystem: faults.fileSystem })
  await keys.load()
  faults.calls.length = 0
  await keys.changed()
  t.deepEqual(faults.calls, ['lstat'])
  faults.failAt(0, 'EACCES')
  await t.throwsAsync(keys.changed(), { code: 'ERR_SESSION_KEY_FILE' })
})

for (const code of ['EIO', 'EACCES', 'EMFILE', 'ENOSPC', 'EROFS']) {
  test(`${code} at any call is an error without a path, and passes`, async (t) => {
    const whole = new KeyFileFaults()
    await prepareKeyFile(t, { fileSystem: whole.fileSystem }).keys.load()
    t.true(whole.calls.length > 8)
    for (let call = 0; call < whole.calls.length; call += 1) {
      const faults = new KeyFileFaults()
      const { keys, directory } = prepareKeyFile(t, { fileSystem: faults.fileSystem })
      faults.failAt(call, code)
      const what = `${call}: ${whole.calls[call]}`
      const expected = {
        code: 'ERR_SESSION_KEY_FILE',
        message: `keys/keyring.json cannot be used: ${RESTORE}`,
      }
      const error = await t.throwsAsync(keys.load(), expected, what)
      t.is((error.cause as NodeJS.ErrnoException).code, code)
      t.regex((error.cause as Error).message, new RegExp(`^${code}: \\w+$`))
      t.false(inspect({ ...error, cause: { ...(error.cause as Error) } }).includes(directory))

      const [key] = await keys.load()
      t.deepEqual(await new KeyFile(directory).load(), [key], what)
    }
  })
}

test.serial(
  'one warning is given when a ring is made in production, and none elsewhere',
  async (t) => {
    const before = process.env.NODE_ENV
    t.teardown(() => {
      process.env.NODE_ENV = before
    })
    process.env.NODE_ENV = 'production'
    const { keys, directory, warnings } = prepareKeyFile(t)
    await keys.load()
    await keys.load()
    await new KeyFile(directory, { warn: (message) => t.fail(message) }).load()
    t.deepEqual(warnings, [
      [
        'SESSION_KEY_FILE_CREATED',
        'A key was generated in keys/keyring.json. Sessions end when that file is lost, as with a container or a release folder: set SESSION_KEYS (make one with: openssl rand -hex 32).',
      ],
    ])

    process.env.NODE_ENV = 'test'
    const other = prepareKeyFile(t)
    await other.keys.load()
    t.deepEqual(other.warnings, [])
  },
)

test('to look at a key file shows no key', async (t) => {
  const { keys } = prepareKeyFile(t)
  const [key] = await keys.load()
  const shown = inspect(keys, { depth: 9, showHidden: true }) + JSON.stringify(keys)
  t.false(shown.includes(key?.toString('hex') ?? ''))
  t.false(shown.includes(key?.toString('base64url') ?? ''))
  t.false(shown.includes(key?.toString('hex', 0, 4).replace(/..(?!$)/g, '$& ') ?? ''))
})
