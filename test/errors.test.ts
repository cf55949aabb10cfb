import test from 'ava'
import { headersSent, SessionError, type SessionErrorCode } from '../lib/errors.ts'

test('an error has its code, its message and the name of its class', (t) => {
  const error = new SessionError('ERR_SESSION_GONE', 'Gone')
  t.true(error instanceof Error)
  t.is(error.code, 'ERR_SESSION_GONE')
  t.is(error.message, 'Gone')
  t.is(error.name, 'SessionError')
  t.regex(error.stack ?? '', /^SessionError: Gone/)
  t.false('cause' in error)
  t.is(error.committed, undefined)
})

test('the error beneath is kept, even when it is undefined', (t) => {
  const cause = new Error('disk')
  t.is(new SessionError('ERR_SESSION_STORE', 'Failed', { cause }).cause, cause)
  t.true('cause' in new SessionError('ERR_SESSION_STORE', 'Failed', { cause: undefined }))
})

test('a write of unknown outcome says so', (t) => {
  const error = new SessionError('ERR_SESSION_STORE', 'Failed', { committed: 'unknown' })
  t.is(error.committed, 'unknown')
})

test('what may pass by itself becomes a 503 to be tried again, all else a 500', (t) => {
  const passing: SessionErrorCode[] = [
    'ERR_SESSION_LOCK_TIMEOUT',
    'ERR_SESSION_KEY_FILE',
    'ERR_SESSION_DIRECTORY',
    'ERR_SESSION_CLOSED',
  ]
  for (const code of passing) {
    const { status, headers } = new SessionError(code, 'Later')
    t.is(status, 503, code)
    t.deepEqual(headers, { 'Retry-After': '1' }, code)
  }
  const lasting: SessionErrorCode[] = ['ERR_SESSION_OPTION', 'ERR_SESSION_VALUE']
  for (const code of [...lasting, 'ERR_SESSION_STORE', 'ERR_SESSION_TOO_LARGE'] as const) {
    const { status, headers } = new SessionError(code, 'Never')
    t.is(status, 500, code)
    t.deepEqual(headers, {}, code)
  }
})

test('a status that is given goes before that of the code', (t) => {
  const read = new SessionError('ERR_SESSION_STORE', 'Cannot be read', { status: 503 })
  t.is(read.status, 503)
  t.deepEqual(read.headers, { 'Retry-After': '1' })
  t.deepEqual(new SessionError('ERR_SESSION_CLOSED', 'Closed', { status: 500 }).headers, {})
})

test('a visitor never sees the message', (t) => {
  t.false(new SessionError('ERR_SESSION_CLOSED', 'Closed').expose)
})

test('headersSent() says what was not done and what to do', (t) => {
  const error = headersSent('the new session was not stored')
  t.is(error.code, 'ERR_SESSION_HEADERS_SENT')
  t.is(error.status, 500)
  t.is(
    error.message,
    'The response has begun, so no cookie can be sent any more: the new session was not stored. ' +
      'Do it before the first byte',
  )
})
