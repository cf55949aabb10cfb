import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { nodeFileSystem } from '../../../stores/file/file-system.ts'
import { encodeFile } from '../../../stores/file/frame.ts'
import { createOwner } from '../../../stores/file/owner.ts'
import {
  interceptFileSystem,
  nameOf,
  openStore,
  storing,
  systemError,
  textOf,
} from '../../support/file-store.ts'
import { identifyDead } from '../../support/owners.ts'
import { age, HOUR, NOTHING, NOW } from '../../support/sweeps.ts'
import { findLitter } from '../../support/torture.ts'

const owner = createOwner(nodeFileSystem)

test('a sweep of a store that was never used makes nothing', async (t) => {
  const { store, directory } = openStore(t)
  t.deepEqual(await store.sweep(NOW), NOTHING)
  t.deepEqual(readdirSync(directory), [])
})

test('what expired the grace time ago is removed, and nothing else', async (t) => {
  const { store, directory } = openStore(t)
  for (const [index, expires] of [0, 899, 900, 901, 1000, 5000].entries()) {
    await store.update(nameOf(index), storing('x', expires))
  }
  t.deepEqual(await store.sweep(NOW), { ...NOTHING, scanned: 6, removed: 3 })
  t.deepEqual(await store.sweep(NOW), { ...NOTHING, scanned: 3 })
  t.deepEqual(findLitter(join(directory, 'sid')), [])
})

test('damage is removed when the file stood unchanged for its time, whatever the wall clock says', async (t) => {
  const { store, fileOf } = openStore(t)
  await store.update(nameOf(17), storing('x', 0))
  const [fresh, old, link] = [nameOf(1), nameOf(33), nameOf(49)]
  writeFileSync(fileOf(fresh), 'junk')
  writeFileSync(fileOf(old), 'junk')
  age(fileOf(old), HOUR + 5000)
  symlinkSync('/nowhere', fileOf(link))
  const far = { ...NOW, now: 9e15 }
  t.deepEqual(await store.sweep(far), { ...NOTHING, scanned: 4, removed: 2, damaged: 2 })
  t.true(existsSync(fileOf(fresh)))
  t.false(existsSync(fileOf(old)))
})

test('a directory in the place of a session is never removed', async (t) => {
  const { store, fileOf } = openStore(t)
  await store.update(nameOf(17), storing('x'))
  mkdirSync(fileOf(nameOf(1)))
  age(fileOf(nameOf(1)), 2 * HOUR)
  t.deepEqual(await store.sweep(NOW), { ...NOTHING, scanned: 2, damaged: 1 })
  t.true(existsSync(fileOf(nameOf(1))))
})

test('names that are not sessions are left alone, and links are not followed', async (t) => {
  const { store, directory, fileOf } = openStore(t)
  await store.update(nameOf(1), storing('x', 0))
  const data = join(directory, 'sid')
  const strangers = [
    '01/notes.txt',
    `01/${nameOf(1)}.session~`,
    `01/${nameOf(2)}.session`,
    'README',
    '0G',
  ]
  for (const stranger of strangers) copyFileSync(fileOf(nameOf(1)), join(data, stranger))
  mkdirSync(join(directory, 'elsewhere'))
  copyFileSync(fileOf(nameOf(1)), join(directory, 'elsewhere', `${nameOf(3)}.session`))
  symlinkSync(join(directory, 'elsewhere'), join(data, '03'))
  t.deepEqual(await store.sweep(NOW), { ...NOTHING, scanned: 1, removed: 1 })
  for (const stranger of strangers) t.true(existsSync(join(data, stranger)))
  t.deepEqual(readdirSync(join(directory, 'elsewhere')), [`${nameOf(3)}.session`])
})

test('locks that ended processes have left are removed, those of live ones and fresh empty ones are not', async (t) => {
  const { store, fileOf } = openStore(t)
  const alive = await owner.identify()
  const dead = await identifyDead()
  const foreign = 't-00000001-1-1-1-0'
  const left: [string | undefined, number, boolean][] = [
    [dead, 0, true],
    [alive, 0, false],
    [alive, 2 * HOUR, false],
    [foreign, 0, false],
    [foreign, HOUR + 5000, true],
    [undefined, 0, false],
    [undefined, HOUR + 5000, true],
  ]
  for (const [index, [token, milliseconds]] of left.entries()) {
    const lock = `${fileOf(nameOf(index))}.lock`
    mkdirSync(lock, { recursive: true })
    if (token) writeFileSync(join(lock, `${token}-x-1`), '')
    age(lock, milliseconds)
  }
  t.deepEqual(await store.sweep(NOW), { ...NOTHING, litter: 3 })
  for (const [index, [, , removed]] of left.entries()) {
    t.is(existsSync(`${fileOf(nameOf(index))}.lock`), !removed, `lock ${index}`)
  }
})

test('a removal that was not finished is finished', async (t) => {
  const { store, fileOf } = openStore(t)
  await store.update(nameOf(17), storing('x'))
  const tombstone = encodeFile({
    sequence: 2,
    expires: 0,
    tombstone: true,
    durable: false,
    subject: undefined,
    bytes: Buffer.alloc(0),
  })
  writeFileSync(fileOf(nameOf(1)), tombstone)
  t.is(await store.read(nameOf(1)), undefined)
  t.deepEqual(await store.sweep(NOW), { ...NOTHING, scanned: 1, litter: 1 })
  t.false(existsSync(fileOf(nameOf(1))))
})

test('a full disk is swept', async (t) => {
  const { store, directory } = openStore(t)
  await store.update(nameOf(1), storing('x', 0))
  await store.update(nameOf(2), storing('y'))
  const fs = interceptFileSystem(({ method, proceed }) =>
    method === 'mkdir' ? Promise.reject(systemError('ENOSPC', 'mkdir')) : proceed(),
  )
  const full = openStore(t, { fs }, { directory }).store
  t.deepEqual(await full.sweep(NOW), { ...NOTHING, scanned: 2, removed: 1 })
  t.is(await textOf(full, nameOf(2)), 'y')
})

test('a session that cannot be read counts as failed, and the others are swept', async (t) => {
  const { store, directory, fileOf } = openStore(t)
  for (const index of [1, 2]) await store.update(nameOf(index), storing('x', 0))
  const fs = interceptFileSystem(({ method, path, proceed }) =>
    method === 'open' && path === fileOf(nameOf(1))
      ? Promise.reject(systemError('EIO', 'open'))
      : proceed(),
  )
  const other = openStore(t, { fs }, { directory }).store
  t.deepEqual(await other.sweep(NOW), { ...NOTHING, removed: 1, scanned: 1, failed: 1 })
})
