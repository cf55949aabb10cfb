import { join } from 'node:path'
import { type DataDirectory, SESSION_FILE, SESSION_LOCK, SHARD } from './data-directory.ts'
import { codeOf, type FileSystem, type ListedFile } from './file-system.ts'

/** Something of the store's own, by its name; what it is has not been looked at. */
export interface Found {
  readonly kind: 'session' | 'lock'
  /** The session's name. */
  readonly name: string
}

/** Every session and every lock, streamed. Other names are passed over, and no link is followed. */
export async function* walkDirectory(
  fs: FileSystem,
  directory: DataDirectory,
): AsyncGenerator<Found> {
  for await (const shard of listIfThere(fs, directory.path)) {
    if (!SHARD.test(shard.name) || !shard.isDirectory()) continue
    for await (const file of listIfThere(fs, join(directory.path, shard.name))) {
      const found = recognize(file)
      if (found?.name.startsWith(shard.name)) yield found
    }
  }
}

function recognize(file: ListedFile): Found | undefined {
  const session = SESSION_FILE.exec(file.name)?.[1]
  if (session) return { kind: 'session', name: session }
  const lock = SESSION_LOCK.exec(file.name)?.[1]
  return lock && file.isDirectory() ? { kind: 'lock', name: lock } : undefined
}

async function* listIfThere(fs: FileSystem, path: string): AsyncGenerator<ListedFile> {
  try {
    yield* fs.list(path)
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error
  }
}
