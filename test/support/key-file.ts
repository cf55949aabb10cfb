import * as fs from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { KeyFile, type KeyFileOptions } from '../../lib/key-file.ts'
import { keyIdOfMaster } from '../../lib/keyring.ts'
import { makeTemporaryDirectory } from './temporary-directory.ts'

/** A fresh data directory, and a key file in it with what it warned of. */
export function prepareKeyFile(
  t: { teardown(work: () => unknown): void },
  options: KeyFileOptions = {},
): { keys: KeyFile; directory: string; path: string; warnings: string[][] } {
  const directory = join(makeTemporaryDirectory(t), 'keys')
  const warnings: string[][] = []
  const warn = (message: string, code: string): void => {
    warnings.push([code, message])
  }
  const keys = new KeyFile(directory, { warn, ...options })
  return { keys, directory, path: join(directory, 'keyring.json'), warnings }
}

/** What a key file with these keys holds. */
export function ringTextOf(...keys: readonly Buffer[]): string {
  return JSON.stringify({
    v: 1,
    keys: keys.map((key) => ({
      id: keyIdOfMaster(key).toString('hex'),
      key: key.toString('base64url'),
      created: '2026-01-01T00:00:00.000Z',
    })),
  })
}

/** Puts a file where the key file is to be, in a private directory. */
export async function putFile(path: string, content: string | Buffer, mode = 0o600): Promise<void> {
  await fs.mkdir(dirname(path), { recursive: true, mode: 0o700 })
  await fs.writeFile(path, content, { mode })
  await fs.chmod(path, mode)
}
