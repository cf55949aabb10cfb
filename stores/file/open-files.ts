import { RecentMap } from '../../lib/recent-map.ts'
import { retryDescriptors } from './descriptors.ts'
import type { Environment } from './environment.ts'
import { codeOf } from './file-system.ts'

interface OpenFile {
  readonly descriptor: number
  /** Undefined as long as nobody has looked. */
  readonly inode: bigint | undefined
}

/**
 * Descriptors kept open between two commits of a session, up to a number of them: to open and close
 * a file costs more than to write it.
 *
 * One that is in use is not in here, so that no other commit can close it. A close that fails has
 * nothing to say of what was written, and is ignored.
 */
export class OpenFiles {
  readonly #environment: Environment
  readonly #capacity: number
  readonly #files = new RecentMap<OpenFile>()
  /** How often all were closed: what was opened before is not kept after it. */
  #closings = 0

  /** Keeps at most `capacity` files open. */
  constructor(environment: Environment, capacity: number) {
    this.#environment = environment
    this.#capacity = capacity
  }

  /** Whether the file of a session is open, and not in use. */
  has(name: string): boolean {
    return this.#files.get(name) !== undefined
  }

  /** Does `work`; when there are no descriptors left for it, those kept make room. */
  async makeRoom<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      if (!['EMFILE', 'ENFILE'].includes(codeOf(error) ?? '')) throw error
      await this.closeAll()
      return retryDescriptors(this.#environment, work)
    }
  }

  /**
   * Hands over the descriptor of a session, to be kept again or closed, if it is open: and is that of
   * `inode`, since by hand a file may have been put in the place of another.
   */
  take(name: string, inode: bigint | undefined): number | undefined {
    const file = this.#files.delete(name)
    if (file === undefined) return undefined
    if (file.inode === inode) return file.descriptor
    this.#close(file)
    return undefined
  }

  /** The inode of a session's file, if it is open. */
  async findInode(name: string): Promise<bigint | undefined> {
    const file = this.#files.delete(name)
    if (file === undefined) return undefined
    const closings = this.#closings
    const inode = file.inode ?? (await this.#lookUpInode(file.descriptor))
    if (inode === undefined || closings !== this.#closings) this.#close(file)
    else this.keep(name, file.descriptor, inode)
    return inode
  }

  /** Keeps what `open` resolves to, if there is room without closing another. */
  async keepNew(
    name: string,
    inode: bigint,
    open: () => Promise<number | undefined>,
  ): Promise<void> {
    if (this.#files.size >= this.#capacity) return
    const closings = this.#closings
    const descriptor = await open()
    if (descriptor === undefined) return
    if (closings === this.#closings) this.keep(name, descriptor, inode)
    else this.#close({ descriptor, inode })
  }

  /** Keeps a descriptor for later, and closes one that was not used lately. */
  keep(name: string, descriptor: number, inode: bigint | undefined): void {
    const before = this.#files.set(name, { descriptor, inode })
    if (before !== undefined) this.#close(before)
    while (this.#files.size > this.#capacity) this.#close(this.#files.deleteOldest())
  }

  /** Closes the file of a session, in the background. */
  close(name: string): void {
    this.#close(this.#files.delete(name))
  }

  /** Closes all, as far as they are not in use. */
  async closeAll(): Promise<void> {
    const { fs } = this.#environment
    this.#closings += 1
    const closed: Promise<void>[] = []
    for (let file = this.#files.deleteOldest(); file; file = this.#files.deleteOldest()) {
      closed.push(fs.close(file.descriptor))
    }
    await Promise.allSettled(closed)
  }

  async #lookUpInode(descriptor: number): Promise<bigint | undefined> {
    const stats = await this.#environment.fs.fstat(descriptor).catch(() => undefined)
    return stats?.ino
  }

  #close(file: OpenFile | undefined): void {
    if (file !== undefined) this.#environment.fs.close(file.descriptor).catch(() => {})
  }
}
