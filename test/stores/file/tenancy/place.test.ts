import { statSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { nodeEnvironment } from '../../../../stores/file/environment.ts'
import type { FileSystem } from '../../../../stores/file/file-system.ts'
import { interceptFileSystem, systemError } from '../../../support/file-store.ts'
import {
  listSockets,
  makeTenantsDirectory,
  openTenancy,
  readRegister,
  TenantProcess,
} from '../../../support/tenancy.ts'
import { until } from '../../../support/waiting.ts'

/** A directory that is on a file system of the type given. */
function onFileSystem(type: number): FileSystem {
  return interceptFileSystem(({ method, proceed }) =>
    method === 'statfs' ? Promise.resolve(BigInt(type)) : proceed(),
  )
}

/** A directory with a longer path than a socket can have. */
function makeDeepDirectory(t: ExecutionContext): string {
  return makeTenantsDirectory(t, ...Array.from({ length: 5 }, (_, index) => `${index}`.repeat(40)))
}

test.serial('a path of more bytes than a socket can have is shortened', async (t) => {
  const directory = makeDeepDirectory(t)
  t.true(Buffer.byteLength(directory) > 200)
  if (process.platform !== 'linux') {
    t.log('skipped: there is no /proc/self/fd')
    t.pass()
    return
  }
  const other = new TenantProcess(t, directory)
  await other.call('join')
  t.true(await other.call('isSole'))
  const tenancy = openTenancy(t, directory)
  await tenancy.join()
  t.deepEqual([await other.call('isSole'), tenancy.isSole], [false, false])
  t.is(listSockets(directory).length, 2)
  for (const socket of listSockets(directory)) {
    t.true(statSync(join(directory, 'tenants', socket)).isSocket())
  }
  await other.kill()
  await until(() => tenancy.isSole)
  await until(() => listSockets(directory).length === 1)
})

test.serial('a path that cannot be shortened is shared, always', async (t) => {
  const directory = makeDeepDirectory(t)
  const fs = interceptFileSystem(({ path, proceed }) =>
    String(path).startsWith('/proc/self/fd') ? Promise.reject(systemError('ENOENT')) : proceed(),
  )
  const tenancy = openTenancy(t, directory, { fs })
  await tenancy.join()
  t.false(tenancy.isSole)
  t.deepEqual(readRegister(directory), { version: 1, tenants: [], sole: [], shared: true } as never)
  await t.notThrowsAsync(tenancy.leave())
})

test.serial(
  'where nobody can listen the directory is shared, and stays so for those who can',
  async (t) => {
    const directory = makeTenantsDirectory(t)
    const deaf = openTenancy(t, directory, { sockets: undefined })
    await deaf.join()
    t.deepEqual([deaf.isSole, deaf.begin()], [false, undefined])
    const tenancy = openTenancy(t, directory)
    await tenancy.join()
    t.false(tenancy.isSole)
    await deaf.leave()
    await tenancy.leave()
    const next = openTenancy(t, directory)
    await next.join()
    t.false(next.isSole)
  },
)

test.serial('who can ask nobody waits until the one who is alone has seen it', async (t) => {
  const directory = makeTenantsDirectory(t)
  const tenancy = openTenancy(t, directory, { interval: 50 })
  await tenancy.join()
  const end = tenancy.begin()
  const deaf = openTenancy(t, directory, { sockets: undefined })
  const joined = deaf.join()
  await until(() => !tenancy.isSole)
  t.is(readRegister(directory).sole.length, 1)
  end?.()
  await joined
  t.deepEqual([tenancy.isSole, readRegister(directory).sole], [false, []])
})

test.serial('a file system that has no sockets is shared', async (t) => {
  for (const code of ['EOPNOTSUPP', 'EPERM', 'EACCES', 'EINVAL']) {
    const directory = makeTenantsDirectory(t)
    const sockets = {
      longestPath: 107,
      listen: () => Promise.reject(systemError(code, 'listen')),
      connect: () => Promise.reject(systemError('ECONNREFUSED', 'connect')),
    }
    const tenancy = openTenancy(t, directory, { sockets })
    await tenancy.join()
    t.false(tenancy.isSole, code)
  }
})

test.serial('no descriptors for a socket is no reason to share, but an error', async (t) => {
  const directory = makeTenantsDirectory(t)
  let isScarce = true
  const sockets = {
    ...(nodeEnvironment.sockets as NonNullable<typeof nodeEnvironment.sockets>),
  }
  const { listen } = sockets
  sockets.listen = (...parameters) =>
    isScarce ? Promise.reject(systemError('EMFILE', 'listen')) : listen(...parameters)
  const tenancy = openTenancy(t, directory, { sockets })
  await t.throwsAsync(tenancy.join(), { code: 'ERR_SESSION_STORE', message: /EMFILE/ })
  isScarce = false
  await tenancy.join()
  t.true(tenancy.isSole)
})

test.serial('a network file system is shared, with one warning', async (t) => {
  for (const type of [0x6969, 0x517b, 0xff534d42, 0x65735546]) {
    const directory = makeTenantsDirectory(t)
    const warnings: string[] = []
    const warn = (message: string, code: string): void => {
      warnings.push(`${code}: ${message}`)
    }
    const tenancy = openTenancy(t, directory, { fs: onFileSystem(type), warn })
    await tenancy.join()
    await tenancy.join()
    t.false(tenancy.isSole)
    t.deepEqual(warnings, [
      'KOA_SEALED_SESSION_NETWORK: The directory of the sessions seems to be on a network file system, where a reply can get lost and with it a change. Set `directory` to a local one, or keep sessions in Redis.',
    ])
  }
})

test.serial(
  'an unknown file system is shared, without a warning; a known one that is local is not',
  async (t) => {
    const warn = (): void => t.fail()
    for (const [type, isSole] of [
      [0x12345678, false],
      [0xef53, true],
      [0x58465342, true],
      [0x9123683e, true],
      // As a 32-bit kernel says it of btrfs.
      [0x9123683e - 2 ** 32, true],
      [0x01021994, true],
    ] as const) {
      const tenancy = openTenancy(t, makeTenantsDirectory(t), { fs: onFileSystem(type), warn })
      await tenancy.join()
      t.is(tenancy.isSole, isSole, type.toString(16))
    }
  },
)

test.serial('what a file system is that does not tell is unknown', async (t) => {
  const fs = interceptFileSystem(({ method, proceed }) =>
    method === 'statfs' ? Promise.reject(systemError('ENOSYS')) : proceed(),
  )
  const tenancy = openTenancy(t, makeTenantsDirectory(t), { fs })
  await tenancy.join()
  t.false(tenancy.isSole)
})

test.serial('a socket that is taken for litter before it listens is made again', async (t) => {
  const directory = makeTenantsDirectory(t)
  let times = 0
  const fs = interceptFileSystem(async ({ method, path, proceed }) => {
    if (method === 'chmod' && String(path).endsWith('.new') && ++times <= 2) {
      throw systemError('ENOENT', 'chmod')
    }
    return proceed()
  })
  const tenancy = openTenancy(t, directory, { fs })
  await tenancy.join()
  t.true(tenancy.isSole)
})
