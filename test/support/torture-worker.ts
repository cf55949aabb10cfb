import { appendFileSync, readFileSync } from 'node:fs'
import { performance } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import type { Version } from '../../lib/store.ts'
import { type Environment, nodeEnvironment } from '../../stores/file/environment.ts'
import { FileStore } from '../../stores/file.ts'
import type { WorkerOptions } from './torture.ts'
import { chanceOf, pickFrom } from './torture-chance.ts'
import { formatLine, type ListedTags, listTags, splitJournal } from './torture-history.ts'
import { type Point, watchCalls } from './torture-points.ts'
import { STINT_IS_OVER } from './torture-slot.ts'

const options = JSON.parse(process.argv[2] as string) as WorkerOptions
const { seed, slot, predecessors } = options
const chance = chanceOf(seed, slot, predecessors)

/** Survives our SIGKILL: the system has the line when the call returns. */
function note(...words: (string | number | bigint)[]): void {
  appendFileSync(options.journal, formatLine(words))
}

let armed: Point | undefined
process.on('message', (point) => {
  armed = point as Point
})
// Whoever has nothing else to do ends by itself.
process.channel?.unref()

function reach(moment: Point['moment'], call: Point['call']): void {
  if (armed?.moment !== moment || armed.call !== call) return
  const { signal } = armed
  armed = undefined
  note('point', signal, moment, call)
  process.kill(process.pid, signal)
}

const fs = watchCalls(nodeEnvironment.fs, reach)
const environment: Environment = {
  ...nodeEnvironment,
  monotonic: () => performance.now() * options.clockSpeed,
  owner: {
    identify: () => nodeEnvironment.owner.identify(),
    judge: async (name) =>
      chance() < options.slander ? 'dead' : nodeEnvironment.owner.judge(name),
  },
  fs: {
    ...fs,
    write(descriptor, buffer, offset, position) {
      // Only what is written in place begins elsewhere than at the start of a file.
      if (position > 0) note('in-place')
      return fs.write(descriptor, buffer, offset, position)
    },
    async rename(from, to) {
      try {
        await fs.rename(from, to)
        if (to.endsWith('.session')) note('replaced')
      } catch (error) {
        note('fenced')
        throw error
      }
    },
  },
}

const store = new FileStore({ directory: options.directory, lockTimeout: 60_000 }, environment)
let begun = splitJournal(readFileSync(options.journal, 'latin1')).filter((line) =>
  line.startsWith('acked '),
).length
let tags = 0
const known = new Map<string, { readonly version: Version; readonly list: ListedTags }>()

async function append(name: string, durable: boolean): Promise<void> {
  const tag = `${process.pid}.${tags++}`
  const start = process.hrtime.bigint()
  let appended = false
  await store.update(
    name,
    (current) => {
      if (current === 'damaged') throw new Error('damaged')
      appended = current !== undefined
      if (!current) return { kind: 'keep' }
      const list = listTags(current)
      const bytes = Buffer.from(list === '' ? tag : `${list},${tag}`)
      return { kind: 'replace', entry: { bytes, expires: current.expires } }
    },
    { durable },
  )
  note('acked', start, process.hrtime.bigint(), name, appended ? tag : 'gone')
}

async function read(name: string): Promise<void> {
  // A look relies on the times of files, which are as fast as the real clock.
  const before = options.clockSpeed === 1 ? known.get(name) : undefined
  const start = process.hrtime.bigint()
  const isCurrent = before !== undefined && store.isCurrent(name, before.version)
  const found = isCurrent ? 'unchanged' : await store.read(name, before?.version)
  const end = process.hrtime.bigint()
  if (found === 'damaged') return note('violation damaged', name)
  const list = found === 'unchanged' ? before?.list : found && listTags(found.entry)
  note('read', start, end, name, list ?? 'gone')
  if (typeof found === 'object') known.set(name, { version: found.version, list: list as string })
}

async function destroy(name: string): Promise<void> {
  const start = process.hrtime.bigint()
  note('destroying', start, start, name)
  await store.update(name, () => ({ kind: 'remove' }), { durable: true })
  note('destroyed', start, process.hrtime.bigint(), name)
}

function complain(error: unknown): void {
  const { code, message, cause } = error as Error & { code?: string }
  note('violation error', code ?? '', message, String(cause))
}

const end = Math.min(options.commits, begun + (options.stint ?? options.commits))
const isLastStint = end === options.commits
/** How this process ends, when it is not killed. */
const ending = Math.floor(chance() * 3)

async function work(_: unknown, lane: number): Promise<void> {
  const chance = chanceOf(seed, slot, predecessors, lane)
  while (begun < end) {
    // In the middle of the commits of the other lanes.
    if (!isLastStint && ending === 0 && begun === end - 1) process.exit(STINT_IS_OVER)
    begun++
    if (options.rest !== undefined) await delay(chance() * options.rest)
    const name = pickFrom(options.names, chance) as string
    // Whoever only reads looks at what others write.
    const reading = read(pickFrom(options.names, chance) as string).catch(complain)
    try {
      await append(name, chance() < 1 / 8)
      if (options.doomed.includes(name) && begun > options.commits / 2) await destroy(name)
    } catch (error) {
      const { code, message } = error as Error & { code?: string }
      if (code === 'ERR_SESSION_LOCK_TIMEOUT' || /does not answer/.test(message)) note('timeout')
      else complain(error)
      begun--
    }
    await reading
  }
}

await Promise.all(Array.from({ length: options.lanes }, work))
// Whoever does not close has nothing else to do, and ends by itself.
if (isLastStint || ending === 1) await store.close()
if (isLastStint) note('finished')
else process.exitCode = STINT_IS_OVER
