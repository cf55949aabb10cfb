import { existsSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { SessionError } from '../../../lib/errors.ts'
import { retryDeleted } from '../../../stores/file/deletion.ts'
import { nodeEnvironment } from '../../../stores/file/environment.ts'
import type { FileStore } from '../../../stores/file.ts'
import {
  interceptFileSystem,
  nameOf,
  openStore,
  storing,
  systemError,
  textOf,
} from '../../support/file-store.ts'
import { strideOf } from '../../support/proof.ts'
import { SharedStage } from '../../support/stage.ts'
import { deleteDirectory } from '../../support/temporary-directory.ts'

const NAME = nameOf(1)

test('what somebody deleted meanwhile is made again, and given up after five tries', async (t) => {
  let tries = 0
  const deleted = (): Promise<never> => {
    tries += 1
    return Promise.reject(systemError('ENOENT', 'open'))
  }
  await t.throwsAsync(retryDeleted(deleted), { code: 'ENOENT', message: 'ENOENT: open' })
  t.is(tries, 5)
  t.is(await retryDeleted(() => (tries++ < 9 ? deleted() : Promise.resolve('made'))), 'made')
})

test('an error of ours that a deletion caused is one of those, any other is told at once', async (t) => {
  let tries = 0
  const failing = (code: string) => (): Promise<never> => {
    tries += 1
    const cause = systemError(code, 'open')
    return Promise.reject(new SessionError('ERR_SESSION_STORE', 'Could not.', { cause }))
  }
  await t.throwsAsync(retryDeleted(failing('ENOENT')), { code: 'ERR_SESSION_STORE' })
  t.is(tries, 5)
  await t.throwsAsync(retryDeleted(failing('EIO')), { code: 'ERR_SESSION_STORE' })
  await t.throwsAsync(retryDeleted(() => Promise.reject(systemError('EIO', 'open'))))
  t.is(tries, 6)
})

interface Deletion {
  /** With somebody else in the directory, who has stored a session. */
  readonly isShared: boolean
  readonly work: (store: FileStore) => Promise<unknown>
}

/** What is deleted, below the data directory. */
const PARTS = ['', 'sid', 'sid/tenants', 'sid/01']
/** One call in so many, of each part another. */
const STRIDE = strideOf(PARTS.length)

/** Has a new store do its `work`, and deletes a part of its directory before each of its calls in turn. */
async function deleteAtEveryCall(t: ExecutionContext, deletion: Deletion): Promise<void> {
  for (const [index, part] of PARTS.entries()) {
    for (let call = 1 + (index % STRIDE); await deleteAtCall(t, part, call, deletion); ) {
      call += STRIDE
    }
  }
}

/** Resolves to whether there was such a call. */
async function deleteAtCall(
  t: ExecutionContext,
  part: string,
  call: number,
  { isShared, work }: Deletion,
): Promise<boolean> {
  const stage = new SharedStage()
  const { sockets } = nodeEnvironment
  const neighbour = openStore(stage, { sockets })
  const { directory } = neighbour
  if (isShared) await neighbour.store.update(NAME, storing('one'))
  let calls = 0
  let isOver = false
  const fs = interceptFileSystem(({ proceed }) => {
    calls += 1
    if (calls === call && !isOver) deleteDirectory(join(directory, part))
    return proceed()
  })
  const { store } = openStore(stage, { fs, sockets }, { directory })
  try {
    await t.notThrowsAsync(work(store), `'${part}' at call ${call}`)
    isOver = true
    const isDeleted = calls >= call
    await store.update(nameOf(2), storing('after'))
    t.is(await textOf(store, nameOf(2)), 'after', `'${part}' at call ${call}`)
    return isDeleted
  } finally {
    await stage.end()
  }
}

for (const isShared of [false, true]) {
  const where = isShared ? 'shared with others' : 'for itself'
  test(`a store that has its directory ${where} makes a session, whenever that is deleted`, (t) =>
    deleteAtEveryCall(t, { isShared, work: (store) => store.update(nameOf(17), storing('new')) }))
}

test('whoever reads finds the session or none when the directory is deleted, and does not fail', (t) =>
  deleteAtEveryCall(t, {
    isShared: true,
    work: async (store) => {
      t.true([undefined, 'one'].includes(await textOf(store, NAME)))
    },
  }))

test('a store is ready whenever its directory is deleted, and there is a directory then', async (t) => {
  await deleteAtEveryCall(t, { isShared: false, work: (store) => store.ready() })
  const { store, directory } = openStore(t)
  await store.ready()
  deleteDirectory(directory)
  await store.ready()
  t.true(existsSync(join(directory, 'sid')))
})
