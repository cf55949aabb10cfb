import { once } from 'node:events'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import test from 'ava'
import { lineOf, startScript } from '../../support/child.ts'
import { appending, nameOf, openStore, storing, textOf } from '../../support/file-store.ts'
import { strideOf } from '../../support/proof.ts'
import { findLitter } from '../../support/torture.ts'

const NAME = nameOf(1)
/** Killed at one call in so many. */
const STRIDE = strideOf(4)
/** The calls that change something: between two of them the disk is as it was. */
const CHANGING = ['mkdir', 'open', 'write', 'rename', 'unlink', 'rmdir']

for (const [what, first, change, after] of [
  ['a replacement', 1, "appending(', two')", 'one, two'],
  ['a removal', 2, 'removing', undefined],
] as const) {
  test(`a process killed before any step of ${what} leaves the old or the new version, and locks nobody out`, async (t) => {
    for (let call = first; ; call += STRIDE) {
      // Twenty times as fast: an empty lock is broken after half a second.
      const monotonic = (): number => performance.now() * 20
      const { store, directory } = openStore(t, { monotonic }, { lockTimeout: 20_000 })
      await store.update(NAME, storing('one'))
      const body = `
        await store.ready()
        const CHANGING = ${JSON.stringify(CHANGING)}
        let calls = 0
        hooks.intercept = ({ method, proceed }) => {
          if (CHANGING.includes(method) && ++calls === ${call}) process.kill(process.pid, 'SIGKILL')
          return proceed()
        }
        await store.update(names[0], ${change}, { durable: true })`
      const [code, signal] = await once(startScript(t, { directory, names: [NAME], body }), 'exit')
      if (signal !== 'SIGKILL') {
        t.is(code, 0)
        return t.true(call > 5, `${call} calls`)
      }
      const stored = await textOf(store, NAME)
      t.true(stored === 'one' || stored === after, `killed at call ${call}: ${stored}`)
      await store.update(NAME, appending('!'))
      t.is(await textOf(store, NAME), stored && `${stored}!`, `killed at call ${call}`)
      await store.sweep({ now: 0, grace: 0, damagedAfter: 0 })
      t.deepEqual(findLitter(join(directory, 'sid')), [], `killed at call ${call}`)
    }
  })
}

for (const [what, halt, resume] of [
  ['stopped', "process.kill(process.pid, 'SIGSTOP')", true],
  [
    'whose event loop is blocked',
    'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 4000)',
    false,
  ],
] as const) {
  test(`a process ${what} before its commit lets others go on, and overwrites nothing afterwards`, async (t) => {
    const monotonic = (): number => performance.now() * 30
    const { store, directory } = openStore(t, { monotonic }, { lockTimeout: 90_000 })
    await store.update(NAME, storing('one'))
    const body = `
      let halted = false
      hooks.intercept = ({ method, path, proceed }) => {
        if (method === 'rename' && path.includes('.session.lock') && !halted) {
          halted = true
          say('halted')
          ${halt}
        }
        return proceed()
      }
      await store.update(names[0], appending(', two'))`
    const child = startScript(t, { directory, names: [NAME], body })
    const exited = once(child, 'exit')
    await lineOf(child, 'halted')
    await store.update(NAME, appending(', three'))
    t.is(await textOf(store, NAME), 'one, three')
    // Again and again: on a busy machine the first may come before the process has stopped.
    const resuming = setInterval(() => resume && child.kill('SIGCONT'), 50)
    t.deepEqual(await exited, [0, null])
    clearInterval(resuming)
    t.is(await textOf(store, NAME), 'one, three, two')
    t.deepEqual(findLitter(join(directory, 'sid')), [])
  })
}

test('a process ended by SIGTERM while it commits has kept what it acknowledged', async (t) => {
  const { store, directory } = openStore(t)
  for (let index = 0; index < 8; index++) await store.update(nameOf(index), storing(''))
  const journal = join(directory, 'journal')
  writeFileSync(journal, '')
  const body = `
    say('begun')
    await Promise.all(names.map(async (name) => {
      for (let count = 0; ; count++) {
        await store.update(name, appending(count + ','))
        appendFileSync(directory + '/journal', name + ' ' + count + '\\n')
      }
    }))`
  const names = Array.from({ length: 8 }, (_, index) => nameOf(index))
  const child = startScript(t, { directory, names, body })
  const exited = once(child, 'exit')
  await lineOf(child, 'begun')
  // A busy machine may take a while to the first one.
  while (readFileSync(journal).length === 0) await delay(5)
  await delay(100)
  child.kill('SIGTERM')
  t.deepEqual(await exited, [null, 'SIGTERM'])
  const acked = readFileSync(journal, 'latin1').split('\n').filter(Boolean)
  t.true(acked.length > 0)
  for (const line of acked) {
    const [name = '', count = ''] = line.split(' ')
    t.true(
      (await textOf(store, name))?.split(',').includes(count),
      'an acknowledged commit is there',
    )
  }
  t.true(readdirSync(join(directory, 'sid')).length > 0)
})
