import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cutPower, type DiskEvent, notesUntil } from '../support/powercut/disk-log.ts'
import { type Counts, createCounts, examine } from '../support/powercut/examination.ts'
import { MARKER, type Syncs, type Way, type WorkloadOptions } from '../support/powercut/history.ts'
import { FILE_SYSTEMS, type FileSystemKind, PowerCutRig } from '../support/powercut/rig.ts'
import { OWN_MOUNTS, whyNoMounts, whyNoPowerCut } from '../support/powercut/rights.ts'
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

if (process.env.POWERCUT_OWN_MOUNTS === undefined) {
  const reason = whyNoMounts()
  if (reason !== undefined) {
    console.log(`skipped: ${reason}\nnothing was tried`)
    process.exit()
  }
  // Whatever happens, its mounts end with it.
  const words = [...OWN_MOUNTS, process.execPath, fileURLToPath(import.meta.url)]
  const env = { ...process.env, POWERCUT_OWN_MOUNTS: 'yes' }
  process.exit(spawnSync('unshare', words, { stdio: 'inherit', env }).status ?? 1)
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

const isAnswer = (event: DiskEvent): boolean =>
  event.kind === 'note' && /^done \d+ (durable|remove)/.test(event.text)
const isWrite = (event: DiskEvent): boolean =>
  event.kind === 'write' && event.bytes.includes(MARKER)

/** Any moment from the first acknowledgement on, right after an event that is wanted. */
function drawMoment(
  events: readonly DiskEvent[],
  isWanted: (event: DiskEvent) => boolean,
  random: () => number,
): number {
  const first = events.findIndex(isAnswer)
  const ends = [...events.keys()].filter(
    (index) => index >= first && isWanted(events[index] as DiskEvent),
  )
  return 1 + (ends[Math.floor(random() * ends.length)] ?? first)
}

/** One file system, written in one way: a row of the table. */
interface Row {
  readonly kind: FileSystemKind
  readonly way: Way
  readonly syncs: Syncs
}

async function cutOften(
  rig: PowerCutRig,
  row: Row,
  isEnough: (counts: Counts) => boolean,
  remarks: string[],
): Promise<Counts> {
  const { way, syncs } = row
  const random = createRandom(seed)
  const directory = join(rig.mountPoint, 'sessions')
  const events = await rig.record(() =>
    runWorkload({ directory, note: rig.note, saves, way, syncs }),
  )
  const counts = createCounts()
  // What is dangerous is rare: a session on its way to the disk, or just acknowledged. A missing sync
  // shows only at the latter moments, before the sync of another session comes.
  const kinds = syncs === 'all' ? [() => true, isWrite, isAnswer] : [isAnswer]
  for (let cut = 0; !isEnough(counts); cut++) {
    const isWanted = kinds[Math.floor(random() * kinds.length)] as (typeof kinds)[number]
    const end = drawMoment(events, isWanted, random)
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
  'followed',
  'plain',
  'outgrown',
] as const

/** How many states are tried of a disk whose syncs do nothing: some, and on until it breaks. */
const CONTROL_STATES = 10
const MOST_CONTROL_STATES = 100
let tried = 0
let broken = 0

/** What must not be. In place a durable save stays also when plain ones follow, unless they outgrow. */
function countViolations({ way }: Row, counts: Counts): number {
  const { torn, lost, revived, litter, unmountable, plain } = counts
  return torn + lost + revived + litter + unmountable + (way === 'in place' ? plain : 0)
}

/** Whether an acknowledged save was seen to go: a disk that cannot be mounted shows nothing. */
const hasLost = ({ lost, revived }: Counts): boolean => lost + revived > 0

async function tryRow(row: Row): Promise<void> {
  const { kind, way, syncs } = row
  const mustBreak = syncs !== 'all'
  const fast = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()
  const folder = mkdtempSync(join(fast, 'powercut-'))
  const rig = new PowerCutRig(folder, kind)
  const begun = performance.now()
  try {
    const remarks: string[] = []
    const isEnough = (counts: Counts): boolean =>
      mustBreak
        ? counts.states >= (hasLost(counts) ? CONTROL_STATES : MOST_CONTROL_STATES)
        : counts.states >= states
    const counts = await cutOften(rig, row, isEnough, remarks)
    const isRight = mustBreak ? hasLost(counts) : countViolations(row, counts) === 0
    if (!mustBreak) tried += counts.states
    if (!isRight) broken++
    if (!isRight) console.log(remarks.slice(0, REMARKS).join('\n'))
    const cells = COLUMNS.map((column) => `${counts[column]}`.padStart(column.length))
    const label = `${kind.name.padEnd(5)} ${way.padEnd(12)} ${syncs.padEnd(5)}`
    const seconds = Math.round((performance.now() - begun) / 1000)
    const remark = `${isRight ? '' : 'BROKEN '}${mustBreak ? 'must break: ' : ''}${seconds} s`
    console.log(`| ${label} | ${cells.join(' | ')} | ${remark}`)
  } finally {
    rig.remove()
    rmSync(folder, { recursive: true, force: true })
  }
}

console.log(`POWERCUT_SEED=${seed}: ${states} states a row, ${saves} saves a session`)
console.log(`| file system, way, syncs  | ${COLUMNS.join(' | ')} |`)
for (const kind of FILE_SYSTEMS) {
  if (only && !only.includes(kind.name)) continue
  const reason = whyNoPowerCut(kind)
  if (reason !== undefined) {
    console.log(`| ${kind.name.padEnd(24)} | skipped: ${reason}`)
    continue
  }
  await tryRow({ kind, way: 'in place', syncs: 'all' })
  await tryRow({ kind, way: 'by replacing', syncs: 'all' })
  // A disk whose syncs do nothing loses acknowledged saves: if that is not seen, nothing is.
  await tryRow({ kind, way: 'in place', syncs: 'none' })
  await tryRow({ kind, way: 'by replacing', syncs: 'files' })
}
if (tried === 0) {
  console.log('nothing was tried')
  process.exit(broken === 0 ? 0 : 1)
}
console.log(
  `sessions by state with a durable save acknowledged: none may be torn, lost or revived, and a
sweep leaves no litter. followed: plain saves came after the durable one. plain: it went with them,
which may be where files are replaced, and must not be in place. outgrown: one of them was too large
for the file, which is replaced then, in place as well.`,
)
console.log(`${tried} states; ${broken === 0 ? 'every promise held' : `${broken} rows broken`}`)
process.exit(broken === 0 ? 0 : 1)
