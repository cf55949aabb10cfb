import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Environment, nodeEnvironment } from '../../stores/file/environment.ts'
import { type FileSystem, nodeFileSystem } from '../../stores/file/file-system.ts'
import { createOwner } from '../../stores/file/owner.ts'
import { appending, nameOf, openStore, textOf } from '../support/file-store.ts'
import { sweepLeftOvers } from '../support/litter.ts'
import { cutPower, type DiskEvent, notesUntil } from '../support/powercut/disk-log.ts'
import {
  judge,
  MARKER,
  readNotes,
  type Verdict,
  type Way,
  type WorkloadOptions,
} from '../support/powercut/history.ts'
import { FILE_SYSTEMS, PowerCutRig, whyNoPowerCut } from '../support/powercut/rig.ts'
import { RemoteStore } from '../support/remote-store.ts'

/**
 * Commits sessions on real file systems, over a disk that logs every write and flush, and mounts what
 * a power cut may have left at many moments. Prints a table; exits with 1 when a promise is broken.
 *
 * POWERCUT_STATES: moments of each file system and way; POWERCUT_SEED: repeats a run's choices;
 * POWERCUT_SAVES: durable saves of each long-lived session; POWERCUT_FS: only these, by commas.
 */
const states = Number(process.env.POWERCUT_STATES ?? 60)
const saves = Number(process.env.POWERCUT_SAVES ?? 60)
const seed = Number(process.env.POWERCUT_SEED ?? Math.floor(Math.random() * 2 ** 32))
const only = process.env.POWERCUT_FS?.split(',')
/** How much of what no flush has reached yet comes to the disk, in turn. */
const SHARES = [0, 1, 0.5, 0.5, 0.8]

if (process.env.POWERCUT_OWN_MOUNTS === undefined && process.geteuid?.() === 0) {
  // Whatever happens, its mounts end with it.
  const words = ['-m', '--propagation', 'private', process.execPath, fileURLToPath(import.meta.url)]
  const env = { ...process.env, POWERCUT_OWN_MOUNTS: 'yes' }
  const { status, error } = spawnSync('unshare', words, { stdio: 'inherit', env })
  if (error) console.log(`skipped: ${error.message}`)
  process.exit(error ? 0 : (status ?? 1))
}

/** The "mulberry32" generator: small, and the same everywhere. */
function createRandom(start: number): () => number {
  let state = start
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

type Counts = Record<Verdict | 'states' | 'unmountable' | 'acknowledged' | 'litter', number>

/** Lines printed of what is broken in a row. */
const REMARKS = 12

async function runWorkload(options: WorkloadOptions): Promise<void> {
  const { directory } = options
  const other = options.way === 'by replacing' ? new RemoteStore({ directory }) : undefined
  await other?.order({ verb: 'ready' })
  const program = fileURLToPath(new URL('../support/powercut/workload.js', import.meta.url))
  const child = spawn(process.execPath, [program, JSON.stringify(options)], { stdio: 'inherit' })
  const [code] = await once(child, 'exit')
  await other?.order({ verb: 'close' })
  await other?.kill()
  if (code !== 0) throw new Error('The workload failed')
}

/** The environment of a process after the power came back: the machine has booted anew. */
function afterReboot(): Pick<Environment, 'fs' | 'owner'> {
  const fs: FileSystem = {
    ...nodeFileSystem,
    readText: async (path) =>
      path.endsWith('/boot_id')
        ? 'ffffffff-0000-4000-8000-000000000000'
        : nodeFileSystem.readText(path),
  }
  return { fs, owner: createOwner(fs) }
}

/** Looks at every session, then works on with some of them. */
async function examine(
  directory: string,
  lines: readonly string[],
  counts: Counts,
  remarks: string[],
): Promise<void> {
  const teardowns: (() => unknown)[] = []
  const fast = {
    ...afterReboot(),
    sockets: nodeEnvironment.sockets,
    monotonic: () => performance.now() * 20,
  }
  const t = { teardown: (work: () => unknown) => teardowns.push(work) }
  const { store } = openStore(t, fast, { directory, lockTimeout: 60_000 })
  const pasts = readNotes(lines)
  for (const [index, past] of pasts) {
    const found = await textOf(store, nameOf(index))
    const verdict = judge(index, past, found)
    counts[verdict]++
    if (past.durable > 0) counts.acknowledged++
    if (verdict !== 'fine' && verdict !== 'plain') {
      const told = JSON.stringify(past)
      remarks.push(`  ${verdict}: session ${index}, ${told}, found ${found?.slice(0, 30)}`)
    }
  }
  for (const index of [...pasts.keys()].slice(-8)) {
    const name = nameOf(index)
    const found = await textOf(store, name)
    await store.update(name, appending('!'), { durable: true })
    const grown = found === undefined || found === 'damaged' ? found : `${found}!`
    if ((await textOf(store, name)) !== grown) throw new Error('A commit after the crash was lost')
  }
  counts.litter += (await sweepLeftOvers(store, directory)).length
  await store.close()
}

/**
 * Any moment after the first acknowledgement, or just as often one at which a session was on its way
 * to the disk: those are the dangerous ones, and rare.
 */
function drawMoment(events: readonly DiskEvent[], random: () => number): number {
  const first = events.findIndex((event) => event.kind === 'note' && event.text.startsWith('done'))
  const moments = events
    .map((event, index) => ({ event, end: index + 1 }))
    .slice(first + 1)
    .filter(({ event }) => event.kind === 'write' && event.bytes.includes(MARKER))
  const anyMoment = first + 1 + Math.floor(random() * (events.length - first))
  if (random() < 0.5) return anyMoment
  return moments[Math.floor(random() * moments.length)]?.end ?? anyMoment
}

async function cutOften(
  rig: PowerCutRig,
  options: { way: Way; syncs: boolean; moments: number },
  remarks: string[],
): Promise<Counts> {
  const random = createRandom(seed)
  const directory = join(rig.mountPoint, 'sessions')
  const { way, syncs } = options
  const events = await rig.record(() =>
    runWorkload({ directory, note: rig.note, saves, way, syncs }),
  )
  const counts: Counts = {
    states: 0,
    unmountable: 0,
    acknowledged: 0,
    fine: 0,
    torn: 0,
    lost: 0,
    revived: 0,
    plain: 0,
    litter: 0,
  }
  for (let cut = 0; cut < options.moments; cut++) {
    const end = drawMoment(events, random)
    const share = SHARES[cut % SHARES.length] as number
    const patches = cutPower(events, end, { share, marker: MARKER, random })
    const lines = notesUntil(events, end)
    const outcome = await rig.crash(patches, () => examine(directory, lines, counts, remarks))
    counts.states++
    if (outcome === 'unmountable') counts.unmountable++
  }
  return counts
}

const COLUMNS = [
  'states',
  'unmountable',
  'acknowledged',
  'torn',
  'lost',
  'revived',
  'litter',
  'plain',
] as const

let broken = 0

async function tryRow(
  kind: (typeof FILE_SYSTEMS)[number],
  way: Way,
  syncs: boolean,
  mustBreak: boolean,
): Promise<void> {
  const fast = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()
  const folder = mkdtempSync(join(fast, 'powercut-'))
  const rig = new PowerCutRig(folder, kind)
  const begun = performance.now()
  try {
    const remarks: string[] = []
    const moments = mustBreak ? Math.min(states, 10) : states
    const counts = await cutOften(rig, { way, syncs, moments }, remarks)
    const { torn, lost, revived, litter, unmountable } = counts
    const violations = torn + lost + revived + litter + unmountable
    const isRight = mustBreak ? violations > 0 : violations === 0
    if (!isRight) broken++
    if (!isRight) console.log(remarks.slice(0, REMARKS).join('\n'))
    const cells = COLUMNS.map((column) => `${counts[column]}`.padStart(column.length))
    const label = `${kind.name.padEnd(5)} ${(syncs ? way : 'no fsync').padEnd(12)}`
    const seconds = Math.round((performance.now() - begun) / 1000)
    const remark = `${isRight ? '' : 'BROKEN '}${mustBreak ? 'must break: ' : ''}${seconds} s`
    console.log(`| ${label} | ${cells.join(' | ')} | ${remark}`)
  } finally {
    rig.remove()
    rmSync(folder, { recursive: true, force: true })
  }
}

console.log(`POWERCUT_SEED=${seed}: ${states} states a row, ${saves} saves a session`)
console.log(`| file system, way   | ${COLUMNS.join(' | ')} |`)
let rows = 0
for (const kind of FILE_SYSTEMS) {
  if (only && !only.includes(kind.name)) continue
  const reason = whyNoPowerCut(kind)
  if (reason !== undefined) {
    console.log(`| ${kind.name.padEnd(18)} | skipped: ${reason}`)
    continue
  }
  for (const way of ['in place', 'by replacing'] as const) {
    rows++
    await tryRow(kind, way, true, false)
  }
  // A disk whose syncs do nothing loses acknowledged saves: if that is not seen, nothing is.
  await tryRow(kind, 'in place', false, true)
}
console.log(
  `sessions by state with a durable save acknowledged: none may be torn, lost or revived, and a
sweep leaves no litter. plain: a durable save that went with plain ones that followed it.`,
)
console.log(
  `${rows * states} states; ${broken === 0 ? 'every promise held' : `${broken} rows broken`}`,
)
process.exit(broken === 0 ? 0 : 1)
