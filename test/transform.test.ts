import test from 'ava'
import type { Data } from '../lib/data.ts'
import { type SerializedData, serializeData, splitData } from '../lib/record.ts'
import { createTransform, type PreparedUpdate } from '../lib/transform.ts'

const serialize = (data: object): SerializedData => serializeData(data, new Set(['save']), 1000)

const prepare = <Result>(fn: (data: Data) => Result): PreparedUpdate<Result> =>
  createTransform(fn, serialize)

const valuesOf = (data: object): SerializedData => splitData(JSON.stringify(data))

test('the function is given the data, and what it leaves is what is stored', (t) => {
  const { transform } = prepare((data) => {
    data.count += 1
    delete data.old
  })
  const values = valuesOf({ count: 1, old: true })
  t.deepEqual(Object.fromEntries(transform(values)), { count: '2' })
  t.deepEqual(Object.fromEntries(values), { count: '1', old: 'true' })
})

test('each run begins with the values it is given, and the last one says the result', (t) => {
  const { transform, result } = prepare((data) => (data.count += 1))
  transform(valuesOf({ count: 1 }))
  t.is(result(), 2)
  transform(valuesOf({ count: 10 }))
  t.is(result(), 11)
})

test('what the function throws comes out as it is', (t) => {
  const error = new Error('mine')
  const { transform } = prepare(() => {
    throw error
  })
  t.is(
    t.throws(() => transform(valuesOf({}))),
    error,
  )
})

test('what the function leaves is checked as any other data', (t) => {
  const { transform } = prepare((data) => {
    data.save = 1
  })
  t.throws(() => transform(valuesOf({})), { code: 'ERR_SESSION_KEY_RESERVED' })
})

test('a promise is refused, and its rejection is nobody’s', async (t) => {
  const refused = {
    code: 'ERR_SESSION_UPDATE',
    message:
      'The function given to update() must not be async: it runs under the lock. Await first, then update',
  }
  const rejecting = prepare(() => Promise.reject(new Error('mine')))
  t.throws(() => rejecting.transform(valuesOf({})), refused)
  // biome-ignore lint/suspicious/noThenProperty: whatever has one is taken for a promise
  const thenable = prepare(() => ({ then: () => undefined }))
  t.throws(() => thenable.transform(valuesOf({})), refused)
})

test('a result that is no promise is given back as it is', (t) => {
  for (const value of [undefined, null, 0, 'then', {}, () => 1]) {
    const { transform, result } = prepare(() => value)
    transform(valuesOf({}))
    t.is(result(), value)
  }
})
