import test from 'ava'
import { SessionError } from '../lib/errors.ts'
import { OperationQueue } from '../lib/operation-queue.ts'
import { Gate } from './support/gate.ts'

const openQueue = (): OperationQueue => new OperationQueue(() => undefined)

/** An operation that fails. */
const failing = (message: string) => (): Promise<never> => Promise.reject(new Error(message))

test('the first operation of the end of a request begins at once', async (t) => {
  const queue = openQueue()
  const log: string[] = []
  const result = queue.runFirst(async () => void log.push('done'))
  t.deepEqual(log, ['done'])
  await result
})

test('operations run one after the other in the order of their calls', async (t) => {
  const queue = openQueue()
  const log: string[] = []
  const gates = [new Gate(), new Gate(), new Gate()]
  const operation = (index: number) => async (): Promise<void> => {
    log.push(`begin ${index}`)
    await gates[index]?.passed
    log.push(`end ${index}`)
  }
  const results = [
    queue.runFirst(operation(0)),
    queue.run(operation(1)),
    queue.run(operation(2)),
    queue.drain().then(() => void log.push('drained')),
  ]
  for (const gate of gates.toReversed()) gate.open()
  await Promise.all(results)
  const order = [0, 1, 2].flatMap((index) => [`begin ${index}`, `end ${index}`])
  t.deepEqual(log, [...order, 'drained'])
})

test('an operation resolves to what it resolves to', async (t) => {
  t.is(await openQueue().run(async () => 'it'), 'it')
})

test('what is to be done before an operation is done before each, and only when there is something', async (t) => {
  const log: string[] = []
  const due = ['one', 'two']
  const queue = new OperationQueue(() => {
    const work = due.shift()
    return work === undefined ? undefined : Promise.resolve().then(() => void log.push(work))
  })
  for (const name of ['a', 'b', 'c']) void queue.run(async () => void log.push(name))
  await queue.drain()
  t.deepEqual(log, ['one', 'a', 'two', 'b', 'c'])
})

test('an operation whose preparation fails is not run, and the next one is', async (t) => {
  let isDown = true
  const queue = new OperationQueue(() => (isDown ? Promise.reject(new Error('down')) : undefined))
  const log: string[] = []
  const first = queue.run(async () => void log.push('first'))
  await t.throwsAsync(first, { message: 'down' })
  isDown = false
  await queue.run(async () => void log.push('second'))
  t.deepEqual(log, ['second'])
})

test('what fails is told to who awaits it, and keeps nothing from running', async (t) => {
  const queue = openQueue()
  const results: Promise<unknown>[] = [
    queue.runFirst(failing('first')),
    queue.run(async () => 'second'),
    queue.run(failing('third')),
    queue.run(async () => 'fourth'),
  ]
  t.deepEqual(
    (await Promise.allSettled(results)).map((each) =>
      each.status === 'fulfilled' ? each.value : each.reason.message,
    ),
    ['first', 'second', 'third', 'fourth'],
  )
  await t.notThrowsAsync(queue.finish(), 'each was heard')
})

test('what nobody awaits is no unhandled rejection, and is thrown at the end', async (t) => {
  const queue = openQueue()
  void queue.run(failing('unheard'))
  queue.run(failing('the second')).catch(() => undefined)
  await t.throwsAsync(queue.finish(), { message: 'unheard' })
})

test('that a session is gone is no failure, unless somebody awaits it', async (t) => {
  const queue = openQueue()
  const gone = (): Promise<never> => Promise.reject(new SessionError('ERR_SESSION_GONE', 'Gone'))
  void queue.run(gone)
  await t.throwsAsync(queue.run(gone), { code: 'ERR_SESSION_GONE', message: 'Gone' })
  await t.notThrowsAsync(queue.finish())
})
