import { setTimeout as delay } from 'node:timers/promises'
import test from 'ava'
import { nodeEnvironment } from '../../../stores/file/environment.ts'
import { FileStore } from '../../../stores/file.ts'
import {
  appending,
  interceptFileSystem,
  nameOf,
  openStore,
  storing,
  textOf,
} from '../../support/file-store.ts'
import { Gate } from '../../support/gate.ts'

const NAME = nameOf(1)

test('a commit that began while others were there is seen at once, though they have left and it was read meanwhile', async (t) => {
  const arrived = new Gate()
  const goOn = new Gate()
  let isHeld = false
  let looks = 0
  const fs = interceptFileSystem(async ({ method, path, proceed }) => {
    if (String(path).endsWith('.session')) looks += 1
    if (isHeld && method === 'rename' && String(path).includes('.session.lock')) {
      isHeld = false
      arrived.open()
      await goOn.passed
    }
    return proceed()
  })
  const { sockets } = nodeEnvironment
  const { store, directory } = openStore(t, { fs, sockets })
  await store.update(NAME, storing('one'))
  const other = new FileStore({ directory }, { ...nodeEnvironment })
  await other.ready()
  isHeld = true
  const updated = store.update(NAME, appending(', two'))
  await arrived.passed
  await other.close()
  // Whoever is alone remembers what it has read.
  do {
    looks = 0
    t.is(await textOf(store, NAME), 'one')
  } while (looks > 0)
  goOn.open()
  await updated
  t.is(await textOf(store, NAME), 'one, two')
  await store.close()
})

test('a newcomer is in when a commit in place that was begun has ended, and not before', async (t) => {
  const writing = new Gate()
  const goOn = new Gate()
  let isHeld = false
  const fs = interceptFileSystem(async ({ method, proceed }) => {
    if (isHeld && method === 'write') {
      isHeld = false
      writing.open()
      await goOn.passed
    }
    return proceed()
  })
  const { sockets } = nodeEnvironment
  const { store, directory } = openStore(t, { fs, sockets })
  await store.update(NAME, storing('one'))
  isHeld = true
  const updated = store.update(NAME, appending(', two'))
  await writing.passed
  const other = new FileStore({ directory }, { ...nodeEnvironment })
  let isIn = false
  const ready = other.ready().then(() => {
    isIn = true
  })
  await delay(300)
  t.false(isIn)
  goOn.open()
  await Promise.all([updated, ready])
  await other.update(NAME, appending(', three'))
  t.is(await textOf(store, NAME), 'one, two, three')
  await Promise.all([store.close(), other.close()])
})

test('what was known while alone is not known when alone again, nor is any file open', async (t) => {
  let looks = 0
  const fs = interceptFileSystem(({ path, proceed }) => {
    if (String(path).endsWith('.session')) looks += 1
    return proceed()
  })
  const { sockets } = nodeEnvironment
  const { store, directory } = openStore(t, { fs, sockets, monotonic: () => 0 })
  await store.update(NAME, storing('one'))
  const other = new FileStore({ directory }, { ...nodeEnvironment })
  await other.update(NAME, appending(', two'))
  await other.close()
  // Whoever is alone remembers what it has read.
  do {
    looks = 0
    t.is(await textOf(store, NAME), 'one, two')
  } while (looks > 0)
  await store.update(NAME, appending(', three'))
  const next = new FileStore({ directory }, { ...nodeEnvironment, sockets: undefined })
  t.is(await textOf(next, NAME), 'one, two, three')
  await Promise.all([store.close(), next.close()])
})
