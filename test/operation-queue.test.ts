import test from 'ava'
import { SessionError } from '../lib/errors.ts'
import { OperationQueue } from '../lib/operation-queue.ts'
import { Gate } from './support/gate.ts'

/** An operation that fails. */
const failing = (message: string) => (): Promise<never> => Promise.reject(new Error(message))

test('what is awaited begins at once when there was nothing before it', async (t) => {
  const queue = new OperationQueue()
  let hasBegun = false
  const result = queue.runAwaited(async () => {
    hasBegun = true
    return 'done'
  })
  t.true(hasBegun)
  t.is(await result, 'done')
})

test('operations run one after the other in the order of their calls, awaited or not', async (t) => {
  const queue = new OperationQueue()
  const log: string[] = []
  const gates = [new Gate(), new Gate(), new Gate()]
  const operation = (index: number) => async (): Promise<number> => {
    log.push(`begin ${index}`)
    await gates[index]?.passed
    log.push(`end ${index}`)
    return index
  }
  const results = [
    queue.runAwaited(operation(0)),
    queue.runAwaited(operation(1)),
    queue.run(operation(2)),
  ]
  for (const gate of gates.toReversed()) gate.open()
  t.deepEqual(await Promise.all(results), [0, 1, 2])
  t.is(await queue.runAwaited(operation(3)), 3)
  t.deepEqual(
    log,
    [0, 1, 2, 3].flatMap((index) => [`begin ${index}`, `end ${index}`]),
  )
})

test('what fails is told to who awaits it, and keeps nothing from running', async (t) => {
  const queue = new OperationQueue()
  const results = [
    queue.runAwaited(failing('first')),
    queue.runAwaited(async () => 'second'),
    queue.run(failing('third')),
    queue.run(async () => 'fourth'),
    queue.runAwaited(failing('fifth')),
  ]
  t.deepEqual(
    (await Promise.allSettled(results)).map((each) =>
      each.status === 'fulfilled' ? each.value : each.reason.message,
    ),
    ['first', 'second', 'third', 'fourth', 'fifth'],
  )
  t.is(await queue.runAwaited(async () => 'last'), 'last')
  t.notThrows(() => queue.throwUnheard(), 'each was heard')
})

test('what nobody awaits is no unhandled rejection, and is thrown when it is asked for', async (t) => {
  const queue = new OperationQueue()
  queue.run(failing('unheard'))
  queue.run(failing('the second')).catch(() => undefined)
  await queue.runAwaited(async () => undefined)
  t.throws(() => queue.throwUnheard(), { message: 'unheard' })
})

test('that a session is gone is no failure, unless somebody awaits it', async (t) => {
  const queue = new OperationQueue()
  const gone = (): Promise<never> => Promise.reject(new SessionError('ERR_SESSION_GONE', 'Gone'))
  queue.run(gone)
  await t.throwsAsync(queue.runAwaited(gone), { code: 'ERR_SESSION_GONE', message: 'Gone' })
  t.notThrows(() => queue.throwUnheard())
})
