import { readdirSync } from 'node:fs'
import { join } from 'node:path'

/** The paths of all session files in a data directory. */
export function sessionFiles(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.session'))
    .map((path) => join(directory, path))
}

/** The path of the only session file in a data directory. */
export function onlyFile(directory: string): string {
  const [file, ...others] = sessionFiles(directory)
  if (file === undefined || others.length > 0) throw new Error('Expected exactly one session file')
  return file
}
