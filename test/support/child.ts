import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { ExecutionContext } from 'ava'

/** What a child process is to do with a store. */
export interface Script {
  readonly directory: string
  readonly names: readonly string[]
  /**
   * The body of an async function that knows `store`, `directory`, `names`, `fs` and the helpers of
   * `file-store.ts`.
   */
  readonly body: string
  /** Options of its store. */
  readonly lockTimeout?: number
}

const CHILD = fileURLToPath(new URL('file-store-child.js', import.meta.url))

/** Starts a child process. It is killed when the test ends. */
export function startScript(t: ExecutionContext, script: Script): ChildProcess {
  const child = spawn(process.execPath, [CHILD, JSON.stringify(script)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.teardown(() => child.kill('SIGKILL'))
  return child
}

/** Runs a child process to its end, and fails the test when that is not a good one. */
export async function runScript(t: ExecutionContext, script: Script): Promise<void> {
  const [code, signal] = await once(startScript(t, script), 'exit')
  t.is(code ?? signal, 0)
}

/** Resolves when the child has written a line that begins so. */
export async function lineOf(child: ChildProcess, start: string): Promise<string> {
  let text = ''
  for await (const chunk of child.stdout ?? []) {
    text += chunk
    const line = text.split('\n').find((each) => each.startsWith(start))
    if (line !== undefined) return line
  }
  throw new Error(`The child ended without '${start}'`)
}
