import type { Entry } from '../../lib/store.ts'

/** The tags of a session, oldest first, with a comma between them. */
export type ListedTags = string

/** Something that was done to a session. Times are nanoseconds of one clock for all processes. */
interface Step {
  readonly name: string
  readonly start: bigint
  readonly end: bigint
}

/** What a process and those that followed it say they did. */
export interface Journal {
  /** Acknowledged ones; `tag` is undefined where there was no session. */
  readonly appends: readonly (Step & { readonly tag: string | undefined })[]
  /** `tags` is undefined where there was no session. */
  readonly reads: readonly (Step & { readonly tags: ListedTags | undefined })[]
  /** `end` is undefined where the process was killed before it was told. */
  readonly destructions: readonly (Omit<Step, 'end'> & { readonly end: bigint | undefined })[]
  readonly violations: readonly string[]
  /** How many other lines begin so. */
  countOf(beginning: string): number
}

/** What all processes did, and what is there at last. */
export interface History {
  readonly journals: readonly Journal[]
  readonly found: ReadonlyMap<string, ListedTags | 'damaged' | undefined>
}

/** The tags in an entry. */
export function listTags({ bytes }: Entry): ListedTags {
  return Buffer.from(bytes).toString()
}

/** How a line of a journal is written: one that a kill has cut off is no line. */
export function formatLine(words: readonly (string | number | bigint)[]): string {
  return `\n${words.join(' ')} ;`
}

/** The lines of a journal that are whole. */
export function splitJournal(text: string): string[] {
  return text
    .split('\n')
    .filter((line) => line.endsWith(' ;'))
    .map((line) => line.slice(0, -2))
}

/** What a journal says. */
export function readJournal(text: string): Journal {
  const lines = splitJournal(text)
  const stepsOf = (kind: string): (Step & { readonly rest: string | undefined })[] =>
    lines
      .filter((line) => line.startsWith(`${kind} `))
      .map((line) => {
        const [, start = '', end = '', name = '', rest = ''] = line.split(' ')
        const isGone = rest === 'gone'
        return { name, start: BigInt(start), end: BigInt(end), rest: isGone ? undefined : rest }
      })
  const destroyed = stepsOf('destroyed')
  return {
    appends: stepsOf('acked').map(({ rest, ...step }) => ({ ...step, tag: rest })),
    reads: stepsOf('read').map(({ rest, ...step }) => ({ ...step, tags: rest })),
    destructions: stepsOf('destroying').map(({ name, start }) => {
      const end = destroyed.find((step) => step.name === name && step.start === start)?.end
      return { name, start, end }
    }),
    violations: lines.filter((line) => line.startsWith('violation ')),
    countOf: (beginning) => lines.filter((line) => line.startsWith(beginning)).length,
  }
}

/**
 * Whatever in a history is not as one place with one thing done after the other would have it: the
 * list-append of Jepsen's Elle, with real time.
 */
export function findViolations(history: History): string[] {
  const { journals, found } = history
  return [
    ...journals.flatMap(({ violations }) => violations),
    ...[...found.keys()].flatMap((name) => findViolationsOf(name, history)),
  ]
}

function findViolationsOf(name: string, { journals, found }: History): string[] {
  const isOurs = (step: { readonly name: string }): boolean => step.name === name
  const appends = journals.flatMap((journal) => journal.appends.filter(isOurs))
  const reads = journals.flatMap((journal) => findReads(journal, name))
  const destructions = journals.flatMap((journal) => journal.destructions.filter(isOurs))
  const now = found.get(name)
  const violations: string[] = []
  const complain = (what: string): void => void violations.push(`${what} ${name}`)

  if (now === 'damaged') complain('damaged')
  if (now === undefined && destructions.length === 0) complain('vanished')
  for (const { tag, start, end } of [
    ...appends,
    ...reads.map((read) => ({ ...read, tag: read.tags })),
  ]) {
    if (tag === undefined) {
      if (!destructions.some((each) => each.start < end)) complain('vanished for a while')
    } else if (destructions.some((each) => each.end !== undefined && each.end < start)) {
      complain('revived for a while')
    }
  }
  if (now !== undefined && destructions.some(({ end }) => end !== undefined)) complain('revived')

  const last = now === undefined || now === 'damaged' ? findLongest(reads) : now
  const ends = findEnds(last, (tag) => complain(`doubled ${tag}`))
  const acked = appends.filter(({ tag }) => tag !== undefined)
  if (now === last) {
    for (const { tag } of acked) if (!ends.has(tag as string)) complain(`lost ${tag}`)
  }
  for (const { tags, start, before } of reads) {
    if (tags === undefined) continue
    if (!isPrefix(tags, last)) complain('read of what never was')
    if (tags.length < before) complain('read that went back')
    const stale = acked.find(
      ({ tag, end }) => end < start && (ends.get(tag as string) ?? 0) > tags.length,
    )
    if (stale) complain(`stale read, without ${stale.tag}`)
  }
  return violations
}

type Read = Journal['reads'][number]

/** The reads of a session; `before`: how long a list had been read when each began. */
function findReads({ reads }: Journal, name: string): (Read & { readonly before: number })[] {
  const ours = reads.filter((read) => read.name === name)
  return ours.map((read) => {
    const earlier = ours.filter(({ end }) => end < read.start)
    return { ...read, before: findLongest(earlier).length }
  })
}

function findLongest(reads: readonly Read[]): ListedTags {
  return reads.reduce(
    (longest, { tags = '' }) => (tags.length > longest.length ? tags : longest),
    '',
  )
}

function isPrefix(tags: ListedTags, all: ListedTags): boolean {
  return tags === '' || `${all},`.startsWith(`${tags},`)
}

/** Where each tag of a list ends. */
function findEnds(all: ListedTags, onDoubled: (tag: string) => void): Map<string, number> {
  const ends = new Map<string, number>()
  let end = -1
  for (const tag of all === '' ? [] : all.split(',')) {
    if (ends.has(tag)) onDoubled(tag)
    end += 1 + tag.length
    ends.set(tag, end)
  }
  return ends
}
