import { setImmediate } from 'node:timers/promises'
import test from 'ava'
import { DirectorySync } from '../../../stores/file/directory-sync.ts'
import { nodeFileSystem } from '../../../stores/file/file-system.ts'
import { systemError } from '../../support/file-store.ts'
import { Gate } from '../../support/gate.ts'

/** A sync of directories, and each fsync that it has begun, to be let through by its gate. */
function openSync(): { sync: DirectorySync; fsyncs: Gate[] } {
  const fsyncs: Gate[] = []
  const sync = new DirectorySync({
    ...nodeFileSystem,
    open: async () => 1,
    close: async () => {},
    fsync: () => {
      const gate = new Gate()
      fsyncs.push(gate)
      return gate.passed
    },
  })
  return { sync, fsyncs }
}

test('who asks while an fsync runs waits for one that began after, and shares it', async (t) => {
  const { sync, fsyncs } = openSync()
  const ended: string[] = []
  const ask = (who: string): Promise<unknown> => sync.sync('/d').then(() => ended.push(who))
  const asked = [ask('first')]
  await setImmediate()
  asked.push(ask('second'), ask('third'))
  await setImmediate()
  t.is(fsyncs.length, 1)
  fsyncs[0]?.open()
  await setImmediate()
  t.deepEqual(ended, ['first'])
  t.is(fsyncs.length, 2)
  fsyncs[1]?.open()
  await Promise.all(asked)
  t.is(fsyncs.length, 2)
})

test('two directories do not wait for each other, and one that is idle is synced at once', async (t) => {
  const { sync, fsyncs } = openSync()
  const asked = [sync.sync('/d'), sync.sync('/e')]
  await setImmediate()
  t.is(fsyncs.length, 2)
  for (const fsync of fsyncs) fsync.open()
  await Promise.all(asked)
  void sync.sync('/d')
  await setImmediate()
  t.is(fsyncs.length, 3)
})

test('a failed fsync is the failure of all who shared it, and not tried again for them', async (t) => {
  let fsyncs = 0
  const sync = new DirectorySync({
    ...nodeFileSystem,
    open: async () => 1,
    close: async () => {},
    fsync: async () => {
      fsyncs += 1
      if (fsyncs === 2) throw systemError('EIO', 'fsync')
    },
  })
  const outcomes = await Promise.allSettled([sync.sync('/d'), sync.sync('/d'), sync.sync('/d')])
  t.deepEqual(
    outcomes.map(({ status }) => status),
    ['fulfilled', 'rejected', 'rejected'],
  )
  t.is(fsyncs, 2)
  await sync.sync('/d')
  t.is(fsyncs, 3, 'of what comes later nothing is known to be lost')
})
