import { setImmediate } from 'node:timers/promises'
import test from 'ava'
import { nodeEnvironment } from '../../../../stores/file/environment.ts'
import type { Verdict } from '../../../../stores/file/owner.ts'
import {
  ANSWER,
  Peers,
  type PeersOptions,
  QUESTION,
} from '../../../../stores/file/tenancy/peers.ts'
import { type Line, scriptSockets } from '../../../support/scripted-sockets.ts'

const NAME = '0123456789abcdef'
const process = (boot: string, thread = 0): string => `t-${boot}-1-2-3-${thread}`
const [BOOT, FORMER_BOOT] = ['b0070000', 'f0000000']

/** The others as one sees them on this machine, when `code` is how their sockets answer. */
function openPeers(
  code: string,
  options: Partial<PeersOptions> = {},
): { peers: Peers; lines: readonly Line[] } {
  const sockets = scriptSockets(() => code)
  const peers = new Peers({
    place: { environment: nodeEnvironment, sockets, directory: '/tenants' },
    local: true,
    inode: '1',
    owner: process(BOOT),
    judgeOwner: async () => 'unknown',
    onEnd: () => {},
    ...options,
  })
  return { peers, lines: sockets.lines }
}

const tenant = { name: NAME, owner: process(BOOT), directory: '1' }

test('who answers is alive, whatever else is told of it', async (t) => {
  const { peers } = openPeers('answers', { judgeOwner: async () => 'dead' })
  t.is(await peers.judge({ ...tenant, owner: process(FORMER_BOOT), directory: '2' }), 'alive')
})

test('who cannot be reached is dead only when the kernel says so', async (t) => {
  const rebooted = { owner: process(FORMER_BOOT) }
  const thread = { owner: process(BOOT, 7) }
  const verdicts: readonly [string, object, boolean, Verdict][] = [
    ['ECONNREFUSED', {}, true, 'dead'],
    ['ECONNREFUSED', {}, false, 'unknown'],
    ['ECONNREFUSED', rebooted, false, 'unknown'],
    ['ECONNREFUSED', thread, true, 'unknown'],
    ['ECONNREFUSED', { owner: process(FORMER_BOOT, 7) }, true, 'dead'],
    ['ENOENT', {}, true, 'unknown'],
    ['ENOENT', rebooted, true, 'dead'],
    ['ENOENT', { directory: '2' }, true, 'dead'],
    ['ENOENT', rebooted, false, 'unknown'],
    ['ENOENT', { directory: '2' }, false, 'unknown'],
    ['EACCES', rebooted, true, 'unknown'],
    ['EAGAIN', {}, true, 'unknown'],
    ['EMFILE', {}, true, 'unknown'],
  ]
  for (const [code, change, local, verdict] of verdicts) {
    const { peers } = openPeers(code, { local })
    t.is(
      await peers.judge({ ...tenant, ...change }),
      verdict,
      JSON.stringify([code, change, local]),
    )
  }
})

test('who cannot be reached and whose process has ended is dead; one that lives is not proven so', async (t) => {
  for (const [told, verdict] of [
    ['dead', 'dead'],
    ['alive', 'unknown'],
    ['unknown', 'unknown'],
  ] as const) {
    const { peers } = openPeers('EACCES', { judgeOwner: async () => told })
    t.is(await peers.judge(tenant), verdict)
  }
})

test('a question is asked once, and answered by nothing but the answer', async (t) => {
  const { peers, lines } = openPeers('answers')
  let answered: boolean | undefined
  const asked = [peers.ask(NAME), peers.ask(NAME)].map(async (each) => {
    answered = await each
    return answered
  })
  await setImmediate()
  const [line] = lines
  t.deepEqual([lines.length, line?.sent], [1, [QUESTION]])
  line?.handlers.line('something else')
  await setImmediate()
  t.is(answered, undefined)
  line?.handlers.line(ANSWER)
  t.deepEqual(await Promise.all(asked), [true, true])
})

test('who ends, or cannot be reached, has not answered', async (t) => {
  const { peers, lines } = openPeers('answers')
  const asked = peers.ask(NAME)
  await setImmediate()
  lines[0]?.handlers.end()
  t.false(await asked)
  t.false(await openPeers('ECONNREFUSED').peers.ask(NAME))
})

test('an answer to a question that was forgotten is none to the next', async (t) => {
  const { peers, lines } = openPeers('answers')
  void peers.ask(NAME)
  await setImmediate()
  peers.forgetAnswers()
  let answered: boolean | undefined
  const asked = peers.ask(NAME).then((each) => {
    answered = each
  })
  await setImmediate()
  t.true(lines[0]?.isClosed)
  lines[0]?.handlers.line(ANSWER)
  lines[0]?.handlers.end()
  await setImmediate()
  t.is(answered, undefined)
  t.deepEqual(lines[1]?.sent, [QUESTION])
  lines[1]?.handlers.line(ANSWER)
  await asked
  t.true(answered)
})

test('the end of a connection is told, until all are closed', async (t) => {
  let ends = 0
  const { peers, lines } = openPeers('answers', { onEnd: () => ends++ })
  await peers.judge(tenant)
  lines[0]?.handlers.end()
  t.is(ends, 1)
  await peers.judge(tenant)
  t.is(lines.length, 2, 'it is reached anew')
  peers.close()
  lines[1]?.handlers.end()
  t.is(ends, 1)
})
