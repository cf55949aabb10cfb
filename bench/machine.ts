import { execFileSync } from 'node:child_process'
import { availableParallelism, cpus, release, totalmem } from 'node:os'

/** Where a run took place: without it no figure means anything. */
export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memoryGigabytes: number
  readonly system: string
  readonly node: string
  /** The type of the file system that holds the sessions. */
  readonly fileSystem: string
}

/** Describes this machine; `directory` is where the sessions are. */
export function describeMachine(directory: string): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGigabytes: Math.round(totalmem() / 2 ** 30),
    system: `${process.platform} ${release().split('-')[0]}`,
    node: process.versions.node,
    fileSystem: findFileSystem(directory),
  }
}

/** The machine in one line. */
export function formatMachine(machine: Machine): string {
  const { cpu, cores, memoryGigabytes, system, node, fileSystem } = machine
  return `${cpu}, ${cores} cores, ${memoryGigabytes} GB, ${system}, ${fileSystem}, Node ${node}`
}

function findFileSystem(directory: string): string {
  try {
    const options = ['--output=fstype', directory]
    const lines = execFileSync('df', options, { encoding: 'utf8' }).trim().split('\n')
    return lines.at(-1)?.trim() ?? 'unknown'
  } catch {
    return 'unknown'
  }
}
