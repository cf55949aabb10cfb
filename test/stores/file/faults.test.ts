import { existsSync, renameSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { inspect } from 'node:util'
import test from 'ava'
import type { SessionError } from '../../../lib/errors.ts'
import type { Environment } from '../../../stores/file/environment.ts'
import { type FileSystem, nodeFileSystem } from '../../../stores/file/file-system.ts'
import {
  appending,
  type Call,
  interceptFileSystem,
  nameOf,
  openStore,
  removing,
  storing,
  systemError,
  textOf,
} from '../../support/file-store.ts'
import { strideOf } from '../../support/proof.ts'
import { findLitter } from '../../support/torture.ts'

const NAME = nameOf(1)
/** One call in so many fails, and with the next code others do. */
const STRIDE = strideOf(5)
const CODES = ['EIO', 'ENOSPC', 'EMFILE', 'EACCES', 'EROFS', 'EDQUOT', 'EBUSY', 'ESTALE']

/** A store with one entry, whose calls to the file system go through `fail` once it is set. */
async function openFaulty(
  t: Parameters<typeof openStore>[0],
  environment: Partial<Environment> = {},
  lockTimeout = 1000,
) {
  const faults: { fail: ((call: Call) => Promise<unknown>) | undefined } = { fail: undefined }
  const fs = interceptFileSystem((call) => (faults.fail ?? (({ proceed }) => proceed()))(call))
  const opened = openStore(t, { ...environment, fs }, { lockTimeout })
  await opened.store.update(NAME, storing('one'), { durable: true })
  return { ...opened, faults }
}

/** Fails every call of a method. */
function failing(method: keyof FileSystem, code: string, path = /./) {
  return (call: Call): Promise<unknown> =>
    call.method === method && path.test(String(call.path))
      ? Promise.reject(systemError(code, method))
      : call.proceed()
}

for (const [index, code] of CODES.entries()) {
  for (const [what, change, after] of [
    ['replacement', appending(', two'), 'one, two'],
    ['removal', removing, undefined],
  ] as const) {
    for (const durable of [false, true]) {
      test(`whichever call of a ${durable ? 'durable ' : ''}${what} fails with ${code}, it is done or not, and said`, async (t) => {
        for (let failed = 1 + (index % STRIDE); ; failed += STRIDE) {
          const { store, directory, faults } = await openFaulty(t)
          let calls = 0
          let method = ''
          faults.fail = (call) => {
            if (++calls !== failed) return call.proceed()
            method = call.method
            return Promise.reject(systemError(code, call.method))
          }
          const outcome = await store.update(NAME, change, { durable }).then(
            () => undefined,
            (error: SessionError) => error,
          )
          faults.fail = undefined
          const stored = await textOf(store, NAME)
          const where = `call ${failed}, ${method}`
          if (!outcome) t.is(stored, after, where)
          else {
            t.is(outcome.code, 'ERR_SESSION_STORE', where)
            t.false(inspect(outcome, { depth: 9 }).includes(directory), where)
            if (outcome.committed !== 'unknown') t.is(stored, 'one', where)
            else t.true(stored === 'one' || stored === after, where)
          }
          await store.update(NAME, () => ({ kind: 'keep' }))
          await store.update(nameOf(17), storing('other'), { durable: true })
          t.deepEqual(findLitter(join(directory, 'sid')), [], where)
          if (calls < failed) return t.true(failed > 8)
        }
      })
    }
  }
}

for (const [what, change, after] of [
  ['replacement', appending(', two'), 'one, two'],
  ['removal', removing, undefined],
] as const) {
  test(`a disk that fails in the middle of a ${what} and stays so leaves the old or the new`, async (t) => {
    for (let failed = 1; ; failed += STRIDE) {
      // Twenty times as fast: a lock that could not be let go is broken after half a second.
      const monotonic = (): number => performance.now() * 20
      const { store, faults } = await openFaulty(t, { monotonic }, 40_000)
      let calls = 0
      faults.fail = (call) =>
        ++calls < failed ? call.proceed() : Promise.reject(systemError('EIO', call.method))
      const outcome = await store.update(NAME, change, { durable: true }).then(
        () => undefined,
        (error: SessionError) => error,
      )
      const ended = calls < failed
      if (!ended) await t.throwsAsync(store.read(NAME), { code: 'ERR_SESSION_STORE' })
      faults.fail = undefined
      const stored = await textOf(store, NAME)
      if (!outcome) t.is(stored, after)
      else if (outcome.committed !== 'unknown') t.is(stored, 'one', `call ${failed}`)
      else t.true(stored === 'one' || stored === after, `call ${failed}: ${stored}`)
      await store.update(NAME, appending('!'))
      t.is(await textOf(store, NAME), stored && `${stored}!`, `call ${failed}`)
      if (ended) return
    }
  })
}

test('a token that could not be removed does not lock out the process that made it', async (t) => {
  const { store, faults } = await openFaulty(t)
  faults.fail = failing('unlink', 'EIO')
  await store.update(NAME, () => ({ kind: 'keep' }))
  faults.fail = undefined
  await store.update(NAME, appending(', two'))
  t.is(await textOf(store, NAME), 'one, two')
})

for (const [code, hint] of [
  ['EIO', 'The disk reported an error: check it.'],
  ['EMFILE', 'This process has too many files open: raise its limit (ulimit -n).'],
  ['EACCES', 'Let the user of this process read and write the directory of the store.'],
] as const) {
  test(`a read that fails with ${code} is an error, and never an answer`, async (t) => {
    const { store, faults } = await openFaulty(t)
    const methods = code === 'EIO' ? (['open', 'fstat', 'read'] as const) : (['open'] as const)
    for (const method of methods) {
      faults.fail = failing(method, code)
      const error = await t.throwsAsync(store.read(NAME), {
        code: 'ERR_SESSION_STORE',
        message: `Could not read a session (${code}). ${hint}`,
      })
      t.is((error?.cause as Error | undefined)?.message, `${code}: ${method}`)
      faults.fail = undefined
      t.is(await textOf(store, NAME), 'one')
    }
  })
}

test('a moment without descriptors is waited out', async (t) => {
  const { store, faults } = await openFaulty(t)
  let left = 3
  faults.fail = (call) =>
    call.method === 'open' && left-- > 0 ? Promise.reject(systemError('EMFILE')) : call.proceed()
  t.is(await textOf(store, NAME), 'one')
  left = 3
  await store.update(NAME, appending(', two'))
  t.is(await textOf(store, NAME), 'one, two')
})

for (const [what, method, path] of [
  ['writing', 'write', /./],
  ['making a file', 'open', /\.lock/],
  ['making a directory', 'mkdir', /./],
] as const) {
  test(`${what} fails on a full disk: nothing can be stored, but a logout works`, async (t) => {
    const { store, faults, fileOf } = await openFaulty(t)
    faults.fail = failing(method, 'ENOSPC', method === 'write' ? undefined : path)
    await t.throwsAsync(store.update(NAME, appending('!')), {
      code: 'ERR_SESSION_STORE',
      message: /\(ENOSPC\)\. The disk is full: make room on it\.$/,
    })
    t.is(await textOf(store, NAME), 'one')
    await store.update(NAME, removing, { durable: true })
    t.is(await store.read(NAME), undefined)
    t.false(existsSync(fileOf(NAME)))
    faults.fail = undefined
    t.false(existsSync(`${fileOf(NAME)}.lock`))
    await store.update(nameOf(17), storing('again'))
    t.is(await textOf(store, nameOf(17)), 'again')
  })
}

test('a write that the system cut short without a word is never published', async (t) => {
  const { store, directory } = openStore(t)
  await store.update(NAME, storing('one'))
  const fs: FileSystem = {
    ...nodeFileSystem,
    async write(descriptor, buffer, offset, position) {
      await nodeFileSystem.write(descriptor, buffer.subarray(0, 100), offset, position)
      return buffer.length - offset
    },
  }
  const other = openStore(t, { fs }, { directory }).store
  await t.throwsAsync(other.update(NAME, appending('!')), { code: 'ERR_SESSION_STORE' })
  t.is(await textOf(store, NAME), 'one')
})

test('a write that takes many turns is whole', async (t) => {
  const fs: FileSystem = {
    ...nodeFileSystem,
    write: (descriptor, buffer, offset, position) =>
      nodeFileSystem.write(descriptor, buffer.subarray(0, offset + 1000), offset, position),
  }
  const { store } = openStore(t, { fs })
  await store.update(NAME, storing('x'.repeat(5000)))
  t.is((await textOf(store, NAME))?.length, 5000)
})

test('a rename that reports failure but happened is a commit', async (t) => {
  const { store, faults } = await openFaulty(t)
  faults.fail = async ({ method, proceed }) => {
    const result = await proceed()
    if (method === 'rename') throw systemError('EIO', 'rename')
    return result
  }
  await store.update(NAME, appending(', two'))
  t.is(await textOf(store, NAME), 'one, two')
})

test('a rename that reports failure and did not happen is no commit', async (t) => {
  const { store, faults } = await openFaulty(t)
  faults.fail = failing('rename', 'EIO')
  const error = await t.throwsAsync<SessionError>(store.update(NAME, appending('!')))
  t.is(error?.committed, undefined)
  faults.fail = undefined
  t.is(await textOf(store, NAME), 'one')
})

test('when nobody can tell whether it was written, the error says so and the older version is no damage', async (t) => {
  const { store, directory, faults, fileOf } = await openFaulty(t)
  renameSync(fileOf(NAME), join(directory, 'one'))
  await store.update(NAME, storing('two'))
  const before = join(directory, 'one')
  faults.fail = async (call) => {
    if (call.method !== 'rename') return call.proceed()
    unlinkSync(String(call.path))
    faults.fail = failing('open', 'EIO')
    throw systemError('EIO', 'rename')
  }
  const error = await t.throwsAsync<SessionError>(store.update(NAME, appending('!')), {
    code: 'ERR_SESSION_STORE',
    message:
      'Could not tell whether a session was written (EIO). The disk reported an error: check it.',
  })
  t.is(error?.committed, 'unknown')
  faults.fail = undefined
  renameSync(before, fileOf(NAME))
  t.is(await textOf(store, NAME), 'one')
})

test('a failed fsync of the directory is told as an unknown outcome, and not tried again', async (t) => {
  const { store, faults } = await openFaulty(t)
  let fsyncs = 0
  faults.fail = (call) => {
    if (call.method !== 'fsync') return call.proceed()
    fsyncs++
    return Promise.reject(systemError('EIO', 'fsync'))
  }
  const error = await t.throwsAsync<SessionError>(
    store.update(NAME, appending(', two'), { durable: true }),
    { code: 'ERR_SESSION_STORE', message: /^Could not bring a session to the disk \(EIO\)/ },
  )
  t.is(error?.committed, 'unknown')
  t.is(fsyncs, 1)
})

test('a failed fsync of the file leaves the old version, and is not tried again', async (t) => {
  const { store, faults } = await openFaulty(t)
  let fsyncs = 0
  faults.fail = (call) => {
    if (call.method !== 'fdatasync') return call.proceed()
    fsyncs++
    return Promise.reject(systemError('EIO', 'fdatasync'))
  }
  const error = await t.throwsAsync<SessionError>(
    store.update(NAME, appending('!'), { durable: true }),
    { code: 'ERR_SESSION_STORE' },
  )
  t.is(error?.committed, undefined)
  t.is(fsyncs, 1)
  t.is(await textOf(store, NAME), 'one')
})

test('a permission denied is told at once, and reads go on', async (t) => {
  const { store, directory, faults } = await openFaulty(t)
  let locks = 0
  faults.fail = (call) => {
    if (call.method !== 'mkdir') return call.proceed()
    locks++
    return Promise.reject(systemError('EROFS', 'mkdir'))
  }
  await t.throwsAsync(store.update(NAME, appending('!')), {
    code: 'ERR_SESSION_STORE',
    message:
      'Could not lock a session (EROFS). The file system is read-only: set `directory` to one that can be written.',
  })
  t.is(locks, 1)
  t.is(await textOf(store, NAME), 'one')
  t.deepEqual(findLitter(join(directory, 'sid')), [])
})
