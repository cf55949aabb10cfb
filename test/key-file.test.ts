import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import * as fs from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { inspect } from 'node:util'
import test, { type ExecutionContext } from 'ava'
import type { SessionError } from '../lib/errors.ts'
import { KeyFile, type KeyFileOptions } from '../lib/key-file.ts'
import type { KeyFileSystem } from '../lib/key-file-publish.ts'
import { keyIdOfMaster } from '../lib/keyring.ts'
import { keyOf } from './support/keys.ts'

const LOAD_KEYS = fileURLToPath(new URL('support/load-keys.js', import.meta.url))
const RESTORE = 'restore it, or remove it to begin with a new key, which ends all sessions'
const posix = process.platform === 'win32' ? test.skip : test

/** A fresh data directory, and a key file in it with what it warned of. */
async function prepare(
  t: ExecutionContext,
  options: KeyFileOptions = {},
): Promise<{ keys: KeyFile; directory: string; path: string; warnings: string[][] }> {
  const data = await fs.mkdtemp(join(tmpdir(), 'sessions-'))
  t.teardown(() => fs.rm(data, { recursive: true, force: true }))
  const directory = join(data, 'keys')
  const warnings: string[][] = []
  const warn = (message: string, code: string): void => {
    warnings.push([code, message])
  }
  const keys = new KeyFile(directory, { warn, ...options })
  return { keys, directory, path: join(directory, 'keyring.json'), warnings }
}

function ringTextOf(...keys: readonly Buffer[]): string {
  return JSON.stringify({
    v: 1,
    keys: keys.map((key) => ({
      id: keyIdOfMaster(key).toString('hex'),
      key: key.toString('base64url'),
      created: '2026-01-01T00:00:00.000Z',
    })),
  })
}

async function put(path: string, content: string | Buffer, mode = 0o600): Promise<void> {
  await fs.mkdir(join(path, '..'), { recursive: true, mode: 0o700 })
  await fs.writeFile(path, content, { mode })
  await fs.chmod(path, mode)
}

async function modeOf(path: string): Promise<string> {
  return ((await fs.stat(path)).mode & 0o777).toString(8)
}

test('a ring with one key is made when there is none, and found from then on', async (t) => {
  const now = Date.parse('2030-01-02T03:04:05.678Z')
  const random = (length: number): Buffer => keyOf('random').subarray(0, length)
  const { keys, directory, path } = await prepare(t, { random, now: () => now })
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

test('the ring is on the disk before it has its name, and its name before load() resolves', async (t) => {
  const faults = new Faults()
  const { keys } = await prepare(t, { fileSystem: faults.fileSystem })
  await keys.load()
  const [written, linked] = [faults.calls.indexOf('file.writeFile'), faults.calls.indexOf('link')]
  t.deepEqual(faults.calls.slice(written, linked), ['file.writeFile', 'file.sync'])
  t.deepEqual(faults.calls.slice(linked, linked + 3), ['link', 'open', 'file.sync'])
})

test('nothing is done before the first load', async (t) => {
  const { directory } = await prepare(t)
  await t.throwsAsync(fs.lstat(directory), { code: 'ENOENT' })
})

test('16 cold processes that start at once come to one key', async (t) => {
  const { directory } = await prepare(t)
  const children = Array.from({ length: 16 }, () => startLoader(directory))
  await Promise.all(children.map(isReady))
  const printed = await Promise.all(children.map(finish))
  t.is(new Set(printed).size, 1)
  t.regex(printed[0] ?? '', /^[0-9a-f]{8}$/)
  t.deepEqual(await fs.readdir(directory), ['keyring.json'])
})

for (const umask of ['0', '27', '77']) {
  posix(`file and directory are private under umask ${umask}`, async (t) => {
    const { directory, path } = await prepare(t)
    const child = startLoader(directory, umask)
    await isReady(child)
    t.regex(await finish(child), /^[0-9a-f]{8}$/)
    t.is((await fs.stat(path)).mode & 0o177, 0)
    t.is((await fs.stat(directory)).mode & 0o077, 0)
  })
}

test('all keys of a ring are given, in its order', async (t) => {
  const { keys, path } = await prepare(t)
  await put(path, ringTextOf(keyOf('new'), keyOf('old')))
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
    const { keys, directory, path } = await prepare(t)
    await put(path, content)
    const error = await t.throwsAsync<SessionError>(keys.load(), {
      code: 'ERR_SESSION_KEY_FILE',
      message: `keys/keyring.json ${why}: ${RESTORE}`,
    })
    t.false(inspect(error).includes(keyOf('one').toString('hex').slice(0, 16)))
    t.is(await fs.readFile(path, 'utf8'), content)
    t.deepEqual(await fs.readdir(directory), ['keyring.json'])

    await put(path, good)
    t.deepEqual(await keys.load(), [keyOf('one')])
  })
}

posix('a symbolic link is not followed, and not replaced', async (t) => {
  const { keys, directory, path } = await prepare(t)
  const target = join(directory, 'target.json')
  await put(target, good)
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
  const { keys, path } = await prepare(t)
  await fs.mkdir(path, { recursive: true, mode: 0o700 })
  await t.throwsAsync(keys.load(), { code: 'ERR_SESSION_KEY_FILE' })
  t.true((await fs.lstat(path)).isDirectory())
})

posix('a pipe in its place is an error, and nobody waits for it', async (t) => {
  const { keys, directory, path } = await prepare(t)
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
  const { keys, directory, path } = await prepare(t)
  await put(path, good)
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
    const { keys, path, warnings } = await prepare(t)
    await put(path, good, mode)
    t.deepEqual(await keys.load(), [keyOf('one')])
    await keys.load()
    t.is(await modeOf(path), '600')
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
    const { keys, directory } = await prepare(t)
    await fs.mkdir(directory)
    await fs.chmod(directory, 0o777)
    await keys.load()
    t.is(await modeOf(directory), '700')

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
  const { keys, path } = await prepare(t)
  t.true(await keys.changed(), 'nothing is loaded yet')
  await keys.load()
  t.false(await keys.changed())
  t.false(await keys.changed())

  await put(`${path}.new`, good)
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
  const faults = new Faults()
  const { keys } = await prepare(t, { fileSystem: faults.fileSystem })
  await keys.load()
  faults.calls.length = 0
  await keys.changed()
  t.deepEqual(faults.calls, ['lstat'])
  faults.failAt(0, 'EACCES')
  await t.throwsAsync(keys.changed(), { code: 'ERR_SESSION_KEY_FILE' })
})

for (const code of ['EIO', 'EACCES', 'EMFILE', 'ENOSPC', 'EROFS']) {
  test(`${code} at any call is an error without a path, and passes`, async (t) => {
    const whole = new Faults()
    await (await prepare(t, { fileSystem: whole.fileSystem })).keys.load()
    t.true(whole.calls.length > 8)
    for (let call = 0; call < whole.calls.length; call += 1) {
      const faults = new Faults()
      const { keys, directory } = await prepare(t, { fileSystem: faults.fileSystem })
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
    const { keys, directory, warnings } = await prepare(t)
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
    const other = await prepare(t)
    await other.keys.load()
    t.deepEqual(other.warnings, [])
  },
)

for (const code of ['EPERM', 'ENOTSUP', 'ENOSYS', 'EXDEV']) {
  test(`without hard links (${code}), those that start together come to one key too`, async (t) => {
    const faults = new Faults()
    faults.fail('link', code)
    const wait = (): Promise<void> => new Promise(setImmediate)
    const options = { fileSystem: faults.fileSystem, wait }
    const { directory } = await prepare(t)
    const files = Array.from({ length: 8 }, () => new KeyFile(directory, options))
    const loaded = await Promise.all(files.map((file) => file.load()))
    t.is(new Set(loaded.map(([key]) => key?.toString('hex'))).size, 1)
    t.deepEqual(await fs.readdir(directory), ['keyring.json'])
  })
}

test('without hard links, a lock that a killed process left is broken after ten seconds', async (t) => {
  const faults = new Faults()
  faults.fail('link', 'ENOTSUP')
  let waited = 0
  const wait = async (milliseconds: number): Promise<void> => {
    waited += milliseconds
  }
  const { keys, directory, path } = await prepare(t, { fileSystem: faults.fileSystem, wait })
  await put(join(`${path}.lock`, 'token'), 'half a r')
  t.is((await keys.load()).length, 1)
  t.is(waited, 10_000)
  t.deepEqual(await fs.readdir(directory), ['keyring.json'])
})

test('without hard links, a lock that others hold one after the other is waited for', async (t) => {
  const faults = new Faults()
  faults.fail('link', 'ENOTSUP')
  let waits = 0
  const wait = async (): Promise<void> => {
    waits += 1
    if (waits % 150 === 0) await fs.rm(lock, { recursive: true })
    if (waits % 150 === 0) await fs.mkdir(lock)
    if (waits === 600) await put(path, good)
  }
  const { keys, path } = await prepare(t, { fileSystem: faults.fileSystem, wait })
  const lock = `${path}.lock`
  await fs.mkdir(lock, { recursive: true, mode: 0o700 })
  t.deepEqual(await keys.load(), [keyOf('one')])
  t.deepEqual(await fs.readdir(lock), [])
})

test('without hard links, one who stalled while its lock was broken takes no place', async (t) => {
  const faults = new Faults()
  faults.fail('link', 'ENOTSUP')
  const wait = async (): Promise<void> => {}
  const { keys: stalled, directory } = await prepare(t, { fileSystem: faults.fileSystem, wait })
  let winner: readonly Buffer[] | undefined
  faults.before('rename', async () => {
    winner = await new KeyFile(directory, { fileSystem: faults.fileSystem, wait }).load()
  })
  t.deepEqual(await stalled.load(), winner)
  t.deepEqual(await new KeyFile(directory).load(), winner)
  t.deepEqual(await fs.readdir(directory), ['keyring.json'])
})

test('without hard links, one who gets the lock after the ring was made takes no place', async (t) => {
  const faults = new Faults()
  faults.fail('link', 'ENOTSUP')
  const { keys: late, directory } = await prepare(t, { fileSystem: faults.fileSystem })
  let winner: readonly Buffer[] | undefined
  faults.before('mkdir', async () => {
    winner = await new KeyFile(directory).load()
  })
  t.deepEqual(await late.load(), winner)
  t.deepEqual(await new KeyFile(directory).load(), winner)
  t.deepEqual(await fs.readdir(directory), ['keyring.json'])
})

test('to look at a key file shows no key', async (t) => {
  const { keys } = await prepare(t)
  const [key] = await keys.load()
  const shown = inspect(keys, { depth: 9, showHidden: true }) + JSON.stringify(keys)
  t.false(shown.includes(key?.toString('hex') ?? ''))
  t.false(shown.includes(key?.toString('base64url') ?? ''))
  t.false(shown.includes(key?.toString('hex', 0, 4).replace(/..(?!$)/g, '$& ') ?? ''))
})

function startLoader(directory: string, umask?: string): ChildProcess {
  const given = umask === undefined ? [] : [umask]
  return spawn(process.execPath, [LOAD_KEYS, directory, ...given], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
}

async function isReady(child: ChildProcess): Promise<void> {
  if (child.stdout) await once(child.stdout, 'data')
}

async function finish(child: ChildProcess): Promise<string> {
  child.stdin?.end()
  return child.stdout ? text(child.stdout) : ''
}

type Call = Exclude<keyof KeyFileSystem, 'constants'>

/** The real file system, in which one call fails: the one of a number, or every one of a name. */
class Faults {
  readonly calls: string[] = []
  readonly fileSystem: KeyFileSystem
  #number = -1
  #code = ''
  readonly #names = new Map<string, string>()
  readonly #before = new Map<string, () => Promise<void>>()

  constructor() {
    const real: Record<string, unknown> = { ...fs }
    const calls: Call[] = ['link', 'lstat', 'mkdir', 'open', 'readdir', 'rename', 'rmdir', 'unlink']
    this.fileSystem = Object.fromEntries(
      calls.map((call) => [call, this.#wrap(call, real[call] as AnyCall)]),
    ) as unknown as KeyFileSystem
  }

  /** Lets the call of this number, counted from now on, fail once. */
  failAt(number: number, code: string): void {
    this.calls.length = 0
    this.#number = number
    this.#code = code
  }

  fail(name: Call, code: string): void {
    this.#names.set(name, code)
  }

  /** Runs before the next call of this name. */
  before(name: Call, run: () => Promise<void>): void {
    this.#before.set(name, run)
  }

  #wrap(name: string, call: AnyCall): AnyCall {
    return async (...given) => {
      this.#count(name, given)
      const before = this.#before.get(name)
      this.#before.delete(name)
      await before?.()
      const result = await call.apply(fs, given)
      return name === 'open' ? this.#wrapFile(result as fs.FileHandle) : result
    }
  }

  #wrapFile(file: fs.FileHandle): fs.FileHandle {
    for (const name of ['stat', 'writeFile', 'readFile', 'sync', 'chmod'] as const) {
      const call = (file[name] as AnyCall).bind(file)
      Object.assign(file, { [name]: this.#wrap(`file.${name}`, call) })
    }
    return file
  }

  #count(name: string, given: readonly unknown[]): void {
    const number = this.calls.push(name) - 1
    const code = this.#names.get(name) ?? (number === this.#number ? this.#code : undefined)
    if (code === undefined) return
    const path = String(given[0])
    const syscall = name.replace('file.', '')
    throw Object.assign(new Error(`${code}: it failed, ${syscall} '${path}'`), {
      code,
      syscall,
      path,
    })
  }
}

type AnyCall = (...given: unknown[]) => Promise<unknown>
