import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import * as fs from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import test from 'ava'
import { KeyFile } from '../lib/key-file.ts'
import { prepareKeyFile, putFile, ringTextOf } from './support/key-file.ts'
import { KeyFileFaults } from './support/key-file-faults.ts'
import { keyOf } from './support/keys.ts'
import { isWhole } from './support/proof.ts'

/** Processes that start at once. */
const COLD = isWhole ? 16 : 6
const LOAD_KEYS = fileURLToPath(new URL('support/load-keys.js', import.meta.url))
const posix = process.platform === 'win32' ? test.skip : test

test('the ring is on the disk before it has its name, and its name before load() resolves', async (t) => {
  const faults = new KeyFileFaults()
  const { keys } = prepareKeyFile(t, { fileSystem: faults.fileSystem })
  await keys.load()
  const [written, linked] = [faults.calls.indexOf('file.writeFile'), faults.calls.indexOf('link')]
  t.deepEqual(faults.calls.slice(written, linked), ['file.writeFile', 'file.sync'])
  t.deepEqual(faults.calls.slice(linked, linked + 3), ['link', 'open', 'file.sync'])
})

test(`${COLD} cold processes that start at once come to one key`, async (t) => {
  const { directory } = prepareKeyFile(t)
  const children = Array.from({ length: COLD }, () => startLoader(directory))
  await Promise.all(children.map(isReady))
  const printed = await Promise.all(children.map(finish))
  t.is(new Set(printed).size, 1)
  t.regex(printed[0] ?? '', /^[0-9a-f]{8}$/)
  t.deepEqual(await fs.readdir(directory), ['keyring.json'])
})

for (const umask of ['0', '27', '77']) {
  posix(`file and directory are private under umask ${umask}`, async (t) => {
    const { directory, path } = prepareKeyFile(t)
    const child = startLoader(directory, umask)
    await isReady(child)
    t.regex(await finish(child), /^[0-9a-f]{8}$/)
    t.is((await fs.stat(path)).mode & 0o177, 0)
    t.is((await fs.stat(directory)).mode & 0o077, 0)
  })
}

for (const code of ['EPERM', 'ENOTSUP', 'ENOSYS', 'EXDEV']) {
  test(`without hard links (${code}), those that start together come to one key too`, async (t) => {
    const faults = new KeyFileFaults()
    faults.fail('link', code)
    const wait = (): Promise<void> => new Promise(setImmediate)
    const options = { fileSystem: faults.fileSystem, wait }
    const { directory } = prepareKeyFile(t)
    const files = Array.from({ length: 8 }, () => new KeyFile(directory, options))
    const loaded = await Promise.all(files.map((file) => file.load()))
    t.is(new Set(loaded.map(([key]) => key?.toString('hex'))).size, 1)
    t.deepEqual(await fs.readdir(directory), ['keyring.json'])
  })
}

test('without hard links, a lock that a killed process left is broken after ten seconds', async (t) => {
  const faults = new KeyFileFaults()
  faults.fail('link', 'ENOTSUP')
  let waited = 0
  const wait = async (milliseconds: number): Promise<void> => {
    waited += milliseconds
  }
  const { keys, directory, path } = prepareKeyFile(t, { fileSystem: faults.fileSystem, wait })
  await putFile(join(`${path}.lock`, 'token'), 'half a r')
  t.is((await keys.load()).length, 1)
  t.is(waited, 10_000)
  t.deepEqual(await fs.readdir(directory), ['keyring.json'])
})

test('without hard links, a lock that others hold one after the other is waited for', async (t) => {
  const faults = new KeyFileFaults()
  faults.fail('link', 'ENOTSUP')
  let waits = 0
  const wait = async (): Promise<void> => {
    waits += 1
    if (waits % 150 === 0) await fs.rm(lock, { recursive: true })
    if (waits % 150 === 0) await fs.mkdir(lock)
    if (waits === 600) await putFile(path, ringTextOf(keyOf('one')))
  }
  const { keys, path } = prepareKeyFile(t, { fileSystem: faults.fileSystem, wait })
  const lock = `${path}.lock`
  await fs.mkdir(lock, { recursive: true, mode: 0o700 })
  t.deepEqual(await keys.load(), [keyOf('one')])
  t.deepEqual(await fs.readdir(lock), [])
})

test('without hard links, one who stalled while its lock was broken takes no place', async (t) => {
  const faults = new KeyFileFaults()
  faults.fail('link', 'ENOTSUP')
  const wait = async (): Promise<void> => {}
  const { keys: stalled, directory } = prepareKeyFile(t, { fileSystem: faults.fileSystem, wait })
  let winner: readonly Buffer[] | undefined
  faults.before('rename', async () => {
    winner = await new KeyFile(directory, { fileSystem: faults.fileSystem, wait }).load()
  })
  t.deepEqual(await stalled.load(), winner)
  t.deepEqual(await new KeyFile(directory).load(), winner)
  t.deepEqual(await fs.readdir(directory), ['keyring.json'])
})

test('without hard links, one who gets the lock after the ring was made takes no place', async (t) => {
  const faults = new KeyFileFaults()
  faults.fail('link', 'ENOTSUP')
  const { keys: late, directory } = prepareKeyFile(t, { fileSystem: faults.fileSystem })
  let winner: readonly Buffer[] | undefined
  faults.before('mkdir', async () => {
    winner = await new KeyFile(directory).load()
  })
  t.deepEqual(await late.load(), winner)
  t.deepEqual(await new KeyFile(directory).load(), winner)
  t.deepEqual(await fs.readdir(directory), ['keyring.json'])
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
