import { appendFileSync, readFileSync } from 'node:fs'
import { performance } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import type { Entry } from '../../lib/store.ts'
import { type Environment, nodeEnvironment } from '../../stores/file/environment.ts'
import { FileStore } from '../../stores/file.ts'
import { STINT_IS_OVER, type WorkerOptions } from './torture.ts'

const options = JSON.parse(process.argv[2] as string) as WorkerOptions

/** Survives our SIGKILL: the system has the line when the call returns. */
function note(...words: (string | number)[]): void {
  appendFileSync(options.journal, `${words.join(' ')}\n`)
}

const environment: Environment = {
  ...nodeEnvironment,
  monotonic: () => performance.now() * options.clockSpeed,
  owner: {
    identify: () => nodeEnvironment.owner.identify(),
    judge: async (name) =>
      Math.random() < options.slander ? 'dead' : nodeEnvironment.owner.judge(name),
  },
  fs: {
    ...nodeEnvironment.fs,
    write(descriptor, buffer, offset, position) {
      // Only what is written in place begins elsewhere than at the start of a file.
      if (position > 0) note('in-place')
      return nodeEnvironment.fs.write(descriptor, buffer, offset, position)
    },
    async rename(from, to) {
      try {
        await nodeEnvironment.fs.rename(from, to)
        if (to.endsWith('.session')) note('replaced')
      } catch (error) {
        note('fenced')
        throw error
      }
    },
  },
}

const store = new FileStore({ directory: options.directory, lockTimeout: 60_000 }, environment)
let begun = readFileSync(options.journal, 'latin1')
  .split('\n')
  .filter((line) => line.startsWith('acked ')).length
let tags = 0
const longest = new Map<string, string[]>()

function listOf(entry: Entry): string[] {
  return JSON.parse(Buffer.from(entry.bytes).toString()) as string[]
}

async function append(name: string): Promise<void> {
  const tag = `${process.pid}.${tags++}`
  let appended = false
  await store.update(name, (current) => {
    if (current === 'damaged') throw new Error('damaged')
    appended = current !== undefined
    if (!current) return { kind: 'keep' }
    const bytes = Buffer.from(JSON.stringify([...listOf(current), tag]))
    return { kind: 'replace', entry: { bytes, expires: current.expires } }
  })
  note('acked', name, appended ? tag : 'gone')
  if (appended && tags % 8 === 0) await checkRead(name, tag)
}

async function checkRead(name: string, tag: string): Promise<void> {
  const before = longest.get(name) ?? []
  const found = await store.read(name)
  if (found === undefined) return
  if (typeof found === 'string') return note('violation', found)
  const list = listOf(found.entry)
  if (!list.includes(tag)) note('violation stale-read', name)
  if (before.some((known, index) => list[index] !== known)) note('violation went-back', name)
  if (list.length > (longest.get(name)?.length ?? 0)) longest.set(name, list)
}

const end = Math.min(options.commits, begun + (options.stint ?? options.commits))
const isLastStint = end === options.commits
/** How this process ends, when it is not killed. */
const ending = Math.floor(Math.random() * 3)

async function work(): Promise<void> {
  while (begun < end) {
    // In the middle of the commits of the other lanes.
    if (!isLastStint && ending === 0 && begun === end - 1) process.exit(STINT_IS_OVER)
    begun++
    if (options.rest !== undefined) await delay(Math.random() * options.rest)
    const index = Math.floor(Math.random() * options.names.length)
    const name = options.names[index] as string
    try {
      await append(name)
      if (options.doomed.includes(name) && begun > options.commits / 2) {
        await store.update(name, () => ({ kind: 'remove' }), { durable: true })
        note('destroyed', name)
      }
    } catch (error) {
      const { code, message, cause } = error as Error & { code?: string }
      if (code === 'ERR_SESSION_LOCK_TIMEOUT' || /does not answer/.test(message)) note('timeout')
      else note('violation error', code ?? '', message, String(cause))
      begun--
    }
  }
}

await Promise.all(Array.from({ length: options.lanes }, work))
// Whoever does not close has nothing else to do, and ends by itself.
if (isLastStint || ending === 1) await store.close()
if (isLastStint) note('finished')
else process.exitCode = STINT_IS_OVER
