import { performance } from 'node:perf_hooks'
import { type FileSystem, nodeFileSystem } from './file-system.ts'
import { createOwner, type Owner } from './owner.ts'
import { nodeSockets, type Sockets } from './tenancy/sockets.ts'

/** All that the file store takes from outside itself, so that a test can give it another. */
export interface Environment {
  readonly fs: FileSystem
  /**
   * Milliseconds that only go forward. Waiting and staleness are measured with it: a wall clock
   * jumps.
   */
  monotonic(): number
  /**
   * A number from 0 up to 1, as `Math.random()`: for jitter and for names of temporary files.
   * Nothing secret is made of it.
   */
  random(): number
  readonly owner: Owner
  /** Absent where there are none: then every process is taken for one of several. */
  readonly sockets: Sockets | undefined
  /** Tells the operator something. */
  warn(message: string, code: string): void
}

/** The environment of this process. */
export const nodeEnvironment: Environment = {
  fs: nodeFileSystem,
  monotonic: () => performance.now(),
  random: () => Math.random(),
  owner: createOwner(nodeFileSystem),
  sockets: process.platform === 'win32' ? undefined : nodeSockets,
  warn: (message, code) => process.emitWarning(message, { type: 'SessionWarning', code }),
}

/**
 * Resolves after a random part of `milliseconds` ("full jitter"), so that those who wait for one
 * thing do not come in step.
 */
export function waitUpTo(environment: Environment, milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, Math.ceil(environment.random() * milliseconds))
  })
}
