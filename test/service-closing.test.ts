import test from 'ava'
import { settle } from './support/alarm.ts'
import { Gate } from './support/gate.ts'
import { ScriptedStore } from './support/scripted-store.ts'
import { openService } from './support/service.ts'

const CLOSED = {
  code: 'ERR_SESSION_CLOSED',
  message: 'Sessions are closed: the server is shutting down',
}

test('close() without a request under way closes the store at once', async (t) => {
  const store = new ScriptedStore()
  const { service, alarm } = openService(store)
  await service.close()
  t.is(store.closed, 1)
  t.deepEqual(alarm.delays, [], 'nothing runs in the background any more')
})

test('close() waits for the requests under way, and for no other', async (t) => {
  const store = new ScriptedStore()
  const { service, alarm } = openService(store, undefined, { sweep: false })
  const ends = [service.begin(), service.begin()]
  const closing = service.close()
  await settle()
  t.is(store.closed, 0)
  t.deepEqual(alarm.delays, [5000])
  t.throws(() => service.begin(), CLOSED)
  ends[0]?.()
  ends[0]?.()
  await settle()
  t.is(store.closed, 0, 'one is still there, however often the other ends')
  ends[1]?.()
  await closing
  t.is(store.closed, 1)
  t.deepEqual(alarm.delays, [], 'the timer is let go of')
})

test('a request under way can still be served while close() waits', async (t) => {
  const store = new ScriptedStore()
  const { service, visit } = openService(store)
  const end = service.begin()
  const closing = service.close()
  const { visit: open } = await visit()
  open.session.a = 1
  await open.create()
  t.is((await store.names()).length, 1)
  end()
  await closing
})

test('close() gives up on a request after 5 seconds', async (t) => {
  const store = new ScriptedStore()
  const { service, alarm } = openService(store, undefined, { sweep: false })
  const end = service.begin()
  const closing = service.close()
  await settle()
  t.is(store.closed, 0)
  alarm.ring()
  await closing
  t.is(store.closed, 1)
  t.notThrows(end)
})

test('close() a second time is the first', async (t) => {
  const store = new ScriptedStore()
  const { service } = openService(store)
  t.is(service.close(), service.close())
  await service.close()
  t.is(store.closed, 1)
})

test('close() ends a sweep that is under way before it closes the store', async (t) => {
  const store = new ScriptedStore()
  const gate = new Gate()
  const order: string[] = []
  store.sweep = async ({ signal }) => {
    await gate.passed
    order.push(`swept, told to end: ${signal?.aborted}`)
    return { scanned: 0, removed: 0, damaged: 0, litter: 0, failed: 0, skipped: false }
  }
  const { close } = store
  store.close = () => {
    order.push('closed')
    return close.call(store)
  }
  const { service } = openService(store)
  const sweep = service.clearExpired()
  const closing = service.close()
  await settle()
  gate.open()
  await Promise.all([sweep, closing])
  t.deepEqual(order, ['swept, told to end: true', 'closed'])
})

test('after close() nothing is begun', async (t) => {
  const { service } = openService()
  await service.close()
  await t.throwsAsync(service.ready(), CLOSED)
  t.throws(() => service.clearExpired(), CLOSED)
  t.throws(() => service.begin(), CLOSED)
  await t.throwsAsync(service.destroyAll(), { code: 'ERR_SESSION_CLOSED' })
  await t.throwsAsync(service.list().next(), { code: 'ERR_SESSION_CLOSED' })
})
