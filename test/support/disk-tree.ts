import { basename, dirname } from 'node:path'
import {
  type DiskDirectory,
  type DiskFile,
  type DiskNode,
  findFreeInode,
  lookUp,
} from './disk-nodes.ts'
import { systemError } from './file-store.ts'

/** The names of a disk in memory and what they lead to, for a {@link Disk}. */
export class DiskTree {
  readonly root: DiskDirectory
  /** The clock that stamps files, in milliseconds. */
  readonly now: () => number
  readonly #held: () => DiskNode[]

  /** `held`: what is open, whose inodes are not free though no name leads to them. */
  constructor(root: DiskDirectory, now: () => number, held: () => DiskNode[]) {
    this.root = root
    this.now = now
    this.#held = held
  }

  /** A new file or directory, which has no name yet. */
  make(kind: 'file', mode: number, states: Buffer[]): DiskFile
  make(kind: 'directory', mode: number, states: []): DiskDirectory
  make(kind: 'file' | 'directory', mode: number, states: Buffer[]): DiskNode {
    const now = this.now()
    const base = {
      inode: findFreeInode(this.root, this.#held()),
      mode,
      links: 0,
      modified: now,
      changed: now,
    }
    return kind === 'file' ? { kind, ...base, states } : { kind, ...base, names: new Map() }
  }

  /** Gives a name to a file or directory, or takes the name away. */
  set(directory: DiskDirectory, name: string, node: DiskNode | undefined): void {
    const states = directory.names.get(name) ?? [undefined]
    const before = states.at(-1)
    if (before) before.links -= 1
    if (node) node.links += 1
    directory.names.set(name, [...states, node])
    directory.modified = directory.changed = this.now()
  }

  /** Where a path ends, and the name it has there; there need be nothing of that name. */
  parent(path: string): { directory: DiskDirectory; name: string } {
    if (path === '/') return { directory: this.root, name: '' }
    return { directory: this.directory(dirname(path), 'open'), name: basename(path) }
  }

  /** What is at a path. Throws ENOENT. */
  find(path: string, syscall: string): DiskNode {
    const { directory, name } = this.parent(path)
    const node = name === '' ? directory : lookUp(directory, name)
    if (node === undefined) throw systemError('ENOENT', syscall)
    return node
  }

  /** The directory at a path. Throws ENOENT and ENOTDIR. */
  directory(path: string, syscall: string): DiskDirectory {
    const node = this.find(path, syscall)
    if (node.kind === 'file') throw systemError('ENOTDIR', syscall)
    return node
  }

  /** The paths there are, directories with a slash at their end. */
  paths(directory: DiskDirectory = this.root, path = ''): string[] {
    return [...directory.names].flatMap(([name]) => {
      const node = lookUp(directory, name)
      if (node === undefined) return []
      if (node.kind === 'file') return [`${path}/${name}`]
      return [`${path}/${name}/`, ...this.paths(node, `${path}/${name}`)]
    })
  }
}
