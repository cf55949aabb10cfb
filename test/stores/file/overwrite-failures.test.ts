import { existsSync, lstatSync } from 'node:fs'
import test from 'ava'
import type { SessionError } from '../../../lib/errors.ts'
import {
  appending,
  interceptFileSystem,
  nameOf,
  removing,
  storing,
  systemError,
  watchFileSystem,
} from '../../support/file-store.ts'
import { openSoleStore } from '../../support/sole-store.ts'

const NAME = nameOf(1)

test('when bringing a slot to the disk fails, what was decided goes into a new file, once', async (t) => {
  const failures: string[] = []
  const { calls, fs } = watchFileSystem(({ method }) =>
    method === 'fdatasync' ? failures.shift() : undefined,
  )
  const { update, find, fileOf, directory } = openSoleStore(t, { fs })
  await update(NAME, storing('one'))
  const { ino } = lstatSync(fileOf(NAME))
  failures.push('EIO')
  calls.length = 0
  let decided = 0
  const count = (current: Parameters<ReturnType<typeof appending>>[0]) => {
    decided++
    return appending(', two')(current)
  }
  await update(NAME, count, true)
  t.is(decided, 1)
  t.is(calls.filter((call) => call === 'fdatasync').length, 2, 'the second is of another file')
  t.not(lstatSync(fileOf(NAME)).ino, ino)
  t.is(await find(NAME), 'one, two')
  t.is(await openSoleStore(t, {}, directory).find(NAME), 'one, two')
})

test('when that fails too, the error says that nobody knows, and the next commit goes by the disk', async (t) => {
  let broken = false
  const { fs } = watchFileSystem(({ method }) =>
    broken && method === 'fdatasync' ? 'EIO' : undefined,
  )
  const { update, find } = openSoleStore(t, { fs })
  await update(NAME, storing('one'))
  broken = true
  const error = await t.throwsAsync(update(NAME, appending(', two'), true), {
    code: 'ERR_SESSION_STORE',
    message: 'Could not write a session (EIO). The disk reported an error: check it.',
  })
  t.like(error, { committed: 'unknown' })
  broken = false
  const stored = await find(NAME)
  t.true(['one', 'one, two'].includes(stored), stored)
  await update(NAME, appending('!'), true)
  t.is(await find(NAME), `${stored}!`)
})

test('a file of which nobody knows what is on the disk is not written in place any more', async (t) => {
  let broken = false
  const { calls, fs } = watchFileSystem(({ method }) =>
    broken && method === 'fdatasync' ? 'EIO' : undefined,
  )
  const { update, fileOf } = openSoleStore(t, { fs })
  await update(NAME, storing('one'))
  const { ino } = lstatSync(fileOf(NAME))
  broken = true
  await t.throwsAsync(update(NAME, storing('two'), true), { code: 'ERR_SESSION_STORE' })
  broken = false
  await update(NAME, () => ({ kind: 'keep' }))
  await update(NAME, storing('three'))
  const anew = lstatSync(fileOf(NAME)).ino
  t.not(anew, ino)
  await update(NAME, storing('four'))
  calls.length = 0
  await update(NAME, storing('five'))
  t.deepEqual(calls, ['write'], 'the new one is')
})

test('when the name cannot be brought to the disk nobody knows, and the next commit goes by the disk', async (t) => {
  let broken = false
  const { calls, fs } = watchFileSystem(({ method }) =>
    broken && method === 'fsync' ? 'EIO' : undefined,
  )
  const { update, find } = openSoleStore(t, { fs })
  await update(NAME, storing('one'))
  broken = true
  const error = await t.throwsAsync(update(NAME, appending(', two'), true), {
    code: 'ERR_SESSION_STORE',
    message: 'Could not bring a session to the disk (EIO). The disk reported an error: check it.',
  })
  t.like(error, { committed: 'unknown' })
  broken = false
  t.is(await find(NAME), 'one, two', 'as a neighbour would find it')
  calls.length = 0
  await update(NAME, appending(', three'), true)
  t.true(calls.includes('fsync'), 'its name is still to be brought there')
  t.is(await find(NAME), 'one, two, three')
})

test('a new session that cannot be written whole leaves no file', async (t) => {
  for (const method of ['fstat', 'write', 'fdatasync']) {
    let broken = true
    const { fs } = watchFileSystem((call) =>
      broken && call.method === method ? 'ENOSPC' : undefined,
    )
    const { update, find, fileOf, directory } = openSoleStore(t, { fs })
    await openSoleStore(t, {}, directory).update(nameOf(17), storing('the directory is there'))
    const error = await t.throwsAsync(update(NAME, storing('one'), true), {
      code: 'ERR_SESSION_STORE',
      message: 'Could not write a session (ENOSPC). The disk is full: make room on it.',
    })
    t.is((error as { committed?: string }).committed, undefined, method)
    t.false(existsSync(fileOf(NAME)), method)
    broken = false
    await update(NAME, storing('one'), true)
    t.is(await find(NAME), 'one')
  }
})

test('a directory that is deleted again and again is an error of the store', async (t) => {
  const { fs } = watchFileSystem(({ method, path }) =>
    method === 'mkdir' && /sid.[0-9a-f]{2}$/.test(`${path}`) ? 'ENOENT' : undefined,
  )
  const { update } = openSoleStore(t, { fs })
  await t.throwsAsync(update(NAME, storing('one')), {
    code: 'ERR_SESSION_STORE',
    message: 'Could not make a directory of the store (ENOENT).',
  })
})

test('when there are no descriptors left, the files kept open make room', async (t) => {
  let scarce = false
  const { calls, fs } = watchFileSystem(({ method }) => {
    if (method === 'close') scarce = false
    return scarce && method === 'open' ? 'EMFILE' : undefined
  })
  const { update, find } = openSoleStore(t, { fs })
  await update(NAME, storing('one'))
  scarce = true
  calls.length = 0
  await update(nameOf(2), storing('two'))
  t.true(calls.includes('close'))
  t.is(await find(nameOf(2)), 'two')
  t.is(await find(NAME), 'one')
})

test('an unlink that reports failure but happened is a removal; when nobody can tell, the error says so', async (t) => {
  let isLost = true
  let isBlind = false
  const fs = interceptFileSystem(async ({ method, proceed }) => {
    if (method === 'lstat' && isBlind) throw systemError('EIO', 'lstat')
    const result = await proceed()
    if (method === 'unlink' && isLost) throw systemError('EIO', 'unlink')
    return result
  })
  const { update, find } = openSoleStore(t, { fs })
  await update(NAME, storing('one'))
  await update(NAME, removing)
  t.is(await find(NAME), 'missing')
  await update(nameOf(2), storing('two'))
  isBlind = true
  const error = await t.throwsAsync<SessionError>(update(nameOf(2), removing), {
    code: 'ERR_SESSION_STORE',
    message: 'Could not remove a session (EIO). The disk reported an error: check it.',
  })
  t.is(error?.committed, 'unknown')
  isLost = isBlind = false
  t.is(await find(nameOf(2)), 'missing', 'what was known of it is not trusted any more')
})
