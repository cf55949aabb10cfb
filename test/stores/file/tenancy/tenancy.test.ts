import { statSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { nodeEnvironment } from '../../../../stores/file/environment.ts'
import { interceptFileSystem } from '../../../support/file-store.ts'
import { Gate } from '../../../support/gate.ts'
import {
  listSockets,
  makeTenantsDirectory,
  openTenancy,
  readRegister,
  TenantProcess,
} from '../../../support/tenancy.ts'
import { until } from '../../../support/waiting.ts'

test.serial('the first is alone, and named so', async (t) => {
  const directory = makeTenantsDirectory(t)
  const tenancy = openTenancy(t, directory)
  t.false(tenancy.isSole)
  t.is(tenancy.begin(), undefined)
  await tenancy.join()
  t.true(tenancy.isSole)
  const { tenants, sole, shared } = readRegister(directory)
  t.deepEqual([tenants.length, sole, shared], [1, [tenants[0]?.name], false])
  t.deepEqual(listSockets(directory), [`${sole[0]}.socket`])
  for (const name of ['register', `${sole[0]}.socket`]) {
    t.is(statSync(join(directory, 'tenants', name)).mode & 0o777, 0o600, name)
  }
})

test.serial('who joins again has joined, and asks nobody', async (t) => {
  let calls = 0
  const fs = interceptFileSystem(({ proceed }) => {
    calls++
    return proceed()
  })
  const tenancy = openTenancy(t, makeTenantsDirectory(t), { fs, monotonic: () => 0 })
  await Promise.all([tenancy.join(), tenancy.join()])
  const before = calls
  await tenancy.join()
  t.is(tenancy.confirm(), undefined)
  tenancy.begin()?.()
  t.is(calls, before)
})

test.serial('a second makes both share, and is told so before it is in', async (t) => {
  const directory = makeTenantsDirectory(t)
  const first = new TenantProcess(t, directory)
  await first.call('join')
  t.true(await first.call('isSole'))
  const second = openTenancy(t, directory)
  await second.join()
  t.deepEqual([await first.call('isSole'), second.isSole], [false, false])
  t.is(readRegister(directory).tenants.length, 2)
  t.deepEqual(readRegister(directory).sole, [])
})

test.serial(
  'a newcomer is not in before every commit in place has ended and all that was known is forgotten',
  async (t) => {
    const directory = makeTenantsDirectory(t)
    const forgotten = new Gate()
    const steps: string[] = []
    const first = openTenancy(t, directory, {
      onTenureEnd: async () => {
        steps.push('end of tenure')
        if (steps.length > 1) await forgotten.passed
      },
    })
    await first.join()
    const ends = [first.begin(), first.begin()]
    const second = openTenancy(t, directory)
    const joined = second.join().then(() => steps.push('joined'))
    await until(() => !first.isSole)
    t.is(first.begin(), undefined)
    ends[0]?.()
    ends[0]?.()
    t.deepEqual(steps, ['end of tenure'])
    ends[1]?.()
    await until(() => steps.length === 2)
    t.deepEqual(readRegister(directory).sole.length, 1)
    forgotten.open()
    await joined
    t.deepEqual(steps, ['end of tenure', 'end of tenure', 'joined'])
  },
)

test.serial('when one leaves the other is alone, whoever came first', async (t) => {
  const directory = makeTenantsDirectory(t)
  const [first, second] = [openTenancy(t, directory), new TenantProcess(t, directory)]
  await first.join()
  await second.call('join')
  await second.call('leave')
  await until(() => first.isSole)
  await until(() => listSockets(directory).length === 1)
  const third = openTenancy(t, directory)
  await third.join()
  await first.leave()
  t.false(first.isSole)
  await until(() => third.isSole)
  t.is(readRegister(directory).tenants.length, 1)
  await until(() => listSockets(directory).length === 1)
  await third.leave()
  t.deepEqual(readRegister(directory).tenants, [])
  t.deepEqual(listSockets(directory), [])
})

test.serial('when one is killed the other is alone at once', async (t) => {
  const directory = makeTenantsDirectory(t)
  for (const isFirst of [true, false]) {
    const other = new TenantProcess(t, directory)
    const tenancy = openTenancy(t, directory, { interval: 60_000 })
    if (isFirst) await other.call('join')
    await tenancy.join()
    await other.call('join')
    t.false(tenancy.isSole)
    await other.kill()
    const killed = performance.now()
    await until(() => tenancy.isSole)
    t.log(`${Math.round(performance.now() - killed)} ms`)
    await until(() => listSockets(directory).length === 1)
    await tenancy.leave()
  }
})

test.serial('the last of three killed ones leaves the fourth alone', async (t) => {
  const directory = makeTenantsDirectory(t)
  const others = [1, 2, 3].map(() => new TenantProcess(t, directory))
  for (const other of others) await other.call('join')
  const tenancy = openTenancy(t, directory, { interval: 60_000 })
  await tenancy.join()
  for (const other of others) {
    t.false(tenancy.isSole)
    await other.kill()
  }
  await until(() => tenancy.isSole)
  t.is(readRegister(directory).tenants.length, 1)
})

test.serial('who was killed while alone is followed by one who is', async (t) => {
  const directory = makeTenantsDirectory(t)
  const killed = new TenantProcess(t, directory)
  await killed.call('join')
  await killed.kill()
  t.is(listSockets(directory).length, 1)
  const tenancy = openTenancy(t, directory)
  await tenancy.join()
  t.true(tenancy.isSole)
  t.is(listSockets(directory).length, 1)
})

test.serial(
  'one who is alone and stopped keeps others out, who go on trying until it goes on',
  async (t) => {
    const directory = makeTenantsDirectory(t)
    const stopped = new TenantProcess(t, directory)
    await stopped.call('join')
    stopped.child.kill('SIGSTOP')
    const tenancy = openTenancy(t, directory, { patience: 300 })
    const error = await t.throwsAsync(tenancy.join(), {
      code: 'ERR_SESSION_STORE',
      message: `Another process that uses the directory of the sessions (process ${stopped.child.pid}) does not answer. Let it go on if it is stopped, or end it.`,
    })
    t.is(await t.throwsAsync(tenancy.join()), error, 'at once, without another wait')
    t.like(error, { status: 503, headers: { 'Retry-After': '1' } })
    t.deepEqual([tenancy.isSole, tenancy.begin()], [false, undefined])
    stopped.child.kill('SIGCONT')
    await until(() => readRegister(directory).sole.length === 0)
    await t.notThrowsAsync(async () => {
      while ((await tenancy.join().catch(() => 'not yet')) === 'not yet') {
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
    })
    t.deepEqual([await stopped.call('isSole'), tenancy.isSole], [false, false])
  },
)

test.serial('one who shares and is stopped keeps nobody out, and nobody is alone', async (t) => {
  const directory = makeTenantsDirectory(t)
  const stopped = new TenantProcess(t, directory)
  const tenancy = openTenancy(t, directory, { interval: 20 })
  await tenancy.join()
  await stopped.call('join')
  stopped.child.kill('SIGSTOP')
  const third = openTenancy(t, directory, { patience: 2000 })
  await third.join()
  await third.leave()
  await new Promise((resolve) => setTimeout(resolve, 200))
  t.false(tenancy.isSole)
  await stopped.kill()
  await until(() => tenancy.isSole)
})

test.serial('of many that come at once none is alone, and the last one left is', async (t) => {
  const directory = makeTenantsDirectory(t)
  const others = [1, 2, 3, 4].map(() => new TenantProcess(t, directory))
  const tenancy = openTenancy(t, directory)
  const joined = await Promise.all([tenancy.join(), ...others.map((each) => each.call('join'))])
  t.deepEqual(joined.slice(1), ['joined', 'joined', 'joined', 'joined'])
  t.deepEqual(
    await Promise.all(others.map((each) => each.call('isSole'))),
    others.map(() => false),
  )
  t.false(tenancy.isSole)
  await Promise.all(others.map((each, index) => (index % 2 ? each.kill() : each.call('leave'))))
  await until(() => tenancy.isSole)
  await until(() => listSockets(directory).length === 1)
})

test.serial('who leaves while it waits to be let in is not, and its socket is gone', async (t) => {
  const directory = makeTenantsDirectory(t)
  const first = openTenancy(t, directory)
  await first.join()
  const end = first.begin()
  const second = openTenancy(t, directory)
  const joined = second.join()
  await until(() => !first.isSole)
  const left = second.leave()
  await t.throwsAsync(joined, { code: 'ERR_SESSION_CLOSED' })
  t.is(second.leave(), left)
  await left
  await t.throwsAsync(second.join(), {
    code: 'ERR_SESSION_CLOSED',
    message: 'The session store was closed. Make a new one to go on.',
  })
  t.deepEqual([listSockets(directory).length, readRegister(directory).tenants.length], [1, 1])
  end?.()
})

test.serial('who leaves waits for the commits in place', async (t) => {
  const directory = makeTenantsDirectory(t)
  const tenancy = openTenancy(t, directory)
  await tenancy.join()
  const end = tenancy.begin()
  let hasLeft = false
  const left = tenancy.leave().then(() => {
    hasLeft = true
  })
  await until(() => !tenancy.isSole)
  await new Promise((resolve) => setTimeout(resolve, 30))
  t.false(hasLeft)
  t.is(readRegister(directory).tenants.length, 1)
  end?.()
  await left
  t.is(readRegister(directory).tenants.length, 0)
})

test.serial('who was never in can leave, and makes nothing', async (t) => {
  const directory = makeTenantsDirectory(t)
  await openTenancy(t, directory).leave()
  t.throws(() => statSync(join(directory, 'tenants')), { code: 'ENOENT' })
})

test.serial(
  'a process with nothing else to do ends by itself, and leaves the next one alone',
  async (t) => {
    const directory = makeTenantsDirectory(t)
    for (let times = 1; times <= 2; times++) {
      const { child } = new TenantProcess(t, directory, 'once')
      const alarm = setTimeout(() => child.kill('SIGKILL'), 20_000)
      const [code, signal] = await new Promise<[number | null, string | null]>((resolve) => {
        child.once('exit', (...end) => resolve(end))
      })
      clearTimeout(alarm)
      t.deepEqual([code, signal], [0, null])
      t.is(listSockets(directory).length, 1)
    }
    const tenancy = openTenancy(t, directory)
    await tenancy.join()
    t.true(tenancy.isSole)
  },
)

test.serial(
  'the worker of a cluster is a tenant itself, and dead when it is killed, whatever its primary does',
  async (t) => {
    const directory = makeTenantsDirectory(t)
    const primary = new TenantProcess(t, directory)
    const worker = Number(await primary.call('fork'))
    const tenancy = openTenancy(t, directory)
    await tenancy.join()
    t.false(tenancy.isSole)
    primary.child.kill('SIGSTOP')
    process.kill(worker, 'SIGKILL')
    await until(() => tenancy.isSole)
    primary.child.kill('SIGCONT')
    t.is(await primary.call('join'), 'joined')
  },
)

test.serial('two tenants of one thread are two', async (t) => {
  const directory = makeTenantsDirectory(t)
  const [one, other] = [openTenancy(t, directory), openTenancy(t, directory)]
  await Promise.all([one.join(), other.join()])
  t.deepEqual([one.isSole, other.isSole], [false, false])
  t.is(nodeEnvironment.sockets === undefined ? 0 : listSockets(directory).length, 2)
})
