import test from 'ava'
import type { Change, ChangeFunction, Entry, Version } from '../../../lib/store.ts'
import { planChanges } from '../../../stores/file/plan.ts'

const NEWEST: Entry = { bytes: Buffer.from('newest'), expires: 1000 }
const OTHER: Entry = { bytes: Buffer.from('other'), expires: 1000 }
const VERSION: Version = {}

const KEEP: Change = { kind: 'keep' }
const REMOVE: Change = { kind: 'remove' }
const replaceBy = (entry: Entry): Change => ({ kind: 'replace', entry })

/** Answers so, and notes which version it was given. */
function plan(
  answers: readonly (Change | Error)[],
  newest: Entry | 'damaged' | undefined = NEWEST,
): { seen: unknown[]; outcome: unknown; author: number } {
  const seen: unknown[] = []
  const changes = answers.map((answer): { change: ChangeFunction } => ({
    change: (current, version) => {
      seen.push([current, version === VERSION ? 'its version' : version])
      if (answer instanceof Error) throw answer
      return answer
    },
  }))
  const { outcome, author } = planChanges(
    changes,
    newest,
    typeof newest === 'object' ? VERSION : undefined,
  )
  return { seen, outcome, author }
}

test('each change is given what the one before made of the entry, and the version as long as that is nothing', (t) => {
  const known = [NEWEST, 'its version']
  t.deepEqual(plan([KEEP, new Error('thrown'), REMOVE, KEEP, replaceBy(OTHER), KEEP]), {
    seen: [known, known, known, [undefined, undefined], [undefined, undefined], [OTHER, undefined]],
    outcome: OTHER,
    author: 4,
  })
})

test('what is written has no version yet, though it be the very entry that was given', (t) => {
  t.deepEqual(plan([replaceBy(NEWEST), KEEP]), {
    seen: [
      [NEWEST, 'its version'],
      [NEWEST, undefined],
    ],
    outcome: NEWEST,
    author: 0,
  })
})

test('a refused replacement leaves the entry, and its version', (t) => {
  const bad = { ...OTHER, expires: -1 }
  t.deepEqual(plan([replaceBy(bad), KEEP]), {
    seen: [
      [NEWEST, 'its version'],
      [NEWEST, 'its version'],
    ],
    outcome: 'keep',
    author: -1,
  })
})

test('of a damaged entry and of a missing one there is no version', (t) => {
  t.deepEqual(plan([replaceBy(OTHER), KEEP], 'damaged').seen, [
    ['damaged', undefined],
    ['damaged', undefined],
  ])
  t.deepEqual(planChanges([{ change: () => KEEP }], undefined).outcome, 'keep')
})
