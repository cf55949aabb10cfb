import test from 'ava'
import { SessionError } from '../../../lib/errors.ts'
import type { Change, ChangeFunction, Entry } from '../../../lib/store.ts'
import type { Commit } from '../../../stores/file/commit.ts'
import { CommitQueue } from '../../../stores/file/queue.ts'
import { makeClock, nameOf, storing } from '../../support/file-store.ts'
import { Gate } from '../../support/gate.ts'

const NAME = nameOf(1)
const ENTRY: Entry = { bytes: Buffer.from('stored'), expires: 9e15 }
const KEEP: Change = { kind: 'keep' }
const REMOVE: Change = { kind: 'remove' }
const OPTIONS = { durable: false, wait: 0 }

/** Commits what is decided to nowhere. */
const commit: Commit = async (_name, decide) => (decide(ENTRY)?.entry ? {} : undefined)

/** Updates, and what is told of it in what order. */
function tell(queue: CommitQueue, change: ChangeFunction, wait = 0): Promise<readonly string[]> {
  const log: string[] = []
  return queue
    .update(NAME, change, { durable: false, wait }, () => log.push('settled'))
    .then(
      ({ version }) => log.push(version === undefined ? 'resolved' : 'resolved to a version'),
      (error: Error) => log.push(`rejected: ${error.message}`),
    )
    .then(() => log)
}

const openQueue = (how: Commit = commit): CommitQueue => new CommitQueue(how, makeClock().monotonic)

for (const [what, change, outcome] of [
  ['keeps', () => KEEP, 'resolved'],
  ['replaces', storing('new'), 'resolved to a version'],
  ['removes', () => REMOVE, 'resolved'],
  ['answers nothing', () => undefined as unknown as Change, /^rejected: Expected the function/],
] as const) {
  test(`of a change that ${what} it is told once that it is settled, before it is`, async (t) => {
    const [settled, end = '', ...more] = await tell(openQueue(), change)
    t.is(settled, 'settled')
    if (typeof outcome === 'string') t.is(end, outcome)
    else t.regex(end, outcome)
    t.deepEqual(more, [])
  })
}

test('of changes that are one commit each is told once that it is settled, whatever it comes to', async (t) => {
  const queue = openQueue()
  const throwing = (): never => {
    throw new Error('thrown')
  }
  const logs = [storing('one'), throwing, storing('two')].map((change) => tell(queue, change))
  t.deepEqual(await Promise.all(logs), [
    ['settled', 'resolved to a version'],
    ['settled', 'rejected: thrown'],
    ['settled', 'resolved to a version'],
  ])
})

test('where the commit fails it is told once that each of its changes is settled', async (t) => {
  const queue = openQueue(async (_name, decide) => {
    decide(ENTRY)
    throw new Error('EIO')
  })
  const logs = [storing('one'), storing('two')].map((change) => tell(queue, change))
  t.deepEqual(await Promise.all(logs), [
    ['settled', 'rejected: EIO'],
    ['settled', 'rejected: EIO'],
  ])
})

test('a change that is to run again is not settled until it has', async (t) => {
  const queue = openQueue()
  const gate = new Gate()
  const log: string[] = []
  let runs = 0
  const updated = queue.update(
    NAME,
    () => {
      runs += 1
      return runs === 1 ? { kind: 'again', after: gate.passed } : KEEP
    },
    OPTIONS,
    () => log.push(`settled after ${runs}`),
  )
  await queue.update(NAME, storing('meanwhile'), OPTIONS)
  t.deepEqual(log, [])
  gate.open()
  await updated
  t.deepEqual(log, ['settled after 2'])
})

test('a change that waits for a lock once more is settled when it has waited long enough', async (t) => {
  const { monotonic, advance } = makeClock()
  const queue = new CommitQueue(async () => {
    advance(600)
    throw new SessionError('ERR_SESSION_LOCK_TIMEOUT', 'Busy')
  }, monotonic)
  t.deepEqual(await tell(queue, storing('one'), 1000), ['settled', 'rejected: Busy'])
  t.is(monotonic(), 1200)
})
