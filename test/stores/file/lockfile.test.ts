import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import test from 'ava'
import { nodeFileSystem } from '../../../stores/file/file-system.ts'
import { adaptFileSystem } from '../../../stores/file/lockfile.ts'
import { makeTemporaryDirectory } from '../../support/temporary-directory.ts'

type Callback<T> = (error: Error | null, value: T) => void

interface LockFileSystem {
  stat(path: string, done: Callback<{ mtime: Date }>): void
  utimes(path: string, accessed: Date, modified: Date, done: Callback<void>): void
}

test('a lock that is renewed has the time it was given, or its holder would take it for lost', async (t) => {
  const path = join(makeTemporaryDirectory(t), 'lock')
  writeFileSync(path, '')
  const fs = adaptFileSystem(nodeFileSystem) as LockFileSystem
  const [stat, utimes] = [promisify(fs.stat), promisify(fs.utimes)]
  for (let millisecond = 0; millisecond < 1000; millisecond += 7) {
    const time = new Date(Date.UTC(2026, 10, 23) + millisecond)
    await utimes(path, time, time)
    const { mtime } = await stat(path)
    t.is(mtime.getTime() - time.getTime(), 0, String(millisecond))
  }
})
