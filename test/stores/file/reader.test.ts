import { execFileSync } from 'node:child_process'
import { closeSync, constants, mkdirSync, openSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import test from 'ava'
import { nodeEnvironment } from '../../../stores/file/environment.ts'
import { nodeFileSystem } from '../../../stores/file/file-system.ts'
import { encodeFile, encodeSlot } from '../../../stores/file/frame.ts'
import {
  type BareReading,
  readBareFrame,
  readFrame,
  USUAL_BYTES,
} from '../../../stores/file/reader.ts'
import { watchFileSystem } from '../../support/file-store.ts'
import { makeTemporaryDirectory } from '../../support/temporary-directory.ts'

const FRAME = {
  sequence: 1,
  expires: 9e15,
  tombstone: false,
  durable: false,
  subject: undefined,
  bytes: Buffer.from('one'),
}

/** What a reading says, but for when it was. */
function contentOf(reading: BareReading): unknown {
  return reading.state === 'found' ? [reading.frame, reading.slot, reading.older] : reading.state
}

test('a file that is not whole is read again: two commits may have passed between its slots', async (t) => {
  const directory = makeTemporaryDirectory(t)
  const [torn, whole] = [join(directory, 'torn'), join(directory, 'whole')]
  writeFileSync(torn, encodeFile(FRAME).fill('x', 100, 120))
  writeFileSync(whole, encodeFile(FRAME))
  for (const [states, state] of [
    [[torn, whole], 'found'],
    [[torn, torn, whole], 'damaged'],
  ] as const) {
    const left = [...states]
    const open = (path: string, flags: number): Promise<number> =>
      nodeFileSystem.open(left.shift() ?? path, flags)
    const environment = { ...nodeEnvironment, fs: { ...nodeFileSystem, open } }
    t.is((await readFrame(environment, directory)).state, state)
  }
})

test('a pipe is damage at once, though nobody writes into it', async (t) => {
  const path = join(makeTemporaryDirectory(t), 'pipe')
  execFileSync('mkfifo', [path])
  const reading = readFrame(nodeEnvironment, path)
  const { state } = await Promise.race([
    reading,
    delay(20_000, { state: 'waiting' }, { ref: false }),
  ])
  // Ends the wait, which would keep the test from its end.
  if (state === 'waiting') closeSync(openSync(path, constants.O_RDWR | constants.O_NONBLOCK))
  t.is(state, 'damaged')
})

test('the reading in three calls says of anything what the whole one says', async (t) => {
  const directory = makeTemporaryDirectory(t)
  const [older, newer] = [encodeSlot(FRAME, 2048), encodeSlot({ ...FRAME, sequence: 2 }, 2048)]
  const likeSlot = Buffer.concat([Buffer.alloc(2014), newer, Buffer.alloc(50)])
  const contents = {
    usual: encodeFile(FRAME),
    tombstone: encodeFile({ ...FRAME, tombstone: true }),
    'in the second slot': Buffer.concat([older, newer]),
    'as long as a slot can be': encodeFile({ ...FRAME, bytes: Buffer.alloc(2014, 'x') }),
    'longer by a byte': encodeFile({ ...FRAME, bytes: Buffer.alloc(2015, 'x') }),
    'with something like a slot in it': encodeFile({ ...FRAME, bytes: likeSlot }),
    'a byte short': encodeFile(FRAME).subarray(1),
    'a byte too long': Buffer.concat([encodeFile(FRAME), Buffer.alloc(1)]),
    empty: Buffer.alloc(0),
    junk: Buffer.from('junk'),
  }
  for (const [name, content] of Object.entries(contents)) {
    writeFileSync(join(directory, name), content)
  }
  mkdirSync(join(directory, 'a directory'))
  symlinkSync('usual', join(directory, 'a link'))
  for (const name of [...Object.keys(contents), 'a directory', 'a link', 'missing']) {
    const path = join(directory, name)
    const bare = await readBareFrame(nodeEnvironment, path, Buffer.alloc(USUAL_BYTES))
    t.deepEqual(contentOf(bare), contentOf(await readFrame(nodeEnvironment, path)), name)
  }
})

test('of a usual file, that takes three calls', async (t) => {
  const path = join(makeTemporaryDirectory(t), 'usual')
  writeFileSync(path, encodeFile(FRAME))
  const { fs, calls } = watchFileSystem()
  await readBareFrame({ ...nodeEnvironment, fs }, path, Buffer.alloc(USUAL_BYTES))
  t.deepEqual(calls, ['open', 'read', 'close'])
})
