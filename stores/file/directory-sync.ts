import { DIRECTORY_FLAGS, type FileSystem } from './file-system.ts'

interface Syncs {
  running: Promise<void>
  pending: Promise<void> | undefined
}

/**
 * The fsync of directories, grouped: while one runs, all that ask for another of the same directory
 * share the next.
 *
 * A failed fsync is never repeated: the kernel has dropped what it could not write, and would now
 * report success (fsyncgate, 2018; Rebello et al., USENIX ATC 2020). All who shared it reject.
 */
export class DirectorySync {
  readonly #fs: FileSystem
  readonly #syncs = new Map<string, Syncs>()

  constructor(fs: FileSystem) {
    this.#fs = fs
  }

  /** Resolves when every change of the directory made before this call survives a power cut. */
  sync(directory: string): Promise<void> {
    const syncs = this.#syncs.get(directory)
    if (!syncs) return this.#start(directory)
    syncs.pending ??= syncs.running.then(
      () => this.#start(directory),
      () => this.#start(directory),
    )
    return syncs.pending
  }

  #start(directory: string): Promise<void> {
    const syncs: Syncs = { running: this.#fsync(directory), pending: undefined }
    this.#syncs.set(directory, syncs)
    const forget = (): void => {
      if (!syncs.pending) this.#syncs.delete(directory)
    }
    syncs.running.then(forget, forget)
    return syncs.running
  }

  async #fsync(directory: string): Promise<void> {
    const descriptor = await this.#fs.open(directory, DIRECTORY_FLAGS)
    try {
      await this.#fs.fsync(descriptor)
    } finally {
      await this.#fs.close(descriptor)
    }
  }
}
