import { readdirSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { nodeEnvironment } from '../../../../stores/file/environment.ts'
import { SessionLocks } from '../../../../stores/file/lock.ts'
import { Membership } from '../../../../stores/file/tenancy/membership.ts'
import type { Register } from '../../../../stores/file/tenancy/register.ts'
import { RegisterFile } from '../../../../stores/file/tenancy/register-file.ts'
import type { Seat } from '../../../../stores/file/tenancy/seat.ts'
import { SoleRight } from '../../../../stores/file/tenancy/sole-right.ts'
import { interceptFileSystem } from '../../../support/file-store.ts'
import {
  makeTenant,
  makeTenantsDirectory,
  readRegister,
  writeRegister,
} from '../../../support/tenancy.ts'

const SHARED: Register = { tenants: [], sole: [], shared: true }

function openRegister(
  t: ExecutionContext,
  fs: typeof nodeEnvironment.fs = nodeEnvironment.fs,
): { file: RegisterFile; directory: string } {
  const directory = makeTenantsDirectory(t)
  const environment = { ...nodeEnvironment, fs }
  const file = new RegisterFile({
    environment,
    directory: join(directory, 'tenants'),
    locks: new SessionLocks(environment),
    rebuild: async () => ({ ...SHARED, shared: false }),
  })
  return { file, directory }
}

test('a change whose lock was broken is made again, on what others have written meanwhile', async (t) => {
  const tenant = await makeTenant()
  let isBroken = false
  const fs = interceptFileSystem(({ method, path, proceed }) => {
    if (method === 'rename' && !isBroken) {
      isBroken = true
      unlinkSync(String(path))
      writeRegister(directory, { tenants: [tenant] })
    }
    return proceed()
  })
  const { file, directory } = openRegister(t, fs)
  const seen: Register[] = []
  const written = await file.edit(async (register) => {
    seen.push(register)
    return { ...register, shared: true }
  }, 5000)
  t.deepEqual(
    seen.map(({ tenants }) => tenants.length),
    [0, 1],
  )
  t.deepEqual(written, { tenants: [tenant], sole: [], shared: true })
  t.like(readRegister(directory), { tenants: [tenant], shared: true })
  t.deepEqual(readdirSync(join(directory, 'tenants')), ['register'])
})

test('who was asked is not named any more, and who was not asked still is', async (t) => {
  const { file, directory } = openRegister(t)
  const tenants = await Promise.all(
    ['a', 'b', 'c'].map((digit) => makeTenant({ name: digit.repeat(16) })),
  )
  const [self, asked, other] = tenants.map(({ name }) => name)
  writeRegister(directory, { tenants, sole: [asked ?? '', other ?? ''] })
  const membership = new Membership({
    environment: nodeEnvironment,
    file,
    right: new SoleRight(async () => {}),
    patience: 5000,
    signal: new AbortController().signal,
  })
  t.true(await membership.clear({ tenant: tenants[0] } as Seat, [asked ?? '']))
  t.deepEqual(readRegister(directory).sole, [other])
  t.deepEqual(
    readRegister(directory).tenants.map(({ name }) => name),
    [self, asked, other],
  )

  const stranger = await makeTenant({ name: 'd'.repeat(16) })
  t.false(await membership.clear({ tenant: stranger } as Seat, [other ?? '']))
  t.deepEqual(readRegister(directory).sole, [other], 'who is not on it changes nothing')
})
