import { AssertionError } from 'node:assert/strict'
import test from 'ava'
import { storeContract } from '../lib/testing.ts'
import { MemoryStore } from '../stores/memory.ts'
import { faultsOfMany } from './support/faults-of-many.ts'
import { faultsOfOne } from './support/faults-of-one.ts'
import { faultsOfRareDays } from './support/faults-of-rare-days.ts'
import { faultsOfVersions } from './support/faults-of-versions.ts'
import { spoiledContract } from './support/spoiled-store.ts'

const FAULTS = [...faultsOfOne, ...faultsOfMany, ...faultsOfRareDays, ...faultsOfVersions]

const ALL_TITLES = storeContract(() => new MemoryStore()).map(({ title }) => title)

for (const { fault, spoil, caughtBy } of FAULTS) {
  test(`the suite notices ${fault}`, async (t) => {
    const cases = spoiledContract(spoil, { timeout: 1_500 })
    for (const title of caughtBy) {
      const found = cases.find((each) => each.title === title)
      await t.throwsAsync(async () => found?.run(), { any: true }, `not noticed by: ${title}`)
    }
  })
}

test('every case of the suite notices one of the planted faults', (t) => {
  const caughtBy = new Set(FAULTS.flatMap((fault) => fault.caughtBy))
  t.deepEqual(
    ALL_TITLES.filter((title) => !caughtBy.has(title)),
    [],
  )
})

test('titles are all different', (t) => {
  t.is(new Set(ALL_TITLES).size, ALL_TITLES.length)
})

test('a case whose option is missing has a reason to skip, and fails when it is run', async (t) => {
  const cases = storeContract(() => new MemoryStore(), { sweeps: false })
  const skipped = cases.filter(({ skip }) => skip !== false)
  t.deepEqual([...new Set(skipped.map(({ skip }) => skip))].sort(), [
    'needs the option `damage`',
    'needs the option `disable`',
    'needs the option `reopen`',
    'the store does not sweep',
    'the store does not sweep, needs the option `damage`',
  ])
  for (const { run, skip } of skipped) {
    await t.throwsAsync(run, {
      instanceOf: AssertionError,
      message: `This case cannot be run: ${skip}`,
    })
  }
})

test('no case is skipped for a store with every ability, and all pass', async (t) => {
  for (const { title, skip, run } of spoiledContract(() => ({}))) {
    t.is(skip, false)
    await t.notThrowsAsync(run, title)
  }
})

test('every case closes what it opened, and then cleans up once', async (t) => {
  const log: string[] = []
  class LoggedStore extends MemoryStore {
    override async close(): Promise<void> {
      log.push('close')
      await super.close()
    }
  }
  const cases = storeContract(() => new LoggedStore(), { cleanup: () => void log.push('cleanup') })
  await cases.find(({ title }) => title === 'keep writes nothing')?.run()
  t.deepEqual(log, ['close', 'cleanup'])
})

test('a case that fails closes and cleans up too, and shows its own reason', async (t) => {
  const log: string[] = []
  class BrokenStore extends MemoryStore {
    override async read(): Promise<never> {
      throw new Error('read fails')
    }
    override async close(): Promise<void> {
      log.push('close')
      throw new Error('close fails')
    }
  }
  const cases = storeContract(() => new BrokenStore(), { cleanup: () => void log.push('cleanup') })
  const keep = cases.find(({ title }) => title === 'keep writes nothing')
  await t.throwsAsync(async () => keep?.run(), { message: 'read fails' })
  t.deepEqual(log, ['close', 'cleanup'])
})

test('a store that does not answer is given up after the timeout', async (t) => {
  class MuteStore extends MemoryStore {
    override read(): Promise<never> {
      return new Promise(() => {})
    }
  }
  const [first] = storeContract(() => new MuteStore(), { timeout: 50 })
  await t.throwsAsync(async () => first?.run(), { message: 'not done within 50 ms' })
})

test('damage that a store never notices is said', async (t) => {
  const cases = storeContract(() => new MemoryStore(), { damage: () => {}, timeout: 5_000 })
  const damaged = cases.find(({ title }) => title === 'a damaged entry can be removed')
  await t.throwsAsync(async () => damaged?.run(), { message: 'the damage is not noticed' })
})
