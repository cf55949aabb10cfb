import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { projectDirectory } from '../support/project.ts'
import { type TestRun, Workshop } from '../support/workshop.ts'
import type { Mutant } from './mutants/mutant.ts'
import { mutants } from './mutants.ts'

/**
 * Puts one fault after the other into a copy of the project, and demands that the test file named
 * beside it finds each: that a test fails which passes without the fault. Exits with 1 when a mutant
 * survives or cannot be made.
 *
 * `npm run test:mutants -- TEXT …` tries those alone that have one of the texts in their file's
 * path or in their sentence.
 */
const AT_ONCE = 2
/** How long the tests of one file may take without a fault, in milliseconds. */
const TIME_LIMIT = 60_000
/** With a fault they may take so many times as long, and so many milliseconds more. */
const PATIENCE = { times: 3, more: 25_000 }
/** What a copy does without: it has its own, or needs none. */
const LEFT_OUT = new Set(['.git', 'node_modules', 'dist', 'coverage', 'bench', '.ci'])

const wanted = process.argv.slice(2)
const chosen = mutants.filter(
  (mutant) => wanted.length === 0 || wanted.some((text) => describe(mutant).includes(text)),
)
const folder = mkdtempSync(join(tmpdir(), 'mutants-'))
/** What a test file does without a fault. */
const sound = new Map<string, { passed: ReadonlySet<string>; milliseconds: number }>()
const complaints: string[] = []
let killed = 0

function describe({ file, what }: Mutant): string {
  return `${file}: ${what}`
}

function openWorkshop(index: number): Workshop {
  const directory = join(folder, String(index))
  cpSync(projectDirectory, directory, {
    recursive: true,
    filter: (source) => !LEFT_OUT.has(relative(projectDirectory, source)),
  })
  return new Workshop(directory, join(projectDirectory, 'node_modules'))
}

/** Does each piece of work in the first workshop that is free. */
async function share<T>(
  pieces: Iterable<T>,
  workshops: readonly Workshop[],
  work: (piece: T, workshop: Workshop) => Promise<void>,
): Promise<void> {
  const left = [...pieces]
  await Promise.all(
    workshops.map(async (workshop) => {
      for (let piece = left.shift(); piece !== undefined; piece = left.shift()) {
        await work(piece, workshop)
      }
    }),
  )
}

async function learnWhatPasses(test: string, workshop: Workshop): Promise<void> {
  const begin = performance.now()
  const { passed, failed, end } = await workshop.runTests(test, TIME_LIMIT)
  if (end !== 'all passed') complaints.push(`${test}, without a fault: ${failed[0] ?? end}`)
  sound.set(test, { passed: new Set(passed), milliseconds: performance.now() - begin })
}

/** Resolves to the title of the test that finds a mutant, or to why there is none. */
async function tryMutant(
  { file, find, replace, test }: Mutant,
  workshop: Workshop,
): Promise<{ killer: string } | { reason: string }> {
  const original = workshop.read(file)
  if (original.split(find).length !== 2) return { reason: 'its text is not there exactly once' }
  workshop.write(
    file,
    original.replace(find, () => replace),
  )
  try {
    if (!(await workshop.compile())) return { reason: 'it does not compile' }
    const { passed, milliseconds = 0 } = sound.get(test) ?? {}
    const isOfTest = (title: string): boolean => passed?.has(title) === true
    const patience = PATIENCE.times * milliseconds + PATIENCE.more
    const run = await workshop.runTests(test, patience, isOfTest)
    const { failed, end } = run
    const killer = failed.find(isOfTest) ?? findRemaining(test, run)
    return killer === undefined ? { reason: `${test}: ${failed[0] ?? end}` } : { killer }
  } finally {
    workshop.write(file, original)
  }
}

/**
 * The first of the tests that pass without a fault and had no end with it, when no other failed: a
 * hook that fails leaves tests without an end, too.
 */
function findRemaining(
  test: string,
  { passed, failed, hasRemaining }: TestRun,
): string | undefined {
  if (!hasRemaining || failed.length > 0) return undefined
  return [...(sound.get(test)?.passed ?? [])].find((title) => !passed.includes(title))
}

async function report(mutant: Mutant, workshop: Workshop): Promise<void> {
  const begin = performance.now()
  const outcome = await tryMutant(mutant, workshop)
  const seconds = ((performance.now() - begin) / 1000).toFixed(1)
  const isKilled = 'killer' in outcome
  const how = isKilled ? `${mutant.test}: ${outcome.killer}` : outcome.reason
  console.log(`${isKilled ? 'killed  ' : 'SURVIVED'} ${describe(mutant)}`)
  console.log(`         ${how} (${seconds} s)`)
  if (isKilled) killed += 1
  else complaints.push(`${describe(mutant)}: ${how}`)
}

const begin = performance.now()
const workshops: Workshop[] = []
const clear = (): void => {
  for (const workshop of workshops) workshop.close()
  rmSync(folder, { recursive: true, force: true })
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => {
    clear()
    process.exit(1)
  })
}
try {
  for (let index = 0; index < AT_ONCE; index++) workshops.push(openWorkshop(index))
  await Promise.all(workshops.map((workshop) => workshop.compile()))
  await share(new Set(chosen.map(({ test }) => test)), workshops, learnWhatPasses)
  if (complaints.length === 0) await share(chosen, workshops, report)
} finally {
  clear()
}
const seconds = Math.round((performance.now() - begin) / 1000)
for (const complaint of complaints) console.log(`BROKEN: ${complaint}`)
console.log(`${chosen.length} mutants, ${killed} killed, ${seconds} s`)
process.exit(killed === chosen.length && killed > 0 ? 0 : 1)
