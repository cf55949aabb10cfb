import { once } from 'node:events'
import { renameSync, rmSync, unlinkSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import test from 'ava'
import { interceptFileSystem, makeClock, systemError } from '../../../support/file-store.ts'
import { deleteDirectory } from '../../../support/temporary-directory.ts'
import {
  listSockets,
  makeTenantsDirectory,
  openTenancy,
  readRegister,
} from '../../../support/tenancy.ts'
import { until } from '../../../support/waiting.ts'

test.serial('a register deleted by hand: shared within a second, and joined anew', async (t) => {
  const directory = makeTenantsDirectory(t)
  const clock = makeClock()
  const tenancy = openTenancy(t, directory, { monotonic: clock.monotonic })
  await tenancy.join()
  rmSync(join(directory, 'tenants', 'register'))
  clock.advance(1000)
  t.is(tenancy.confirm(), undefined)
  clock.advance(1)
  const end = tenancy.begin()
  const look = tenancy.confirm()
  t.is(tenancy.confirm(), look)
  await until(() => !tenancy.isSole)
  end?.()
  await look
  await tenancy.join()
  t.true(tenancy.isSole)
  t.is(readRegister(directory).tenants.length, 1)
})

test.serial(
  'a whole directory of tenants deleted by hand: shared within a second, and joined anew',
  async (t) => {
    const directory = makeTenantsDirectory(t)
    const clock = makeClock()
    const tenancy = openTenancy(t, directory, { monotonic: clock.monotonic })
    await tenancy.join()
    deleteDirectory(join(directory, 'tenants'))
    const other = openTenancy(t, directory)
    await other.join()
    clock.advance(1001)
    await tenancy.confirm()
    t.false(tenancy.isSole)
    await tenancy.join()
    t.deepEqual([tenancy.isSole, other.isSole], [false, false])
    t.is(readRegister(directory).tenants.length, 2)
  },
)

test.serial(
  'who comes before a deleted register is missed finds the others by their sockets, and asks them',
  async (t) => {
    const directory = makeTenantsDirectory(t)
    const first = openTenancy(t, directory)
    await first.join()
    const end = first.begin()
    rmSync(join(directory, 'tenants', 'register'))
    const second = openTenancy(t, directory)
    let isIn = false
    const joined = second.join().then(() => {
      isIn = true
    })
    await until(() => !first.isSole)
    t.false(isIn)
    end?.()
    await joined
    t.is(readRegister(directory).tenants.length, 2)
    await second.leave()
    await until(() => first.isSole)
  },
)

test.serial('a socket deleted by hand is made anew, so that others can ask again', async (t) => {
  const directory = makeTenantsDirectory(t)
  const clock = makeClock()
  const first = openTenancy(t, directory, { monotonic: clock.monotonic })
  await first.join()
  for (const socket of listSockets(directory)) unlinkSync(join(directory, 'tenants', socket))
  const second = openTenancy(t, directory, { patience: 200 })
  await t.throwsAsync(second.join(), { code: 'ERR_SESSION_STORE' })
  t.true(first.isSole)
  clock.advance(1001)
  await first.confirm()
  t.false(first.isSole)
  await first.join()
  while (
    !(await second.join().then(
      () => true,
      () => false,
    ))
  ) {
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  t.deepEqual([first.isSole, second.isSole], [false, false])
  t.is(readRegister(directory).tenants.length, 2)
  await second.leave()
  await until(() => first.isSole)
})

test.serial('a socket that somebody put in the place of ours is not ours', async (t) => {
  const directory = makeTenantsDirectory(t)
  const clock = makeClock()
  const tenancy = openTenancy(t, directory, { monotonic: clock.monotonic })
  await tenancy.join()
  const [socket = ''] = listSockets(directory)
  const another = join(directory, 'another')
  const server = createServer().listen(another)
  await once(server, 'listening')
  t.teardown(() => server.close())
  renameSync(another, join(directory, 'tenants', socket))
  clock.advance(1001)
  await tenancy.confirm()
  t.false(tenancy.isSole)
  await tenancy.join()
  t.not(readRegister(directory).tenants.at(-1)?.name, socket.slice(0, 16))
})

test.serial('a disk that fails is told at once, and joined when it works again', async (t) => {
  const directory = makeTenantsDirectory(t)
  let isFailing = true
  const fs = interceptFileSystem(({ method, path, proceed }) => {
    if (!isFailing || method !== 'open' || !String(path).includes('register.lock')) return proceed()
    return Promise.reject(systemError('ENOSPC', 'open'))
  })
  const tenancy = openTenancy(t, directory, { fs })
  const error = await t.throwsAsync(tenancy.join(), {
    code: 'ERR_SESSION_STORE',
    message: "Could not enter the store's register (ENOSPC). The disk is full: make room on it.",
  })
  t.like(error?.cause, { code: 'ENOSPC' })
  isFailing = false
  await tenancy.join()
  t.true(tenancy.isSole)
  t.is(listSockets(directory).length, 1)
})

test.serial('a look that cannot be had ends being alone', async (t) => {
  const directory = makeTenantsDirectory(t)
  const clock = makeClock()
  let isFailing = false
  const fs = interceptFileSystem(({ method, path, proceed }) => {
    if (!isFailing || method !== 'open' || !String(path).endsWith('register')) return proceed()
    return Promise.reject(systemError('EIO', 'open'))
  })
  const tenancy = openTenancy(t, directory, { fs, monotonic: clock.monotonic })
  await tenancy.join()
  isFailing = true
  clock.advance(1001)
  await tenancy.confirm()
  t.false(tenancy.isSole)
  await t.throwsAsync(tenancy.join(), { code: 'ERR_SESSION_STORE', message: /EIO/ })
  isFailing = false
  await tenancy.join()
  t.true(tenancy.isSole)
})
