import { spawnSync } from 'node:child_process'
import { nodeEnvironment } from '../../stores/file/environment.ts'

/** The identity of the thread that a process which has ended had in the place of this one. */
export async function identifyDead(): Promise<string> {
  const { pid } = spawnSync(process.execPath, ['-e', ''])
  return (await nodeEnvironment.owner.identify()).replace(`-${process.pid}-`, `-${pid}-`)
}
