import { spawnSync } from 'node:child_process'
import test from 'ava'
import { SessionError } from '../lib/errors.ts'
import { createSession, type Session } from '../lib/session.ts'
import { NotingHost } from './support/host.ts'

function open(data: object = {}): { session: Session; host: NotingHost } {
  const host = new NotingHost()
  return { session: createSession(host, data), host }
}

test('a method without a callback returns a promise', async (t) => {
  const { session, host } = open()
  t.is(await session.save(), undefined)
  t.is(await session.reload(), undefined)
  t.is(await session.regenerate(), undefined)
  t.is(await session.regenerate({ keep: true }), undefined)
  t.is(await session.destroy(), undefined)
  t.deepEqual(host.asked, [
    ['save'],
    ['reload'],
    ['regenerate', {}],
    ['regenerate', { keep: true }],
    ['destroy'],
  ])
  const error = new SessionError('ERR_SESSION_GONE', 'Gone')
  host.answer = () => Promise.reject(error)
  for (const call of ['save', 'reload', 'regenerate', 'destroy'] as const) {
    t.is(await t.throwsAsync(session[call]()), error)
  }
})

test('update() resolves to what the function returned', async (t) => {
  const { session } = open()
  t.is(await session.update((data) => data.from), 'the store')
})

const CALLS: Readonly<
  Record<string, (session: Session, callback: (error: Error | null) => void) => unknown>
> = {
  save: (session, callback) => session.save(callback),
  reload: (session, callback) => session.reload(callback),
  regenerate: (session, callback) => session.regenerate(callback),
  'regenerate with options': (session, callback) => session.regenerate({ keep: true }, callback),
  destroy: (session, callback) => session.destroy(callback),
}

for (const [name, call] of Object.entries(CALLS)) {
  test(`${name} with a callback returns nothing, and calls it once with null`, async (t) => {
    const { session, host } = open()
    const errors: unknown[] = []
    const called = new Promise<void>((resolve) => {
      const returned = call(session, (error) => {
        errors.push(error)
        resolve()
      })
      t.is(returned, undefined)
    })
    t.deepEqual(errors, [], 'not before the call returns')
    await called
    t.deepEqual(errors, [null])
    t.is(host.asked.length, 1)
  })

  test(`${name} with a callback gives it the error, and leaves no rejection behind`, async (t) => {
    const { session, host } = open()
    const error = new SessionError('ERR_SESSION_STORE', 'Down')
    host.answer = () => Promise.reject(error)
    const given = await new Promise((resolve) => void call(session, resolve))
    t.is(given, error)
  })
}

test('regenerate() with options and a callback passes the options on', async (t) => {
  const { session, host } = open()
  await new Promise((resolve) => session.regenerate({ keep: true }, resolve))
  t.deepEqual(host.asked, [['regenerate', { keep: true }]])
})

test('a callback that throws is an uncaught exception, as anywhere in Node, not a lost rejection', (t) => {
  const { status, stdout } = spawnSync(
    process.execPath,
    [
      '--input-type=module',
      '--eval',
      `import { createSession } from '${new URL('../lib/session.js', import.meta.url)}'
       process.on('uncaughtException', (error, origin) => console.log(origin, error.message))
       const host = { save: () => Promise.resolve() }
       createSession(host, {}).save(() => { throw new Error('mine') })`,
    ],
    { encoding: 'utf8', timeout: 20_000 },
  )
  t.is(status, 0)
  t.is(stdout, 'uncaughtException mine\n')
})

test('null in place of a callback does not end the process', (t) => {
  const { status } = spawnSync(
    process.execPath,
    [
      '--input-type=module',
      '--eval',
      `import { createSession } from '${new URL('../lib/session.js', import.meta.url)}'
       const host = { save: () => Promise.resolve() }
       try { await createSession(host, {}).save(null) } catch {}
       await new Promise((resolve) => setImmediate(resolve))`,
    ],
    { timeout: 20_000 },
  )
  t.is(status, 0)
})
