import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Browser } from './browser.ts'
import type { ServerOptions } from './hostile-server.ts'
import type { Stage } from './stage.ts'

/** Plays a server process of its own. */
export interface ServerProcess {
  readonly origin: string
  readonly child: ChildProcess
  visit(): Browser
  /** What it wrote to its standard error so far. */
  complaints(): string
  /** SIGKILL, and waits for the end. */
  kill(): Promise<void>
}

/** How a child process is started. */
export interface StartOptions {
  readonly variables?: Readonly<Record<string, string>>
  /** A command to start it with, such as strace and its arguments. */
  readonly under?: readonly string[]
  readonly uid?: number
}

/** Starts a process that serves the shop from `directory`; it ends with the test. */
export async function startServer(
  t: Stage,
  options: ServerOptions,
  { variables = {}, under = [], uid }: StartOptions = {},
): Promise<ServerProcess> {
  const script = fileURLToPath(new URL('./hostile-server.js', import.meta.url))
  const [command = '', ...words] = [...under, process.execPath, script, JSON.stringify(options)]
  const child = spawn(command, words, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, ...variables },
    detached: true,
    ...(uid === undefined ? {} : { uid, gid: uid }),
  })
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    // Not 'exit': what it wrote to its standard error last may arrive after that.
    const ended = once(child, 'close')
    // The whole group: what strace runs would outlive strace.
    process.kill(-(child.pid as number), 'SIGKILL')
    await ended
  }
  t.teardown(kill)
  let complaints = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    complaints += text
  })
  const started = once(child.stdout as NodeJS.ReadableStream, 'data')
  const ended = once(child, 'close').then(() => {
    throw new Error(`The server ended early: ${complaints}`)
  })
  ended.catch(() => undefined)
  const [line] = (await Promise.race([started, ended])) as [Buffer]
  const origin = `http://127.0.0.1:${Number(line.toString())}`
  return { origin, child, kill, complaints: () => complaints, visit: () => new Browser(origin) }
}
