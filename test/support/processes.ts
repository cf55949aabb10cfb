import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Browser } from './browser.ts'

const PROGRAM = fileURLToPath(new URL('website-child.js', import.meta.url))

/** A website in a process of its own. */
export interface ServerProcess {
  readonly child: ChildProcess
  /** What it wrote to its standard error until now. */
  readonly complaints: () => string
  /** A visitor of it; with `of`, one who has the cookies of that browser. */
  visit(of?: Browser): Browser
}

/** Starts a website on `directory` in a process of its own, which ends with the test. */
export async function startServer(
  t: { teardown(work: () => unknown): void },
  directory: string,
  variables: Readonly<Record<string, string>> = {},
): Promise<ServerProcess> {
  const { SESSION_KEYS: _, SESSION_SECRET: __, NODE_ENV: ___, ...inherited } = process.env
  const child = spawn(process.execPath, [PROGRAM, directory], {
    env: { ...inherited, ...variables },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  t.teardown(() => child.kill('SIGKILL'))
  let complaints = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaints += text
  })
  const [line] = (await Promise.race([
    once(child.stdout.setEncoding('utf8'), 'data'),
    once(child, 'close').then(() => {
      throw new Error(`The server ended: ${complaints}`)
    }),
  ])) as [string]
  const visit = (of?: Browser): Browser => {
    const browser = new Browser(line.trim())
    for (const [name, value] of of?.cookies ?? []) browser.cookies.set(name, value)
    return browser
  }
  return { child, complaints: () => complaints, visit }
}
