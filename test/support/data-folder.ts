import { type Dirent, readdirSync, statSync } from 'node:fs'
import { join, relative } from 'node:path'
import { nameOf } from '../../lib/id.ts'
import type { Browser } from './browser.ts'

/** Everything below a directory: the path of each, relative to it. */
export function listTree(directory: string): string[] {
  return walk(directory).map((entry) => relative(directory, join(entry.parentPath, entry.name)))
}

/** The session files below a directory. */
export function sessionFiles(directory: string): string[] {
  return walk(directory)
    .filter((entry) => entry.isFile() && entry.name.endsWith('.session'))
    .map((entry) => join(entry.parentPath, entry.name))
}

/** What a process that was killed would leave: locks and unfinished files. */
export function litter(directory: string): string[] {
  return listTree(directory).filter((path) => /\.lock|\.tmp/.test(path))
}

/** The permissions of a file or directory, as three octal digits. */
export function modeOf(path: string): string {
  return (statSync(path).mode & 0o777).toString(8).padStart(3, '0')
}

/** The value of the session cookie of a browser. */
export function cookieOf(browser: Browser): string {
  return browser.cookies.get('sid') ?? ''
}

/** Where the session of a browser is kept. */
export function fileOf(directory: string, browser: Browser): string {
  const name = nameOf(Buffer.from(cookieOf(browser), 'base64url').subarray(0, 32))
  return join(directory, 'sid', name.slice(0, 2), `${name}.session`)
}

function walk(directory: string): Dirent[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
}
