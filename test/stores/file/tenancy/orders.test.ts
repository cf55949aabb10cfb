import test from 'ava'
import { interceptFileSystem } from '../../../support/file-store.ts'
import { Gate } from '../../../support/gate.ts'
import {
  makeTenant,
  makeTenantsDirectory,
  openTenancy,
  readRegister,
  writeRegister,
} from '../../../support/tenancy.ts'
import { until } from '../../../support/waiting.ts'

test.serial(
  'who comes right after the register was written is told that nobody is alone, and then nobody is',
  async (t) => {
    const directory = makeTenantsDirectory(t)
    const written = new Gate()
    const goOn = new Gate()
    let isFirst = true
    const fs = interceptFileSystem(async ({ method, path, proceed }) => {
      const result = await proceed()
      if (method !== 'rename' || !String(path).includes('register.lock') || !isFirst) return result
      isFirst = false
      written.open()
      await goOn.passed
      return result
    })
    const changes: boolean[] = []
    const first: ReturnType<typeof openTenancy> = openTenancy(t, directory, {
      fs,
      onTenureEnd: async () => {
        changes.push(first.isSole)
      },
    })
    const joined = first.join()
    await written.passed
    // As soon as the lock of the one who was held up is taken for dead.
    const second = openTenancy(t, directory, { monotonic: () => performance.now() * 100 })
    await second.join()
    goOn.open()
    await joined
    t.deepEqual([first.isSole, second.isSole, changes], [false, false, [false]])
    await second.leave()
    await until(() => first.isSole)
  },
)

test.serial(
  'whoever is still finishing what it began in place stays named, so that a third asks it too',
  async (t) => {
    const directory = makeTenantsDirectory(t)
    const arrived = new Gate()
    const goOn = new Gate()
    let isArmed = false
    let hasReleased = false
    const fs = interceptFileSystem(async ({ method, path, proceed }) => {
      if (isArmed && method === 'mkdir' && String(path).endsWith('register.lock')) {
        isArmed = false
        arrived.open()
        await goOn.passed
        hasReleased = false
      }
      if (method === 'rmdir') hasReleased = true
      return proceed()
    })
    const first = openTenancy(t, directory, { fs, interval: 20 })
    await first.join()
    const end = first.begin()
    const { tenants, sole } = readRegister(directory)
    isArmed = true
    // Somebody who is dead, so that the first goes to take it off the register.
    writeRegister(directory, { tenants: [...tenants, await makeTenant()], sole })
    await arrived.passed
    const second = openTenancy(t, directory)
    const joined = second.join()
    await until(() => !first.isSole)
    goOn.open()
    await until(() => hasReleased)
    t.deepEqual(readRegister(directory).sole, sole)
    const third = openTenancy(t, directory, { patience: 200 })
    await t.throwsAsync(third.join(), { code: 'ERR_SESSION_STORE' })
    end?.()
    await joined
  },
)

test.serial('an answer is worth nothing to one who was off the register since', async (t) => {
  const directory = makeTenantsDirectory(t)
  const first = openTenancy(t, directory, { interval: 20 })
  await first.join()
  const before = readRegister(directory)
  const answered = new Gate()
  const goOn = new Gate()
  let locks = 0
  const fs = interceptFileSystem(async ({ method, path, proceed }) => {
    if (method === 'mkdir' && String(path).endsWith('register.lock') && ++locks === 2) {
      answered.open()
      await goOn.passed
    }
    return proceed()
  })
  const second = openTenancy(t, directory, { fs })
  const joined = second.join()
  await answered.passed
  t.false(first.isSole)
  // As from a backup.
  writeRegister(directory, before)
  await until(() => first.isSole)
  goOn.open()
  await joined
  t.deepEqual([first.isSole, second.isSole], [false, false])
})
