import test, { type ExecutionContext } from 'ava'
import { SessionError } from '../lib/errors.ts'
import { SessionEmitter } from '../lib/events.ts'
import { settle } from './support/alarm.ts'

/** The messages of the warnings of this process, from now to the end of the test. */
function keepWarnings(t: ExecutionContext): readonly string[] {
  const warnings: string[] = []
  const keep = ({ message }: Error): void => {
    warnings.push(message)
  }
  process.on('warning', keep)
  t.teardown(() => process.off('warning', keep))
  return warnings
}

const EVENT = { ref: '0123456789ab' }

test('every listener of an event is told, in the order they came', (t) => {
  const emitter = new SessionEmitter(() => undefined)
  const told: unknown[] = []
  emitter.on('create', (event) => told.push(['first', event]))
  emitter.on('create', (event) => told.push(['second', event]))
  emitter.on('destroy', (event) => told.push(['other', event]))
  emitter.emit('create', EVENT)
  t.deepEqual(told, [
    ['first', EVENT],
    ['second', EVENT],
  ])
})

test('who no longer listens is told no more, not by another event either', (t) => {
  const emitter = new SessionEmitter(() => undefined)
  let told = 0
  const listener = (): void => {
    told += 1
  }
  emitter.on('save', listener)
  emitter.on('touch', listener)
  emitter.off('save', listener)
  emitter.off('gone', listener)
  emitter.emit('save', EVENT)
  t.is(told, 0)
  emitter.emit('touch', EVENT)
  t.is(told, 1)
})

test('it knows whether anybody listens', (t) => {
  const emitter = new SessionEmitter(() => undefined)
  const listener = (): void => undefined
  t.false(emitter.has('error'))
  emitter.on('error', listener)
  t.true(emitter.has('error'))
  t.false(emitter.has('create'))
  emitter.off('error', listener)
  t.false(emitter.has('error'))
})

test('an error that nobody listens for is not thrown', (t) => {
  const emitter = new SessionEmitter(() => undefined)
  t.notThrows(() => emitter.emit('error', new SessionError('ERR_SESSION_STORE', 'Down')))
})

test.serial('a listener that throws becomes a warning, and the others are told', async (t) => {
  const emitter = new SessionEmitter(() => undefined)
  const warnings = keepWarnings(t)
  let told = false
  emitter.on('expire', () => {
    throw new Error('mine')
  })
  emitter.on('expire', () => {
    told = true
  })
  t.notThrows(() => emitter.emit('expire', EVENT))
  t.true(told)
  await settle()
  t.deepEqual(warnings, ["A listener of the session event 'expire' failed: mine"])
})

test.serial('a listener may throw anything at all, and reject', async (t) => {
  const warnings = keepWarnings(t)
  const emitter = new SessionEmitter(() => undefined)
  emitter.on('expire', () => {
    throw Symbol('mine')
  })
  emitter.on('expire', () => Promise.reject(new Error('late')))
  t.notThrows(() => emitter.emit('expire', EVENT))
  await settle()
  t.deepEqual(warnings, [
    "A listener of the session event 'expire' failed: a symbol",
    "A listener of the session event 'expire' failed: late",
  ])
})

test('a listener that goes away while it is told harms no other', (t) => {
  const emitter = new SessionEmitter(() => undefined)
  const told: string[] = []
  const first = (): void => {
    told.push('first')
    emitter.off('save', first)
  }
  emitter.on('save', first)
  emitter.on('save', () => told.push('second'))
  emitter.emit('save', EVENT)
  emitter.emit('save', EVENT)
  t.deepEqual(told, ['first', 'second', 'second'])
})

test('an event is traced in a line, an error by its code alone', (t) => {
  const lines: string[] = []
  const emitter = new SessionEmitter((text) => lines.push(text))
  emitter.emit('conflict', { ...EVENT, key: 'cart' })
  emitter.emit('error', new SessionError('ERR_SESSION_STORE', 'Down', { cause: new Error('disk') }))
  t.deepEqual(lines, ['conflict {"ref":"0123456789ab","key":"cart"}', 'error ERR_SESSION_STORE'])
})

test.serial('many listeners are no leak', async (t) => {
  const warnings = keepWarnings(t)
  const emitter = new SessionEmitter(() => undefined)
  let told = 0
  for (let count = 0; count < 50; count += 1) emitter.on('save', () => (told += 1))
  emitter.emit('save', EVENT)
  t.is(told, 50)
  await settle()
  t.deepEqual(warnings, [])
})
