import { existsSync, linkSync, lstatSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import test from 'ava'
import { nodeFileSystem } from '../../../stores/file/file-system.ts'
import { decodeFile } from '../../../stores/file/frame.ts'
import {
  appending,
  makeClock,
  nameOf,
  removing,
  storing,
  systemError,
  watchFileSystem,
} from '../../support/file-store.ts'
import { openSoleStore } from '../../support/sole-store.ts'
import { deleteDirectory } from '../../support/temporary-directory.ts'

const NAME = nameOf(1)

test('a commit in place is one write: no new file, no lock, no look', async (t) => {
  const { calls, fs } = watchFileSystem()
  const { update, find, fileOf } = openSoleStore(t, { fs })
  await update(NAME, storing('one'))
  const { ino, size } = lstatSync(fileOf(NAME))
  calls.length = 0
  await update(NAME, appending(', two'))
  await update(NAME, appending(', three'))
  t.deepEqual(calls, ['write', 'write'])
  t.is(await find(NAME), 'one, two, three')
  t.like(lstatSync(fileOf(NAME)), { ino, size })
})

test('a durable commit is written over only when what followed it is on the disk: once', async (t) => {
  const { calls, fs } = watchFileSystem()
  const { update } = openSoleStore(t, { fs })
  await update(NAME, storing('older'))
  await update(NAME, storing('promised'), true)
  calls.length = 0
  await update(NAME, storing('after it'))
  t.deepEqual(calls, ['write'], 'over the older one')
  await update(NAME, storing('over it'))
  t.deepEqual(calls.slice(1), ['fdatasync', 'write'])
  for (const text of ['as', 'ever']) await update(NAME, storing(text))
  t.deepEqual(calls.slice(3), ['write', 'write'], 'nothing older is there any more')
})

test('which commit was durable is read from the file again', async (t) => {
  const { calls, fs } = watchFileSystem()
  for (const between of [0, 1]) {
    const first = openSoleStore(t, { fs })
    for (const text of ['older', 'promised']) {
      await first.update(NAME, storing(text), text === 'promised')
    }
    const second = openSoleStore(t, { fs }, first.directory)
    await (between === 0 ? first : second).update(NAME, storing('after it'))
    const third = openSoleStore(t, { fs }, first.directory)
    await third.find(NAME)
    calls.length = 0
    await third.update(NAME, storing('over it'))
    t.deepEqual(calls, ['open', 'fstat', 'fdatasync', 'write'], `${between}`)
  }
})

test('the first durable commit of a file brings its name to the disk too', async (t) => {
  const { calls, fs } = watchFileSystem()
  const { update, directory } = openSoleStore(t, { fs })
  const fsyncs = (): number => calls.splice(0).filter((call) => call === 'fsync').length
  await update(NAME, storing('one'))
  t.is(fsyncs(), 0)
  await update(NAME, storing('two'), true)
  t.true(fsyncs() > 0, 'whoever made it did so without')
  await update(NAME, storing('three'), true)
  t.is(fsyncs(), 0)
  const another = openSoleStore(t, { fs }, directory)
  await another.update(NAME, storing('four'), true)
  t.true(fsyncs() > 0, 'another process cannot know')
})

test('durable commits one after the other sync once each', async (t) => {
  const { calls, fs } = watchFileSystem()
  const { update } = openSoleStore(t, { fs })
  await update(NAME, storing('one'))
  await update(NAME, storing('two'), true)
  calls.length = 0
  await update(NAME, storing('three'), true)
  await update(NAME, storing('four'), true)
  t.deepEqual(calls, ['write', 'fdatasync', 'write', 'fdatasync'])
})

test('a new session is two calls, once its shard is there: nothing is looked for, nor at', async (t) => {
  const { calls, fs } = watchFileSystem()
  const { update, find } = openSoleStore(t, { fs })
  const [first, second] = ['1', '2'].map((digit) => `ab${digit.repeat(62)}`)
  await update(`${first}`, storing('one'))
  calls.length = 0
  await update(`${second}`, storing('two'))
  t.deepEqual(calls, ['open', 'write'])
  t.is(await find(`${second}`), 'two')
})

test('where files come out wider than they are asked for, each is narrowed', async (t) => {
  const { fs } = watchFileSystem()
  const wide = {
    ...fs,
    open: (path: string, flags: number, mode?: number) =>
      fs.open(path, flags, mode === undefined ? mode : 0o640),
  }
  const { update, fileOf } = openSoleStore(t, { fs: wide })
  for (const name of [NAME, nameOf(2)]) {
    await update(name, storing('one'))
    t.is(lstatSync(fileOf(name)).mode & 0o777, 0o600)
  }
})

test('the slots take turns, so that the version before is whole while one is written', async (t) => {
  const { update, contentOf } = openSoleStore(t)
  const seen: unknown[] = []
  for (const text of ['one', 'two', 'three']) {
    await update(NAME, storing(text))
    const decoded = decodeFile(await contentOf(NAME))
    seen.push([decoded?.slot, decoded?.frame.sequence, String(decoded?.frame.bytes)])
  }
  t.deepEqual(seen, [
    [0, 1, 'one'],
    [1, 2, 'two'],
    [0, 3, 'three'],
  ])
})

test('a write that was cut short by a kill leaves the version before, and the next goes over it', async (t) => {
  const killed = openSoleStore(t, {
    fs: {
      ...nodeFileSystem,
      async write(descriptor, buffer, offset, position) {
        await nodeFileSystem.write(descriptor, buffer.subarray(0, 20), offset, position)
        return position === 0 ? buffer.length : new Promise(() => {})
      },
    },
  })
  const before = openSoleStore(t, {}, killed.directory)
  await before.update(NAME, storing('one'))
  void killed.update(NAME, storing('two'))
  await t.notThrowsAsync(async () => {
    while (decodeFile(await before.contentOf(NAME))?.slot !== 0) await Promise.resolve()
  })
  const next = openSoleStore(t, {}, killed.directory)
  t.is(await next.find(NAME), 'one')
  await next.update(NAME, appending('!'))
  t.is(await openSoleStore(t, {}, killed.directory).find(NAME), 'one!')
  t.is(decodeFile(await next.contentOf(NAME))?.slot, 1)
})

test('a session that outgrows its slots gets a larger file, and is overwritten there', async (t) => {
  const { calls, fs } = watchFileSystem()
  const { update, find, fileOf } = openSoleStore(t, { fs })
  await update(NAME, storing('small'))
  const { ino } = lstatSync(fileOf(NAME))
  await update(NAME, storing('x'.repeat(5000)))
  t.is(lstatSync(fileOf(NAME)).size, 16_384)
  t.not(lstatSync(fileOf(NAME)).ino, ino)
  await update(NAME, appending('y'))
  calls.length = 0
  await update(NAME, appending('z'))
  t.deepEqual(calls, ['write'])
  t.is(await find(NAME), `${'x'.repeat(5000)}yz`)
})

test('a new session is a file of its own, 0600, never one that is there', async (t) => {
  const { update, find, fileOf, directory } = openSoleStore(t)
  await update(NAME, storing('one'))
  t.is(lstatSync(fileOf(NAME)).mode & 0o777, 0o600)
  const other = openSoleStore(
    t,
    {
      fs: {
        ...nodeFileSystem,
        // As if the file had come between the look and the making.
        open: (path, flags, mode) =>
          mode === undefined && path.endsWith('.session') && hidden
            ? Promise.reject(systemError('ENOENT', 'open'))
            : nodeFileSystem.open(path, flags, mode).finally(() => {
                hidden = false
              }),
      },
    },
    directory,
  )
  let hidden = true
  const seen: unknown[] = []
  await other.update(NAME, (current) => {
    seen.push(current && String((current as { bytes: Uint8Array }).bytes))
    return current ? { kind: 'keep' } : storing('two')(current)
  })
  t.deepEqual(seen, [undefined, 'one'])
  t.is(await find(NAME), 'one')
})

test('a file that another name leads to, such as a backup, is not written to', async (t) => {
  const { update, find, fileOf, directory } = openSoleStore(t)
  await update(NAME, storing('one'))
  const backup = join(directory, 'backup')
  linkSync(fileOf(NAME), backup)
  const next = openSoleStore(t, {}, directory)
  await next.update(NAME, storing('two'))
  t.is(String(decodeFile(readFileSync(backup))?.frame.bytes), 'one')
  t.is(await next.find(NAME), 'two')
  t.is(await find(NAME), 'one', 'within its second')
})

test('a backup that is linked to a file which is open is noticed within a second, and not written to then', async (t) => {
  const { monotonic, advance } = makeClock()
  const { update, find, fileOf, directory } = openSoleStore(t, { monotonic })
  await update(NAME, storing('one'))
  await update(NAME, storing('two'))
  const backup = join(directory, 'backup')
  linkSync(fileOf(NAME), backup)
  advance(1000)
  for (const text of ['three', 'four']) await update(NAME, storing(text))
  t.is(String(decodeFile(readFileSync(backup))?.frame.bytes), 'two')
  t.is(await find(NAME), 'four')
})

test('durable is on the disk before it resolves: the slot; of a new file its name too', async (t) => {
  const { calls, fs } = watchFileSystem()
  const { update } = openSoleStore(t, { fs })
  await update(NAME, storing('one'), true)
  t.true(calls.indexOf('fdatasync') > calls.indexOf('write'))
  t.true(calls.indexOf('fsync') > calls.indexOf('fdatasync'))
  calls.length = 0
  await update(NAME, storing('two'), true)
  t.deepEqual(calls, ['write', 'fdatasync'])
  calls.length = 0
  await update(NAME, removing, true)
  t.is(calls[0], 'unlink')
  t.true(calls.includes('fsync'))
})

test('what was removed is gone at once, and what is put back by hand is damage', async (t) => {
  const { update, find, fileOf, contentOf } = openSoleStore(t)
  await update(NAME, storing('one'))
  const content = await contentOf(NAME)
  await update(NAME, removing)
  t.false(existsSync(fileOf(NAME)))
  t.is(await find(NAME), 'missing')
  writeFileSync(fileOf(NAME), content)
  t.is(await find(NAME), 'damaged')
})

test('a damaged file is not written to, and can be removed', async (t) => {
  const { update, find, fileOf } = openSoleStore(t)
  await update(NAME, storing('one'))
  await update(NAME, removing)
  writeFileSync(fileOf(NAME), 'junk')
  await t.throwsAsync(update(NAME, storing('two')), {
    code: 'ERR_SESSION_STORE',
    message: 'Could not write over a damaged session. Remove it, or leave it to the sweep.',
  })
  t.is(readFileSync(fileOf(NAME), 'utf8'), 'junk')
  await update(NAME, removing)
  t.is(await find(NAME), 'missing')
  t.deepEqual(readdirSync(join(fileOf(NAME), '..')), [])
})

test('a shard that somebody deletes is made again for a new session', async (t) => {
  const { update, find, fileOf } = openSoleStore(t)
  await update(NAME, storing('one'))
  deleteDirectory(dirname(fileOf(NAME)))
  const other = nameOf(17)
  t.is(dirname(fileOf(other)), dirname(fileOf(NAME)))
  await update(other, storing('two'))
  t.is(await find(other), 'two')
})
