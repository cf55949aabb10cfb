import { existsSync, mkdirSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { nodeEnvironment } from '../../../stores/file/environment.ts'
import { SessionLocks } from '../../../stores/file/lock.ts'
import {
  appending,
  interceptFileSystem,
  nameOf,
  openStore,
  storing,
  textOf,
} from '../../support/file-store.ts'
import { identifyDead } from '../../support/owners.ts'
import { makeTemporaryDirectory } from '../../support/temporary-directory.ts'

const NAME = nameOf(1)
const { owner } = nodeEnvironment
const TIMEOUT = { code: 'ERR_SESSION_LOCK_TIMEOUT' }

test('a lock that is held is not given to another of the same process', async (t) => {
  const directory = makeTemporaryDirectory(t)
  const locks = new SessionLocks(nodeEnvironment)
  const request = {
    file: join(directory, 'file'),
    lock: join(directory, 'file.lock'),
    deadline: () => 0,
    prepare: async () => {},
  }
  const tenure = await locks.acquire(request)
  const tokens = readdirSync(request.lock)
  await t.throwsAsync(locks.acquire(request), TIMEOUT)
  t.deepEqual(readdirSync(request.lock), tokens)
  await tenure.abandon()
  t.false(existsSync(request.lock))
  await (await locks.acquire(request)).abandon()
})

test('a lock is closed once, whatever comes after', async (t) => {
  const directory = makeTemporaryDirectory(t)
  let closes = 0
  const fs = interceptFileSystem(({ method, proceed }) => {
    if (method === 'close') closes++
    return proceed()
  })
  const tenure = await new SessionLocks({ ...nodeEnvironment, fs }).acquire({
    file: join(directory, 'file'),
    lock: join(directory, 'file.lock'),
    deadline: () => 0,
    prepare: async () => {},
  })
  closes = 0
  await tenure.close()
  await tenure.close()
  await tenure.abandon()
  t.is(closes, 1, 'by then the number may be that of another file')
})

test('the token of a dead process is removed, that of a live one beside it is not', async (t) => {
  const { store, fileOf } = openStore(t, {}, { lockTimeout: 50 })
  await store.update(NAME, storing('one'))
  const own = await owner.identify()
  const dead = await identifyDead()
  const lock = `${fileOf(NAME)}.lock`
  mkdirSync(lock)
  for (const token of [`${own}-x-1`, `${dead}-x-1`]) writeFileSync(join(lock, token), '')
  await t.throwsAsync(store.update(NAME, appending('!')), TIMEOUT)
  t.deepEqual(readdirSync(lock), [`${own}-x-1`])
})

test('a process whose lock was broken before it made its token begins again', async (t) => {
  let isBroken = false
  const fs = interceptFileSystem(({ method, path, proceed }) => {
    if (method === 'open' && /\.lock\//.test(String(path)) && !isBroken) {
      isBroken = true
      rmdirSync(`${fileOf(NAME)}.lock`)
    }
    return proceed()
  })
  const { store, fileOf } = openStore(t, { fs })
  await store.update(NAME, storing('one'))
  t.true(isBroken)
  t.is(await textOf(store, NAME), 'one')
  t.false(existsSync(`${fileOf(NAME)}.lock`))
})
