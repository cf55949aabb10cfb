import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import anyTest, { type ExecutionContext, type TestFn } from 'ava'
import { nodeEnvironment } from '../../../../stores/file/environment.ts'
import type { Tenant } from '../../../../stores/file/tenancy/register.ts'
import { interceptFileSystem, makeClock } from '../../../support/file-store.ts'
import { identifyDead } from '../../../support/owners.ts'
import { SharedStage } from '../../../support/stage.ts'
import {
  type DeadSocket,
  leaveDeadSocket,
  listSockets,
  makeTenant,
  makeTenantsDirectory,
  openTenancy,
  putDeadSocket,
  readRegister,
  TenantProcess,
  writeRegister,
} from '../../../support/tenancy.ts'
import { until } from '../../../support/waiting.ts'

const NAME = '0123456789abcdef'

const test = anyTest as TestFn<DeadSocket>
const stage = new SharedStage()

test.before(async (t) => {
  const directory = makeTenantsDirectory(stage)
  const name = await leaveDeadSocket(stage, directory)
  t.context = { path: join(directory, 'tenants', `${name}.socket`), names: 0 }
})

test.after.always(() => stage.end())

/** The identity of a thread of a process that has ended. */
async function ownerThatHasEnded(thread: number): Promise<string> {
  return (await identifyDead()).replace(/\d+$/, String(thread))
}

async function ownThread(thread: number): Promise<string> {
  return (await nodeEnvironment.owner.identify()).replace(/\d+$/, String(thread))
}

/** The identity of somebody before the last start of the machine, or on another kernel. */
async function ownerOfAnotherBoot(): Promise<string> {
  return (await nodeEnvironment.owner.identify()).replace(/^t-[0-9a-f]{8}/, 't-0badb007')
}

function inodeOf(directory: string): string {
  return String(statSync(join(directory, 'tenants'), { bigint: true }).ino)
}

/** Whether one who comes upon such an entry is alone. */
async function isAloneWith(
  t: ExecutionContext,
  directory: string,
  tenant: Tenant,
): Promise<boolean> {
  writeRegister(directory, { tenants: [tenant] })
  const tenancy = openTenancy(t, directory, { patience: 300 })
  await tenancy.join()
  const { isSole } = tenancy
  await tenancy.leave()
  return isSole
}

test.serial(
  'a missing socket proves nothing, unless the machine was started anew or the directory is a copy',
  async (t) => {
    const directory = makeTenantsDirectory(t)
    writeRegister(directory, {})
    const here = { directory: inodeOf(directory) }
    t.false(await isAloneWith(t, directory, await makeTenant(here)))
    t.true(await isAloneWith(t, directory, await makeTenant({ directory: '1' })))
    const owner = await ownerOfAnotherBoot()
    t.true(await isAloneWith(t, directory, await makeTenant({ ...here, owner })))
  },
)

test.serial('a missing socket does not matter when its process has ended', async (t) => {
  const directory = makeTenantsDirectory(t)
  writeRegister(directory, {})
  const tenant = { directory: inodeOf(directory), owner: await ownerThatHasEnded(0) }
  t.true(await isAloneWith(t, directory, await makeTenant(tenant)))
})

test.serial('another boot proves nothing of one whose socket answers', async (t) => {
  const directory = makeTenantsDirectory(t)
  const other = new TenantProcess(t, directory)
  await other.call('join')
  const [tenant] = readRegister(directory).tenants
  const owner = await ownerOfAnotherBoot()
  t.false(await isAloneWith(t, directory, { ...(tenant as Tenant), owner, directory: '1' }))
})

test.serial(
  'a refused socket proves that a process is dead, in whatever container; a thread only with its process',
  async (t) => {
    const directory = makeTenantsDirectory(t)
    const container = (await ownThread(0)).replace(/-\d+-(\d+-\d+-\d+)$/, '-1-$1')
    const owners: readonly [owner: string, isAlone: boolean][] = [
      [container, true],
      [await ownThread(0), true],
      [await ownThread(7), false],
      [await ownerThatHasEnded(7), true],
      ['', true],
    ]
    for (const [owner, isAlone] of owners) {
      const name = putDeadSocket(t.context, directory)
      const tenant = { name, owner, directory: inodeOf(directory) }
      t.is(await isAloneWith(t, directory, tenant), isAlone, owner)
      writeRegister(directory, {})
    }
  },
)

test.serial(
  'who is dead is taken off the register, and its socket removed only then',
  async (t) => {
    const directory = makeTenantsDirectory(t)
    const name = await leaveDeadSocket(t, directory)
    let wasThere = false
    const fs = interceptFileSystem(({ method, path, proceed }) => {
      if (method === 'unlink' && String(path).includes(name)) {
        wasThere = readRegister(directory).tenants.some((tenant) => tenant.name === name)
      }
      return proceed()
    })
    const tenancy = openTenancy(t, directory, { fs })
    await tenancy.join()
    t.false(wasThere)
    t.false(listSockets(directory).includes(`${name}.socket`))
  },
)

test.serial(
  'sockets of the dead that are on no register are removed, unfinished ones too, and nothing else',
  async (t) => {
    const directory = makeTenantsDirectory(t)
    const name = await leaveDeadSocket(t, directory)
    const tenants = join(directory, 'tenants')
    const living = new TenantProcess(t, directory)
    await living.call('join')
    t.deepEqual(listSockets(directory).length, 1)
    await leaveDeadSocket(t, directory)
    writeFileSync(join(tenants, 'notes.txt'), 'mine')
    writeFileSync(join(tenants, `${name}.new`), 'not a socket')
    const tenancy = openTenancy(t, directory)
    await tenancy.join()
    await until(() => !readdirSync(tenants).includes(`${name}.new`))
    await living.call('leave')
    await until(() => tenancy.isSole)
    t.deepEqual(readdirSync(tenants).filter((each) => !each.endsWith('.lock')).length, 3)
    t.is(readFileSync(join(tenants, 'notes.txt'), 'utf8'), 'mine')
  },
)

for (const [what, spoil] of [
  ['empty', (path: string) => writeFileSync(path, '')],
  ['damaged', (path: string) => writeFileSync(path, '{"version":1,"tenants":[')],
  ['of another kind', (path: string) => writeFileSync(path, 'null')],
  ['without a version', (path: string) => writeFileSync(path, '{"tenants":[],"sole":[]}')],
  [
    'naming someone sole who is not on it',
    (path: string) =>
      writeFileSync(path, `{"version":1,"tenants":[],"sole":["${NAME}"],"shared":false}`),
  ],
  [
    'with a name that leads elsewhere',
    (path: string) =>
      writeFileSync(
        path,
        '{"version":1,"tenants":[{"name":"../../evil","owner":"","directory":""}],"sole":[],"shared":false}',
      ),
  ],
  ['too large', (path: string) => writeFileSync(path, Buffer.alloc(2 ** 20 + 1, ' '))],
  [
    'a link',
    (path: string) => {
      rmSync(path, { force: true })
      symlinkSync('/dev/zero', path)
    },
  ],
  [
    'a FIFO',
    (path: string) => {
      rmSync(path, { force: true })
      spawnSync('mkfifo', [path])
    },
  ],
] as const) {
  test.serial(
    `a register that is ${what} is made anew from the sockets, of the living only`,
    async (t) => {
      const directory = makeTenantsDirectory(t)
      const path = join(directory, 'tenants', 'register')
      putDeadSocket(t.context, directory)
      spoil(path)
      const first = openTenancy(t, directory)
      await first.join()
      t.true(first.isSole)
      spoil(path)
      const second = openTenancy(t, directory)
      await second.join()
      t.deepEqual([first.isSole, second.isSole], [false, false])
      t.is(readRegister(directory).tenants.length, 2)
      t.true(statSync(path).isFile())
    },
  )
}

test.serial('a register that is a directory lets nobody in', async (t) => {
  const directory = makeTenantsDirectory(t)
  mkdirSync(join(directory, 'tenants', 'register'), { recursive: true, mode: 0o700 })
  const tenancy = openTenancy(t, directory)
  await t.throwsAsync(tenancy.join(), { code: 'ERR_SESSION_STORE', message: /EISDIR/ })
  t.false(tenancy.isSole)
})

test.serial('the register of a later version lets nobody in, and is left as it is', async (t) => {
  const directory = makeTenantsDirectory(t)
  const text = '{"version":2,"who":"knows"}'
  writeRegister(directory, text)
  const tenancy = openTenancy(t, directory)
  await t.throwsAsync(tenancy.join(), {
    code: 'ERR_SESSION_STORE',
    message:
      "A later version of this library keeps the store's register. Update this process, or end all others that use the store and remove its folder 'tenants'.",
  })
  await tenancy.leave()
  t.is(readFileSync(join(directory, 'tenants', 'register'), 'utf8'), text)
})

test.serial('a later version that takes over the register ends being alone', async (t) => {
  const directory = makeTenantsDirectory(t)
  const clock = makeClock()
  const tenancy = openTenancy(t, directory, { monotonic: clock.monotonic })
  await tenancy.join()
  writeRegister(directory, '{"version":2}')
  clock.advance(1001)
  await tenancy.confirm()
  t.false(tenancy.isSole)
  await t.throwsAsync(tenancy.join(), { message: /later version/ })
})

test.serial('a register that names another sole ends being alone', async (t) => {
  const directory = makeTenantsDirectory(t)
  const clock = makeClock()
  const tenancy = openTenancy(t, directory, { monotonic: clock.monotonic })
  await tenancy.join()
  const other = await makeTenant({ directory: inodeOf(directory) })
  const { tenants } = readRegister(directory)
  writeRegister(directory, { tenants: [...tenants, other], sole: [NAME] })
  clock.advance(1001)
  await tenancy.confirm()
  t.false(tenancy.isSole)
})

test.serial(
  'a directory of tenants that is a link is refused, and one that others may enter is narrowed',
  async (t) => {
    const directory = makeTenantsDirectory(t)
    const elsewhere = makeTenantsDirectory(t)
    symlinkSync(elsewhere, join(directory, 'tenants'))
    await t.throwsAsync(openTenancy(t, directory).join(), { code: 'ERR_SESSION_DIRECTORY' })
    rmSync(join(directory, 'tenants'))
    mkdirSync(join(directory, 'tenants'))
    chmodSync(join(directory, 'tenants'), 0o755)
    const tenancy = openTenancy(t, directory)
    await tenancy.join()
    t.is(statSync(join(directory, 'tenants')).mode & 0o777, 0o700)
  },
)
