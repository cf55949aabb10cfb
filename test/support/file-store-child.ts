import fs from 'node:fs'
import { performance } from 'node:perf_hooks'
import { nodeEnvironment } from '../../stores/file/environment.ts'
import { FileStore } from '../../stores/file.ts'
import type { Script } from './child.ts'
import * as helpers from './file-store.ts'

const script = JSON.parse(process.argv[2] as string) as Script
const { directory, names, lockTimeout } = script

/** What the script does before a call of its store to the file system. It may set it anew. */
const hooks: { intercept: (call: helpers.Call) => Promise<unknown> } = {
  intercept: ({ proceed }) => proceed(),
}
const environment = {
  ...nodeEnvironment,
  fs: helpers.interceptFileSystem((call) => hooks.intercept(call)),
}
const scope = {
  ...helpers,
  chmodSync: fs.chmodSync,
  appendFileSync: fs.appendFileSync,
  performance,
  directory,
  names,
  hooks,
  environment,
  FileStore,
  store: new FileStore({ directory, lockTimeout }, environment),
  say: (line: string) => fs.writeSync(1, `${line}\n`),
}
const AsyncFunction = Object.getPrototypeOf(async () => {}).constructor
await new AsyncFunction(...Object.keys(scope), script.body)(...Object.values(scope))
