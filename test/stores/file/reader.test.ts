import { execFileSync } from 'node:child_process'
import { closeSync, constants, openSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import test from 'ava'
import { nodeEnvironment } from '../../../stores/file/environment.ts'
import { nodeFileSystem } from '../../../stores/file/file-system.ts'
import { encodeFile } from '../../../stores/file/frame.ts'
import { readFrame } from '../../../stores/file/reader.ts'
import { makeTemporaryDirectory } from '../../support/temporary-directory.ts'

const FRAME = {
  sequence: 1,
  expires: 9e15,
  tombstone: false,
  durable: false,
  subject: undefined,
  bytes: Buffer.from('one'),
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
  const { state } = await Promise.race([reading, delay(5000, { state: 'waiting' }, { ref: false })])
  // Ends the wait, which would keep the test from its end.
  if (state === 'waiting') closeSync(openSync(path, constants.O_RDWR | constants.O_NONBLOCK))
  t.is(state, 'damaged')
})
