import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { projectDirectory } from './project.ts'

/** The example as `npm start` runs it, in a process of its own. */
export interface ExampleServer {
  /** Without a slash at its end. */
  readonly address: string
  /** Asks it to end, as a process manager does, and gives its exit code. A second call does no more. */
  stop(): Promise<number | null>
}

/** Starts `example/server.ts` on a free port, or on the given one, and waits until it says where it listens. */
export async function startExample(directory: string, port = '0'): Promise<ExampleServer> {
  const child = spawn(process.execPath, [join(projectDirectory, 'dist/example/server.js')], {
    cwd: directory,
    env: { ...process.env, NODE_ENV: 'test', PORT: port, SESSION_DIRECTORY: directory },
    stdio: ['ignore', 'pipe', 'inherit'],
    // A server that does not stop must not outlive the tests.
    timeout: 300_000,
    killSignal: 'SIGKILL',
  })
  const exited = once(child, 'exit') as Promise<[number | null]>
  const address = await Promise.race([
    readAddress(child),
    exited.then(([code]) => {
      throw new Error(`The example ended with ${code} before it listened`)
    }),
  ])
  return {
    address,
    async stop(): Promise<number | null> {
      child.kill('SIGTERM')
      const [code] = await exited
      return code
    },
  }
}

async function readAddress(child: ChildProcess): Promise<string> {
  if (!child.stdout) throw new Error('The example has no output')
  for await (const line of createInterface(child.stdout)) {
    const match = /http:\/\/localhost:\d+/.exec(line)
    if (match) {
      child.stdout.resume()
      return match[0]
    }
  }
  throw new Error('The example did not say where it listens')
}
