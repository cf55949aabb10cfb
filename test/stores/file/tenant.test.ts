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
