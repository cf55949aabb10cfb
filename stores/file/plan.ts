import { SessionError } from '../../lib/errors.ts'
import type { Change, ChangeFunction, Entry, Version } from '../../lib/store.ts'
import { capacityFor, isSubject, LARGEST_FILE } from './frame.ts'

/** What became of one change of a plan. */
export type Answer =
  | { readonly kind: 'keep' | 'replace' | 'remove' }
  | { readonly kind: 'again'; readonly after: Promise<unknown> }
  | { readonly kind: 'failed'; readonly error: unknown }

/** What several changes make of an entry. */
export interface Plan {
  /** One for each change, in order. */
  readonly answers: readonly Answer[]
  /** What is to be done in the end. */
  readonly outcome: 'keep' | 'remove' | Entry
  /** The index of the change whose entry the outcome is; -1 when it is none. */
  readonly author: number
}

const KINDS: readonly unknown[] = ['keep', 'replace', 'remove', 'again']

/**
 * Runs the changes in order, each on what the one before made of the entry. A change that fails
 * leaves it as it was. `version` is that of `newest`: what a change has made of it has none yet.
 */
export function planChanges(
  changes: readonly { readonly change: ChangeFunction }[],
  newest: Entry | 'damaged' | undefined,
  version?: Version,
): Plan {
  let current = newest
  let currentVersion = version
  let outcome: Plan['outcome'] = 'keep'
  let author = -1
  const answers: Answer[] = []
  for (const { change } of changes) {
    const answer = runChange(change, current, currentVersion)
    if (answer.kind === 'replace') {
      outcome = current = answer.entry
      currentVersion = undefined
      author = answers.length
    } else if (answer.kind === 'remove') {
      current = currentVersion = undefined
      outcome = 'remove'
      author = -1
    }
    answers.push(answer)
  }
  return { answers, outcome, author }
}

function runChange(
  change: ChangeFunction,
  current: Entry | 'damaged' | undefined,
  version: Version | undefined,
): Change | { readonly kind: 'failed'; readonly error: unknown } {
  try {
    const answer = change(current, version)
    checkChange(answer, current)
    return answer
  } catch (error) {
    return { kind: 'failed', error }
  }
}

function checkChange(change: Change, current: Entry | 'damaged' | undefined): void {
  if (!KINDS.includes(change?.kind)) {
    throw new SessionError(
      'ERR_SESSION_UPDATE',
      'Expected the function given to update() to return a change, not a promise or nothing.',
    )
  }
  if (change.kind !== 'replace') return
  checkEntry(change.entry)
  if (current === 'damaged') {
    throw new SessionError(
      'ERR_SESSION_STORE',
      'Could not write over a damaged session. Remove it, or leave it to the sweep.',
    )
  }
}

function checkEntry(entry: Entry): void {
  const { bytes, expires, subject } = entry
  if (!(bytes instanceof Uint8Array)) throw expected('the bytes of an entry to be a Uint8Array')
  if (!Number.isSafeInteger(expires) || expires < 0) {
    throw expected('the expiry of an entry to be a whole number of milliseconds since the epoch')
  }
  if (subject !== undefined && !isSubject(subject)) {
    throw expected('the subject of an entry to be 1 to 64 printable ASCII characters')
  }
  if (capacityFor(entry) * 2 > LARGEST_FILE) {
    throw new SessionError(
      'ERR_SESSION_TOO_LARGE',
      `The session does not fit in a file of ${LARGEST_FILE} bytes. Keep less in it.`,
    )
  }
}

function expected(what: string): SessionError {
  return new SessionError('ERR_SESSION_OPTION', `Expected ${what}.`)
}
