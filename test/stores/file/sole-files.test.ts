import { chmodSync, copyFileSync, renameSync, statSync, unlinkSync, writeFileSync } from 'node:fs'
import test, { type ExecutionContext } from 'ava'
import {
  appending,
  interceptFileSystem,
  makeClock,
  nameOf,
  removing,
  storing,
  watchFileSystem,
} from '../../support/file-store.ts'
import { Gate } from '../../support/gate.ts'
import { openSoleStore } from '../../support/sole-store.ts'
import { deleteDirectory } from '../../support/temporary-directory.ts'
import { until } from '../../support/waiting.ts'

const NAME = nameOf(1)

test('a file is looked at once a second, however many ask', async (t) => {
  const { monotonic, advance } = makeClock()
  const { calls, fs } = watchFileSystem()
  const { update, find } = openSoleStore(t, { fs, monotonic })
  await update(NAME, storing('one'))
  calls.length = 0
  advance(999)
  t.is(await find(NAME), 'one')
  t.deepEqual(calls, [])
  advance(1)
  await Promise.all(Array.from({ length: 20 }, () => find(NAME)))
  t.deepEqual(calls, ['lstatOpen', 'fstat'], 'of a new file also which it is')
  advance(999)
  await find(NAME)
  t.is(calls.length, 2)
  advance(1)
  await find(NAME)
  t.deepEqual(calls, ['lstatOpen', 'fstat', 'lstatOpen'])
})

test('a file that took the place of a new one before the first look is not taken for it', async (t) => {
  const { monotonic, advance } = makeClock()
  const { update, find, fileOf } = openSoleStore(t, { monotonic })
  await update(NAME, storing('one'))
  copyFileSync(fileOf(NAME), `${fileOf(NAME)}2`)
  await update(NAME, storing('two'))
  renameSync(`${fileOf(NAME)}2`, fileOf(NAME))
  advance(1000)
  t.is(await find(NAME), 'damaged', 'it is older than what was acknowledged')
})

test('a new file that is no longer open is read again at the first look', async (t) => {
  const { monotonic, advance } = makeClock()
  const { update, find, files } = openSoleStore(t, { monotonic })
  await update(NAME, storing('one'))
  await files.open.closeAll()
  advance(1000)
  t.is(await find(NAME), 'one')
  await update(NAME, storing('two'))
  t.is(await find(NAME), 'two')
})

test('a write is no look', async (t) => {
  const { monotonic, advance } = makeClock()
  const { update, find, fileOf } = openSoleStore(t, { monotonic })
  await update(NAME, storing('one'))
  advance(600)
  await update(NAME, storing('two'))
  unlinkSync(fileOf(NAME))
  advance(400)
  t.is(await find(NAME), 'missing')
})

test('an older version that is put back is damage to one who has read a newer one', async (t) => {
  const { update, fileOf, directory } = openSoleStore(t)
  await update(NAME, storing('one'))
  copyFileSync(fileOf(NAME), `${fileOf(NAME)}2`)
  await update(NAME, storing('two'))
  const { monotonic, advance } = makeClock()
  const reader = openSoleStore(t, { monotonic }, directory)
  t.is(await reader.find(NAME), 'two')
  renameSync(`${fileOf(NAME)}2`, fileOf(NAME))
  advance(1000)
  t.is(await reader.find(NAME), 'damaged')
})

test('a file that somebody has just put in the place of ours is not written to', async (t) => {
  const theirs = openSoleStore(t)
  for (const text of ['1', '2', '3', '4', '5']) await theirs.update(NAME, storing(text))
  const ours = openSoleStore(t)
  await ours.update(NAME, storing('one'))
  const next = openSoleStore(t, {}, ours.directory)
  t.is(await next.find(NAME), 'one')
  copyFileSync(theirs.fileOf(NAME), `${ours.fileOf(NAME)}2`)
  renameSync(`${ours.fileOf(NAME)}2`, ours.fileOf(NAME))
  await next.update(NAME, appending('!'))
  t.is(await openSoleStore(t, {}, ours.directory).find(NAME), '5!')
})

test('a file that somebody has made readable for others is private after the next commit', async (t) => {
  const { monotonic, advance } = makeClock()
  const { update, find, fileOf } = openSoleStore(t, { monotonic })
  await update(NAME, storing('one'))
  chmodSync(fileOf(NAME), 0o644)
  advance(1000)
  t.is(await find(NAME), 'one')
  await update(NAME, appending(', two'))
  t.is(statSync(fileOf(NAME)).mode & 0o777, 0o600)
  t.is(await find(NAME), 'one, two')
})

for (const [what, meddle] of [
  ['deleted', (file: string) => unlinkSync(file)],
  ['exchanged', (file: string) => renameSync(`${file}2`, file)],
  ['overwritten', (file: string) => writeFileSync(file, 'x'.repeat(4096))],
  ['cut off', (file: string) => writeFileSync(file, 'x')],
] as const) {
  test(`a file that somebody has ${what} by hand is noticed within a second`, async (t) => {
    const { monotonic, advance } = makeClock()
    const { update, find, fileOf } = openSoleStore(t, { monotonic })
    await update(NAME, storing('one'))
    advance(1000)
    t.is(await find(NAME), 'one')
    writeFileSync(`${fileOf(NAME)}2`, 'x'.repeat(4096))
    meddle(fileOf(NAME))
    t.is(await find(NAME), 'one')
    advance(1000)
    t.is(await find(NAME), what === 'deleted' ? 'missing' : 'damaged')
  })
}

test('a whole directory deleted by hand has signed everybody out, and takes new sessions', async (t) => {
  const { monotonic, advance } = makeClock()
  const { update, find, directory } = openSoleStore(t, { monotonic })
  await update(NAME, storing('one'))
  deleteDirectory(`${directory}/sid`)
  advance(1000)
  await update(NAME, appending('!'))
  t.is(await find(NAME), 'missing')
  await update(nameOf(2), storing('two'))
  t.is(await find(nameOf(2)), 'two')
})

test('a read that began before a commit ended is not remembered', async (t) => {
  for (const [change, expected] of [
    [storing('two'), 'two'],
    [removing, 'missing'],
    [storing('x'.repeat(3000)), 'x'.repeat(3000)],
  ] as const) {
    let hold = Promise.resolve()
    const fs = interceptFileSystem(async ({ method, proceed }) => {
      const result = await proceed()
      if (method === 'read') await hold
      return result
    })
    const { directory, update: store } = openSoleStore(t)
    await store(NAME, storing('one'))
    const { update, find } = openSoleStore(t, { fs }, directory)
    let letGo = (): void => undefined
    hold = new Promise((resolve) => {
      letGo = resolve
    })
    const early = find(NAME)
    const { promise, settle } = beginLate(() => update(NAME, change))
    hold = Promise.resolve()
    await settle()
    letGo()
    t.is(await early, 'one')
    await promise
    t.is(await find(NAME), expected)
  }
})

/** Begins something in a moment, once what was begun before has come as far as it can. */
function beginLate(work: () => Promise<unknown>) {
  let promise: Promise<unknown> = Promise.resolve()
  return {
    get promise() {
      return promise
    },
    async settle() {
      await new Promise((resolve) => setImmediate(resolve))
      promise = work()
      await promise
    },
  }
}

test('nothing that was known outlives a tenure, and no file stays open', async (t) => {
  const open = new Set<unknown>()
  const fs = interceptFileSystem(async ({ method, path, proceed }) => {
    const result = await proceed()
    if (method === 'open') open.add(result)
    if (method === 'close') open.delete(path)
    return result
  })
  const { update, find, files, fileOf } = openSoleStore(t, { fs })
  for (let index = 0; index < 20; index++) await update(nameOf(index), storing('one'))
  t.is(open.size, 20)
  await files.end()
  t.is(open.size, 0)
  unlinkSync(fileOf(NAME))
  t.is(await find(NAME), 'missing')
})

test('files are kept open up to a number of them', async (t) => {
  let open = 0
  const fs = interceptFileSystem(async ({ method, proceed }) => {
    const result = await proceed()
    if (method === 'open') open++
    if (method === 'close') open--
    return result
  })
  const { update, find, files } = openSoleStore(t, { fs })
  for (let first = 0; first < 1500; first += 50) {
    const names = Array.from({ length: 50 }, (_, index) => first + index)
    await Promise.all(names.map((index) => update(nameOf(index), storing(`${index}`))))
  }
  t.true(open <= 1024 + 50, `${open} open, with those that are just being closed`)
  await update(NAME, appending('!'))
  t.is(await find(NAME), '1!')
  await files.end()
  t.is(open, 0)
})

/** A store that has read a session which another one made, and the calls it makes. */
async function openReader(t: ExecutionContext) {
  const { monotonic, advance } = makeClock()
  const { directory } = openSoleStore(t)
  await openSoleStore(t, {}, directory).update(NAME, storing('one'))
  const { calls, fs } = watchFileSystem()
  const { update, find } = openSoleStore(t, { fs, monotonic }, directory)
  await find(NAME)
  return { calls, advance, update, find }
}

test('a file that was only read is open from its first look on: then a look and a write are a call each', async (t) => {
  const { calls, advance, update, find } = await openReader(t)
  calls.length = 0
  advance(1000)
  await find(NAME)
  t.deepEqual(calls, ['open', 'fstat', 'lstatOpen'])
  advance(1000)
  await find(NAME)
  await update(NAME, storing('two'))
  t.deepEqual(calls.slice(3), ['lstatOpen', 'write'])
})

test('a look closes no file that is kept open to open its own', async (t) => {
  const { calls, advance, update, find } = await openReader(t)
  for (let index = 100; index < 1124; index++) await update(nameOf(index), storing('new'))
  calls.length = 0
  advance(1000)
  t.is(await find(NAME), 'one')
  t.deepEqual(calls, ['lstat'])
})

test('a file that a look opens while the tenure ends is closed', async (t) => {
  const { monotonic, advance } = makeClock()
  const { directory } = openSoleStore(t)
  await openSoleStore(t, {}, directory).update(NAME, storing('one'))
  const goOn = new Gate()
  let open = 0
  let isHeld = false
  const fs = interceptFileSystem(async ({ method, proceed }) => {
    const result = await proceed()
    if (method === 'open') open++
    if (method === 'open' && isHeld) await goOn.passed
    if (method === 'close') open--
    return result
  })
  const { find, files } = openSoleStore(t, { fs, monotonic }, directory)
  await find(NAME)
  isHeld = true
  advance(1000)
  const looking = find(NAME)
  await until(() => open === 1)
  await files.end()
  isHeld = false
  goOn.open()
  t.is(await looking, 'one')
  await until(() => open === 0)
  t.pass()
})
