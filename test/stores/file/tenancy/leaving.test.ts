import test from 'ava'
import { nodeEnvironment } from '../../../../stores/file/environment.ts'
import { interceptFileSystem, systemError } from '../../../support/file-store.ts'
import {
  listSockets,
  makeTenantsDirectory,
  openTenancy,
  readRegister,
} from '../../../support/tenancy.ts'

test.serial('who leaves can be asked until it is off the register', async (t) => {
  const directory = makeTenantsDirectory(t)
  let sockets: readonly string[] = []
  const fs = interceptFileSystem(({ method, path, proceed }) => {
    if (method === 'rename' && String(path).includes('register')) sockets = listSockets(directory)
    return proceed()
  })
  const tenancy = openTenancy(t, directory, { fs })
  await tenancy.join()
  const name = `${readRegister(directory).tenants[0]?.name}.socket`
  sockets = []
  await tenancy.leave()
  t.deepEqual(sockets, [name])
  t.deepEqual(listSockets(directory), [])
})

test.serial(
  'who cannot be taken off the register leaves its socket, by which others know that it is dead',
  async (t) => {
    const directory = makeTenantsDirectory(t)
    let isFailing = false
    const fs = interceptFileSystem(({ method, path, proceed }) => {
      if (isFailing && method === 'rename' && String(path).includes('register')) {
        return Promise.reject(systemError('EIO', 'rename'))
      }
      return proceed()
    })
    const { owner } = nodeEnvironment
    // A process: of a thread, as this one may be, nobody could tell.
    const identify = async (): Promise<string> => (await owner.identify()).replace(/\d+$/, '0')
    const tenancy = openTenancy(t, directory, { fs, owner: { ...owner, identify } })
    await tenancy.join()
    isFailing = true
    await tenancy.leave()
    const { tenants } = readRegister(directory)
    t.is(tenants.length, 1)
    t.deepEqual(listSockets(directory), [`${tenants[0]?.name}.socket`])
    const next = openTenancy(t, directory)
    await next.join()
    t.true(next.isSole)
    t.is(listSockets(directory).length, 1)
  },
)
