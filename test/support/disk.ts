import { type BigIntStats, constants } from 'node:fs'
import type { FileSystem, ListedFile } from '../../stores/file/file-system.ts'
import {
  type Choose,
  copyTree,
  cutPower,
  type DiskDirectory,
  type DiskFile,
  type DiskNode,
  lookUp,
  makeRoot,
  namesOf,
  statsOf,
} from './disk-nodes.ts'
import { DiskTree } from './disk-tree.ts'
import { systemError } from './file-store.ts'

const { O_CREAT, O_DIRECTORY, O_EXCL } = constants

/** `statfs` of a tmpfs. */
const TMPFS = 0x01021994n

let disks = 0

/**
 * Plays a file system, in memory. It knows what was synced and what was not, see
 * {@link DiskNode}, and takes the number of a removed file for the next, as real ones do.
 */
export class Disk implements FileSystem {
  readonly root: DiskDirectory
  /** Where sessions are to be kept: proper-lockfile keeps apart only what has another path. */
  readonly data: string
  /** Rights that it gives to each new file, asked for or not, as some file systems do. */
  given = 0
  readonly #tree: DiskTree
  readonly #open = new Map<number, DiskNode>()

  /** `now`: the clock that stamps files, in milliseconds. */
  constructor(
    now: () => number = () => 0,
    root: DiskDirectory = makeRoot(`disk${++disks}`),
    data = `/disk${disks}/.sessions`,
  ) {
    this.root = root
    this.#tree = new DiskTree(root, now, () => [...this.#open.values()])
    this.data = data
  }

  /** The same files for another process; descriptors are each process's own. */
  share(): Disk {
    return new Disk(this.#tree.now, this.root, this.data)
  }

  /** What would be there if every process were killed now. */
  copy(): Disk {
    return new Disk(this.#tree.now, copyTree(this.root), this.data)
  }

  /** What a power cut leaves, see {@link cutPower}. */
  cutPower(choose: Choose): Disk {
    return new Disk(this.#tree.now, cutPower(this.root, choose), this.data)
  }

  /** How many descriptors are open. */
  get descriptors(): number {
    return this.#open.size
  }

  /** The paths there are, directories with a slash at their end. */
  paths(): string[] {
    return this.#tree.paths()
  }

  /** Puts a file there, synced, in the place of whatever had its name. */
  put(path: string, content: Buffer): void {
    const { directory, name } = this.#tree.parent(path)
    directory.names.set(name, [this.#tree.make('file', 0o600, [content])])
  }

  /** Makes a socket. */
  putSocket(path: string): DiskFile {
    const { directory, name } = this.#tree.parent(path)
    if (lookUp(directory, name)) throw systemError('EADDRINUSE', 'listen')
    const socket: DiskFile = {
      ...this.#tree.make('file', 0o755, [Buffer.alloc(0)]),
      isSocket: true,
    }
    this.#tree.set(directory, name, socket)
    return socket
  }

  /** The socket of this path; another file refuses who connects to it, as one does. */
  socketAt(path: string): DiskFile {
    const node = this.#tree.find(path, 'connect')
    if (node.kind === 'directory' || !node.isSocket) throw systemError('ECONNREFUSED', 'connect')
    return node
  }

  /** What a file holds; undefined when there is none. */
  contentOf(path: string): Buffer | undefined {
    const node = this.#tree.find(path, 'read')
    return node.kind === 'file' ? node.states.at(-1) : undefined
  }

  async open(path: string, flags: number, mode = 0o666): Promise<number> {
    const { directory, name } = this.#tree.parent(path)
    let node = name === '' ? directory : lookUp(directory, name)
    if (node === undefined) {
      if (!(flags & O_CREAT)) throw systemError('ENOENT', 'open')
      node = this.#tree.make('file', mode | this.given, [Buffer.alloc(0)])
      this.#tree.set(directory, name, node)
    } else if (flags & O_EXCL) throw systemError('EEXIST', 'open')
    if (flags & O_DIRECTORY && node.kind === 'file') throw systemError('ENOTDIR', 'open')
    let descriptor = 3
    while (this.#open.has(descriptor)) descriptor += 1
    this.#open.set(descriptor, node)
    return descriptor
  }

  async close(descriptor: number): Promise<void> {
    if (!this.#open.delete(descriptor)) throw systemError('EBADF', 'close')
  }

  async read(descriptor: number, buffer: Buffer, offset: number): Promise<number> {
    const content = this.#file(descriptor).states.at(-1) as Buffer
    return offset < content.length ? content.copy(buffer, offset, offset) : 0
  }

  async write(
    descriptor: number,
    buffer: Buffer,
    offset: number,
    position: number,
  ): Promise<number> {
    const file = this.#file(descriptor)
    const before = file.states.at(-1) as Buffer
    const start = position + offset
    const bytes = buffer.subarray(offset)
    const content = Buffer.alloc(Math.max(before.length, start + bytes.length))
    before.copy(content)
    bytes.copy(content, start)
    file.states.push(content)
    file.modified = file.changed = this.#tree.now()
    return bytes.length
  }

  async fstat(descriptor: number): Promise<BigIntStats> {
    return statsOf(this.#opened(descriptor))
  }

  async fchmod(descriptor: number, mode: number): Promise<void> {
    this.#opened(descriptor).mode = mode
  }

  async fdatasync(descriptor: number): Promise<void> {
    const file = this.#file(descriptor)
    file.states = file.states.slice(-1)
  }

  async fsync(descriptor: number): Promise<void> {
    const node = this.#opened(descriptor)
    if (node.kind === 'file') return this.fdatasync(descriptor)
    for (const [name, states] of node.names) {
      const state = states.at(-1)
      if (state === undefined) node.names.delete(name)
      else node.names.set(name, [state])
    }
  }

  async stat(path: string): Promise<BigIntStats> {
    return statsOf(this.#tree.find(path, 'stat'))
  }

  async lstat(path: string): Promise<BigIntStats> {
    return statsOf(this.#tree.find(path, 'lstat'))
  }

  lstatOpen(path: string): Promise<BigIntStats> {
    return this.lstat(path)
  }

  async statfs(): Promise<bigint> {
    return TMPFS
  }

  async chmod(path: string, mode: number): Promise<void> {
    this.#tree.find(path, 'chmod').mode = mode
  }

  async access(path: string): Promise<void> {
    this.#tree.find(path, 'access')
  }

  async mkdir(path: string, mode: number): Promise<void> {
    const { directory, name } = this.#tree.parent(path)
    if (lookUp(directory, name)) throw systemError('EEXIST', 'mkdir')
    this.#tree.set(directory, name, this.#tree.make('directory', mode, []))
  }

  async rmdir(path: string): Promise<void> {
    this.rmdirSync(path)
  }

  rmdirSync(path: string): void {
    const { directory, name } = this.#tree.parent(path)
    const node = this.#tree.find(path, 'rmdir')
    if (node.kind === 'file') throw systemError('ENOTDIR', 'rmdir')
    if (namesOf(node).length > 0) throw systemError('ENOTEMPTY', 'rmdir')
    this.#tree.set(directory, name, undefined)
  }

  async readdir(path: string): Promise<string[]> {
    return namesOf(this.#tree.directory(path, 'readdir'))
  }

  async realpath(path: string): Promise<string> {
    this.#tree.find(path, 'realpath')
    return path
  }

  async *list(path: string): AsyncGenerator<ListedFile> {
    const directory = this.#tree.directory(path, 'opendir')
    for (const name of namesOf(directory)) {
      const node = lookUp(directory, name)
      if (node) yield { name, isDirectory: () => node.kind === 'directory' }
    }
  }

  async rename(from: string, to: string): Promise<void> {
    const [source, target] = [this.#tree.parent(from), this.#tree.parent(to)]
    const node = this.#tree.find(from, 'rename')
    const there = lookUp(target.directory, target.name)
    if (there?.kind === 'directory' && node.kind === 'file') throw systemError('EISDIR', 'rename')
    this.#tree.set(target.directory, target.name, node)
    this.#tree.set(source.directory, source.name, undefined)
    node.changed = this.#tree.now()
  }

  async unlink(path: string): Promise<void> {
    const { directory, name } = this.#tree.parent(path)
    if (this.#tree.find(path, 'unlink').kind === 'directory') throw systemError('EISDIR', 'unlink')
    this.#tree.set(directory, name, undefined)
  }

  async utimes(path: string, _accessed: Date, modified: Date): Promise<void> {
    const node = this.#tree.find(path, 'utimes')
    node.modified = modified.getTime()
    node.changed = this.#tree.now()
  }

  async readText(path: string): Promise<string> {
    const node = this.#tree.find(path, 'open')
    return node.kind === 'file' ? (node.states.at(-1) ?? '').toString() : ''
  }

  #opened(descriptor: number): DiskNode {
    const node = this.#open.get(descriptor)
    if (node === undefined) throw systemError('EBADF')
    return node
  }

  #file(descriptor: number): DiskFile {
    const node = this.#opened(descriptor)
    if (node.kind === 'directory') throw systemError('EISDIR')
    return node
  }
}
