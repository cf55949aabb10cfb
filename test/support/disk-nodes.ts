import { type BigIntStats, constants } from 'node:fs'

/** What a name may stand for. The states are what the disk may hold of it after a power cut. */
export type DiskNode = DiskFile | DiskDirectory

interface NodeBase {
  readonly inode: bigint
  mode: number
  links: number
  /** Milliseconds since the epoch. */
  modified: number
  changed: number
}

/** A file. */
export interface DiskFile extends NodeBase {
  readonly kind: 'file'
  readonly isSocket?: true
  /**
   * What it held, from the last time it was on the disk to now: the last is what a reader sees.
   * Each is never changed, so that copies of the disk may share it.
   */
  states: Buffer[]
}

/** A directory. */
export interface DiskDirectory extends NodeBase {
  readonly kind: 'directory'
  /** What each name stood for, likewise. */
  readonly names: Map<string, (DiskNode | undefined)[]>
}

/** Tells which of `count` possibilities comes true, from 0. */
export type Choose = (count: number) => number

const { S_IFDIR, S_IFREG } = constants

/** Everybody's files here are those of the user who runs the test. */
const USER = BigInt(process.geteuid?.() ?? 0)

/** The bytes that a disk writes whole or not at all. */
const SECTOR_BYTES = 512

/** What a name stands for now. */
export function lookUp({ names }: DiskDirectory, name: string): DiskNode | undefined {
  return names.get(name)?.at(-1)
}

/** A copy that goes its own way. */
export function copyTree(root: DiskDirectory): DiskDirectory {
  const copies = new Map<DiskNode, DiskNode>()
  const copy = <Node extends DiskNode | undefined>(node: Node): Node => {
    if (node === undefined) return node
    const known = copies.get(node)
    if (known) return known as Node
    const made =
      node.kind === 'file'
        ? { ...node, states: [...node.states] }
        : { ...node, names: new Map<string, (DiskNode | undefined)[]>() }
    copies.set(node, made)
    if (node.kind === 'directory' && made.kind === 'directory') {
      for (const [name, states] of node.names) made.names.set(name, states.map(copy))
    }
    return made as Node
  }
  return copy(root)
}

/**
 * What a power cut leaves: of each name and of each sector of a file any state since it was last
 * brought to the disk, whatever became of the others. No file system promises more, if it promises
 * that.
 */
export function cutPower(root: DiskDirectory, choose: Choose): DiskDirectory {
  const left = new Map<DiskNode, DiskNode>()
  let inode = 0n
  const leave = (node: DiskNode): DiskNode => {
    const known = left.get(node)
    if (known) {
      known.links += 1
      return known
    }
    if (node.kind === 'file') {
      const file: DiskFile = {
        ...node,
        inode: ++inode,
        links: 1,
        states: [tear(node.states, choose)],
      }
      left.set(node, file)
      return file
    }
    const names = new Map<string, (DiskNode | undefined)[]>()
    const directory: DiskDirectory = { ...node, inode: ++inode, names }
    left.set(node, directory)
    for (const [name, states] of node.names) {
      const different = [...new Set(states)]
      const state = different[pick(different.length, choose)]
      if (state !== undefined) names.set(name, [leave(state)])
    }
    return directory
  }
  return leave(root) as DiskDirectory
}

/** A file of which each sector, and its length, is as it was at some time. */
function tear(states: readonly Buffer[], choose: Choose): Buffer {
  const lengths = [...new Set(states.map(({ length }) => length))]
  const torn = Buffer.alloc(lengths[pick(lengths.length, choose)] ?? 0)
  for (let start = 0; start < torn.length; start += SECTOR_BYTES) {
    const sectors = different(states.map((state) => sectorOf(state, start)))
    sectors[pick(sectors.length, choose)]?.copy(torn, start)
  }
  return torn
}

function sectorOf(state: Buffer, start: number): Buffer {
  const sector = state.subarray(start, start + SECTOR_BYTES)
  return sector.length === SECTOR_BYTES ? sector : Buffer.concat([sector], SECTOR_BYTES)
}

function different(buffers: readonly Buffer[]): Buffer[] {
  return buffers.filter((buffer, index) => !buffers.slice(0, index).some((b) => b.equals(buffer)))
}

function pick(count: number, choose: Choose): number {
  return count > 1 ? choose(count) : 0
}

/** The top, with one empty directory in it. */
export function makeRoot(name: string): DiskDirectory {
  const make = (inode: bigint): DiskDirectory => {
    const times = { modified: 0, changed: 0 }
    return { kind: 'directory', inode, mode: 0o755, links: 1, ...times, names: new Map() }
  }
  const root = make(1n)
  root.names.set(name, [make(2n)])
  return root
}

/** The names that stand for something now. */
export function namesOf(directory: DiskDirectory): string[] {
  return [...directory.names.keys()].filter((name) => lookUp(directory, name) !== undefined)
}

/** The lowest number that no file has now, and none of those that are open. */
export function findFreeInode(root: DiskDirectory, open: readonly DiskNode[]): bigint {
  const used = new Set(open.map(({ inode }) => inode))
  const collect = (directory: DiskDirectory): void => {
    used.add(directory.inode)
    for (const name of namesOf(directory)) {
      const node = lookUp(directory, name)
      if (node?.kind === 'directory') collect(node)
      else if (node) used.add(node.inode)
    }
  }
  collect(root)
  let inode = 1n
  while (used.has(inode)) inode += 1n
  return inode
}

/** What stat says of it. */
export function statsOf(node: DiskNode): BigIntStats {
  return new DiskStats(node) as unknown as BigIntStats
}

/** A class, since the millions of looks that a proof takes would else cost most of its time. */
class DiskStats {
  readonly dev = 1n
  readonly uid = USER
  readonly ino: bigint
  readonly mode: bigint
  readonly nlink: bigint
  readonly size: bigint
  readonly mtimeNs: bigint
  readonly ctimeNs: bigint
  readonly #isFile: boolean
  readonly #isSocket: boolean

  constructor(node: DiskNode) {
    this.#isFile = node.kind === 'file' && !node.isSocket
    this.#isSocket = node.kind === 'file' && node.isSocket === true
    this.ino = node.inode
    this.mode = BigInt(node.mode | (node.kind === 'file' ? S_IFREG : S_IFDIR))
    this.nlink = BigInt(node.links)
    this.size = BigInt(node.kind === 'file' ? (node.states.at(-1)?.length ?? 0) : 0)
    this.mtimeNs = BigInt(Math.floor(node.modified)) * 1_000_000n
    this.ctimeNs = BigInt(Math.floor(node.changed)) * 1_000_000n
  }

  get mtimeMs(): bigint {
    return this.mtimeNs / 1_000_000n
  }

  get ctimeMs(): bigint {
    return this.ctimeNs / 1_000_000n
  }

  get mtime(): Date {
    return new Date(Number(this.mtimeMs))
  }

  isFile(): boolean {
    return this.#isFile
  }

  isDirectory(): boolean {
    return !this.#isFile && !this.#isSocket
  }

  isSymbolicLink(): boolean {
    return false
  }

  isSocket(): boolean {
    return this.#isSocket
  }
}
