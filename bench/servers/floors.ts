import { randomBytes } from 'node:crypto'
import {
  close,
  closeSync,
  fdatasync,
  mkdir,
  mkdirSync,
  open,
  openSync,
  rename,
  rmdir,
  stat,
  write,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import Koa from 'koa'
import { visit } from '../visit.ts'
import type { App, CreateApp, ServerSpec } from './app.ts'

const openFile = promisify(open)
const closeFile = promisify(close)
const syncData = promisify(fdatasync)
const statFile = promisify(stat)
const makeDirectory = promisify(mkdir)
const removeDirectory = promisify(rmdir)
const renameFile = promisify(rename)

/** As large as the file of a usual session, and as one slot of it. */
const FILE = Buffer.alloc(4096, 1)
const SLOT = Buffer.alloc(2048, 2)
/** Files that are there from the start. */
const FILES = 2000

/** Bare Koa that creates a file per request, in one of 256 folders. */
export const createFilePerRequest: CreateApp = ({ directory }, items) => {
  for (let shard = 0; shard < 256; shard++) mkdirSync(shardOf(directory, shard))
  return createFloor(items, async () => {
    const name = randomBytes(32)
    const path = join(shardOf(directory, name[0] ?? 0), name.toString('hex'))
    const file = await openFile(path, 'wx', 0o600)
    await writeAll(file, FILE, 0)
    await closeFile(file)
  })
}

/** Bare Koa that overwrites 2 KiB in an open file. */
export const overwriteFilePerRequest: CreateApp = (spec, items) => {
  const files = createFiles(spec)
  return createFloor(items, async (count) => {
    await writeAll(pick(files, count), SLOT, slotOf(count))
  })
}

/** The same, on the disk before the response. */
export const overwriteDurablyPerRequest: CreateApp = (spec, items) => {
  const files = createFiles(spec)
  return createFloor(items, async (count) => {
    const file = pick(files, count)
    await writeAll(file, SLOT, slotOf(count))
    await syncData(file)
  })
}

/** Bare Koa that puts a new file in the place of an old one, made in a directory that is its lock. */
export const replaceFilePerRequest: CreateApp = (spec, items) => {
  createFiles(spec).forEach(closeSync)
  return createFloor(items, async (count) => {
    const path = pathOf(spec, count % FILES)
    const lock = `${path}.lock`
    await makeDirectory(lock, 0o700)
    const made = join(lock, 'made')
    const file = await openFile(made, 'wx', 0o600)
    await writeAll(file, FILE, 0)
    await closeFile(file)
    await renameFile(made, path)
    await removeDirectory(lock)
  })
}

/** Bare Koa that looks at a file's metadata. */
export const statFilePerRequest: CreateApp = (spec, items) => {
  createFiles(spec)
  return createFloor(items, async (count) => {
    await statFile(pathOf(spec, count % FILES))
  })
}

function createFloor(items: readonly object[], work: (count: number) => Promise<void>): App {
  const app = new Koa()
  let count = 0
  app.use(async (ctx) => {
    count += 1
    await work(count)
    ctx.body = visit(ctx.path, { count: 0 }, items)
  })
  return { listener: app.callback() }
}

function createFiles(spec: ServerSpec): number[] {
  return Array.from({ length: FILES }, (_, index) => {
    const file = openSync(pathOf(spec, index), 'w+', 0o600)
    writeSync(file, FILE)
    return file
  })
}

function pathOf({ directory }: ServerSpec, index: number): string {
  return join(directory, `${index}.floor`)
}

function shardOf(directory: string, shard: number): string {
  return join(directory, shard.toString(16).padStart(2, '0'))
}

function pick(files: readonly number[], count: number): number {
  return files[count % files.length] ?? -1
}

/** A file's slots take turns, as those of a session do. */
function slotOf(count: number): number {
  return Math.floor(count / FILES) % 2 === 0 ? 0 : SLOT.length
}

function writeAll(file: number, bytes: Buffer, position: number): Promise<void> {
  return new Promise((resolve, reject) => {
    write(file, bytes, 0, bytes.length, position, (error) => (error ? reject(error) : resolve()))
  })
}
