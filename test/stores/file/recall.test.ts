import { copyFileSync, renameSync, unlinkSync } from 'node:fs'
import test, { type ExecutionContext } from 'ava'
import { nodeFileSystem } from '../../../stores/file/file-system.ts'
import { makeClock, nameOf, removing, storing, systemError } from '../../support/file-store.ts'
import { openSoleStore, type SoleStore } from '../../support/sole-store.ts'

const NAME = nameOf(1)

interface WatchedStore extends SoleStore {
  readonly looks: number
  advance(milliseconds: number): void
  /** The text that is told at once. */
  recall(name?: string): string | undefined
  /** From now on a look at once fails so. */
  fail(error: Error): void
}

/** A sole tenant with one session, whose file was looked at once: so it is known which it is. */
async function openLookedAt(t: ExecutionContext): Promise<WatchedStore> {
  const { monotonic, advance } = makeClock()
  let looks = 0
  let failure: Error | undefined
  const lstatOpen = (path: string): ReturnType<typeof nodeFileSystem.lstatOpen> => {
    looks += 1
    if (failure) throw failure
    return nodeFileSystem.lstatOpen(path)
  }
  const store = openSoleStore(t, { monotonic, fs: { ...nodeFileSystem, lstatOpen } })
  await store.update(NAME, storing('one'))
  advance(1000)
  t.is(await store.find(NAME), 'one')
  looks = 0
  return {
    ...store,
    advance,
    recall: (name = NAME) => store.files.recall(name)?.kept.text,
    fail(error) {
      failure = error
    },
    get looks() {
      return looks
    },
  }
}

test('what is known is told at once for a second, and then after a look at once', async (t) => {
  const store = await openLookedAt(t)
  t.is(store.recall(), 'one')
  store.advance(999)
  t.is(store.recall(), 'one')
  t.is(store.looks, 0)
  store.advance(1)
  t.is(store.recall(), 'one')
  t.is(store.looks, 1)
  store.advance(999)
  t.is(store.recall(), 'one')
  t.is(store.looks, 1)
})

test('what is not known, or was removed, is not told', async (t) => {
  const { update, recall } = await openLookedAt(t)
  t.is(recall(nameOf(2)), undefined)
  await update(NAME, storing('two'))
  t.is(recall(), 'two')
  await update(NAME, removing)
  t.is(recall(), undefined)
})

test('a new file is not told after a second, until somebody has waited for the look at it', async (t) => {
  const store = await openLookedAt(t)
  const other = nameOf(2)
  await store.update(other, storing('new'))
  t.is(store.recall(other), 'new')
  store.advance(1000)
  t.is(store.recall(other), undefined)
  t.is(await store.find(other), 'new')
  store.advance(1000)
  t.is(store.recall(other), 'new')
})

test('a file that was deleted by hand is not told once its second is over', async (t) => {
  const store = await openLookedAt(t)
  unlinkSync(store.fileOf(NAME))
  store.advance(999)
  t.is(store.recall(), 'one')
  store.advance(1)
  t.is(store.recall(), undefined)
  t.is(await store.find(NAME), 'missing')
})

test('a file that took the place of ours by hand is not told once its second is over', async (t) => {
  const store = await openLookedAt(t)
  copyFileSync(store.fileOf(NAME), `${store.fileOf(NAME)}2`)
  renameSync(`${store.fileOf(NAME)}2`, store.fileOf(NAME))
  store.advance(1000)
  t.is(store.recall(), undefined)
  t.is(await store.find(NAME), 'one', 'it is read again')
})

test('a file that is not open is not told after its second, but found, and told from then on', async (t) => {
  const store = await openLookedAt(t)
  await store.files.open.closeAll()
  store.advance(999)
  t.is(store.recall(), 'one')
  store.advance(1)
  t.is(store.recall(), undefined)
  t.is(await store.find(NAME), 'one')
  store.advance(1000)
  t.is(store.recall(), 'one')
})

test('a look that fails is for those who wait for it: at once nothing is told', async (t) => {
  const store = await openLookedAt(t)
  store.fail(systemError('EIO'))
  store.advance(1000)
  t.is(store.recall(), undefined)
  // What nobody waits for must not end the process.
  await new Promise((resolve) => setImmediate(resolve))
  await t.throwsAsync(store.find(NAME), { code: 'EIO', message: /^EIO/ })
})

test('a look that takes its time tells nothing at once, and is shared with who waits', async (t) => {
  const { monotonic, advance } = makeClock()
  let looks = 0
  const lstatOpen: typeof nodeFileSystem.lstatOpen = async (path) => {
    looks += 1
    return nodeFileSystem.lstatOpen(path)
  }
  const { update, find, files } = openSoleStore(t, {
    monotonic,
    fs: { ...nodeFileSystem, lstatOpen },
  })
  await update(NAME, storing('one'))
  advance(1000)
  await find(NAME)
  looks = 0
  advance(1000)
  t.is(files.recall(NAME), undefined)
  t.is(files.recall(NAME), undefined)
  t.is(await find(NAME), 'one')
  t.is(looks, 1)
  t.is(files.recall(NAME)?.kept.text, 'one')
})
