import { mkdtempSync, readdirSync, realpathSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { nodeEnvironment } from '../../../../stores/file/environment.ts'
import { removeDeadSockets } from '../../../../stores/file/tenancy/litter.ts'
import { scriptSockets } from '../../../support/scripted-sockets.ts'
import { makeTemporaryDirectory } from '../../../support/temporary-directory.ts'

const nameOf = (digit: string): string => digit.repeat(16)

/** What is left of files in the directory of the tenants when each answers as it is said of it. */
async function leftOf(
  t: ExecutionContext,
  answers: Readonly<Record<string, string>>,
): Promise<string[]> {
  const directory = mkdtempSync(join(realpathSync(makeTemporaryDirectory(t)), 't'))
  for (const file of Object.keys(answers)) writeFileSync(join(directory, file), '')
  const sockets = scriptSockets((path) => answers[path.slice(directory.length + 1)] ?? '')
  const place = { environment: nodeEnvironment, sockets, directory }
  await removeDeadSockets(place, { tenants: [], sole: [], shared: false })
  return readdirSync(directory).sort()
}

test('a socket that refuses is removed, one that is not finished too', async (t) => {
  const answers = {
    [`${nameOf('a')}.socket`]: 'ECONNREFUSED',
    [`${nameOf('b')}.new`]: 'ECONNREFUSED',
  }
  t.deepEqual(await leftOf(t, answers), [])
})

test('a socket that answers stays: somebody is about to enter the register', async (t) => {
  const answers = { [`${nameOf('a')}.new`]: 'answers', [`${nameOf('b')}.socket`]: 'answers' }
  t.deepEqual(await leftOf(t, answers), Object.keys(answers))
})

test('a socket of which nobody can tell stays', async (t) => {
  const answers = {
    [`${nameOf('a')}.socket`]: 'EMFILE',
    [`${nameOf('b')}.socket`]: 'EACCES',
    [`${nameOf('c')}.socket`]: 'EAGAIN',
  }
  t.deepEqual(await leftOf(t, answers), Object.keys(answers))
})

test('what is no socket of ours is not even tried', async (t) => {
  const answers = { register: 'ECONNREFUSED', 'notes.socket': 'ECONNREFUSED' }
  t.deepEqual(await leftOf(t, answers), ['notes.socket', 'register'])
})
