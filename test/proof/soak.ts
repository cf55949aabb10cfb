import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { FileStore } from '../../stores/file.ts'
import { findLeftOvers, sweepLeftOvers } from '../support/litter.ts'
import { judgeTrend, type Trend } from '../support/soak/flatness.ts'
import { type Sample, SoakServer } from '../support/soak/fleet.ts'
import { type SoakReport, Visitor } from '../support/soak/visitor.ts'

/**
 * Real servers under a mixed load for a long time. In one directory a server that lives as long as the
 * run, beside one that is killed and restarted at random; in another one that lives as long, alone:
 * what these two hold must stay flat. In a third a server that is killed at random, alone. Exits with
 * 1 when something grew or was lost.
 *
 * SOAK_MINUTES: how long; SOAK_VISITORS: of each directory.
 */
const minutes = Number(process.env.SOAK_MINUTES ?? 10)
const crowd = Number(process.env.SOAK_VISITORS ?? 8)
/** An hour of a session's time takes a minute. */
const CLOCK_SPEED = 60
const SAMPLES = 120
/** The part of the run in which caches fill. */
const WARM_UP = 0.25

const folder = mkdtempSync(join(tmpdir(), 'soak-'))
const end = performance.now() + minutes * 60_000
const isOver = (): boolean => performance.now() >= end
const report: SoakReport = {
  requests: 0,
  cutOff: 0,
  acknowledged: 0,
  signIns: 0,
  signOuts: 0,
  violations: [],
}
const epoch = Date.now()
const serverIn = (name: string): SoakServer =>
  new SoakServer({ directory: join(folder, name), epoch, clockSpeed: CLOCK_SPEED })

/** A server that lives as long as the run, and what it held. */
interface Subject {
  readonly name: string
  readonly server: SoakServer
  readonly samples: (Sample & { readonly files: number; readonly locks: number })[]
}

const steady: Subject = { name: 'steady', server: serverIn('steady'), samples: [] }
const mortal = serverIn('steady')
const alone: Subject = { name: 'alone', server: serverIn('alone'), samples: [] }
const lone = serverIn('lone')

/** What is in the shards of a store; what comes and goes meanwhile may be in it or not. */
function namesIn(directory: string): string[] {
  const shards = readdirSync(directory).filter((name) => /^[0-9a-f]{2}$/.test(name))
  return shards.flatMap((shard) => readdirSync(join(directory, shard)))
}

async function takeSamples({ name, server, samples }: Subject): Promise<void> {
  while (!isOver()) {
    await delay((minutes * 60_000) / SAMPLES)
    const answer = await fetch(`${server.origin}/sample`)
    const names = namesIn(join(folder, name, 'sid'))
    samples.push({
      ...((await answer.json()) as Sample),
      files: names.filter((each) => each.endsWith('.session')).length,
      locks: names.filter((each) => each.endsWith('.lock')).length,
    })
  }
}

/** The most that each may rise from the end of the warm-up to the end. */
const TOLERANCES: Readonly<Record<keyof Subject['samples'][number], number>> = {
  heap: 6,
  // Up to 1024 are kept open on purpose while the server is alone.
  sessionFiles: 1024,
  deletedFiles: 4,
  otherDescriptors: 6,
  timers: 6,
  sockets: 10,
  files: 60,
  locks: 6,
}

function judgeSamples({ samples }: Subject): Trend[] {
  const warm = samples.slice(Math.floor(samples.length * WARM_UP))
  return Object.entries(TOLERANCES).map(([name, tolerance]) =>
    judgeTrend(
      name,
      warm.map((sample) => sample[name as keyof typeof TOLERANCES]),
      tolerance,
    ),
  )
}

/** Everybody is gone: once all sessions are over, a sweep must leave nothing. */
async function findRemains(name: string): Promise<string[]> {
  const directory = join(folder, name)
  const store = new FileStore({ directory })
  const remains = await sweepLeftOvers(store, directory)
  await store.sweep({ now: Number.MAX_SAFE_INTEGER, grace: 0, damagedAfter: 0 })
  for await (const { name: id } of store.entries()) remains.push(id)
  await store.close()
  return [...remains, ...findLeftOvers(directory)]
}

const subjects = [steady, alone]
await Promise.all([steady.server, mortal, alone.server, lone].map((server) => server.start()))
const visitors = [[steady.server, mortal], [alone.server], [lone]].flatMap((servers) =>
  Array.from({ length: crowd }, () => new Visitor(servers, report, isOver).live()),
)
const suffering = [mortal.suffer(isOver, 10_000, 6000), lone.suffer(isOver, 10_000, 500)]
await Promise.all([...visitors, ...suffering, ...subjects.map(takeSamples)])
const ends = [steady.server, alone.server, lone].map((server) => server.end('SIGTERM'))
await Promise.all([...ends, mortal.end('SIGKILL')])
const remains = (await Promise.all(['steady', 'alone', 'lone'].map(findRemains))).flat()
rmSync(folder, { recursive: true, force: true })

const { violations, ...figures } = report
const restarts = mortal.starts + lone.starts - 2
const counts = subjects.map(({ name, samples }) => `${samples.length} samples ${name}`).join(', ')
console.log(`${minutes} minutes, ${counts}, ${restarts} restarts`, figures)

function printTrends(name: string, trends: readonly Trend[]): void {
  console.log(`| ${name.padEnd(16)} |  first |   last | highest |   rise | at most |`)
  for (const trend of trends) {
    const { first, last, highest, rise, tolerance } = trend
    const [a, b, c, d, e] = [first, last, highest, rise, tolerance].map((value) => value.toFixed(1))
    const cells = [a?.padStart(6), b?.padStart(6), c?.padStart(7), d?.padStart(6), e?.padStart(7)]
    console.log(
      `| ${trend.name.padEnd(16)} | ${cells.join(' | ')} |${trend.isFlat ? '' : ' GROWS'}`,
    )
  }
}

const trends: Trend[] = []
for (const subject of subjects) {
  const own = judgeSamples(subject)
  printTrends(subject.name, own)
  trends.push(...own)
}
const counted = new Map<string, number>()
for (const text of violations) counted.set(text, (counted.get(text) ?? 0) + 1)
for (const [text, count] of counted) console.log(`violation: ${text} (${count})`)
if (remains.length > 0) console.log(`left after the last sweep: ${remains.length} of anything`)
const isGood =
  violations.length === 0 && remains.length === 0 && trends.every((each) => each.isFlat)
console.log(isGood ? 'nothing grew, nothing was lost' : 'BROKEN')
process.exit(isGood ? 0 : 1)
