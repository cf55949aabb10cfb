import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Exchange, judge } from './judge.ts'

function exchange(parts: Partial<Exchange>): Exchange {
  const visitor = { cookie: 'sid=1', count: 4, unsure: 0 }
  return { path: '/read', visitor, status: 200, body: '4', setsCookie: false, ...parts }
}

const store = { keeps: 'store' } as const

test('a read must see every write that was answered', () => {
  assert.equal(judge(store, exchange({})), undefined)
  assert.equal(judge(store, exchange({ body: '3' })), 'write lost')
})

test('a write must count one, and moves the count on', () => {
  const write = exchange({ path: '/write', body: '5' })
  assert.equal(judge(store, write), undefined)
  assert.equal(write.visitor.count, 5)
  assert.equal(judge(store, write), 'write lost')
})

test('a write that was not answered may have counted, once', () => {
  const visitor = { cookie: 'sid=1', count: 4, unsure: 1 }
  assert.equal(judge(store, exchange({ visitor, body: '5' })), undefined)
  assert.equal(judge(store, exchange({ visitor, body: '6' })), 'write counted twice')
})

test('a lost session and a refused request are failures, not fast answers', () => {
  assert.equal(judge(store, exchange({ body: 'undefined' })), 'session not found')
  assert.equal(judge(store, exchange({ status: 503 })), 'status 503')
  assert.equal(judge(store, exchange({ path: '/create', body: '0' })), 'no session made')
})

test('a session in a cookie counts from the cookie that was sent', () => {
  const cookie = { keeps: 'cookie' } as const
  const write = exchange({ path: '/write', body: '5', setsCookie: true })
  assert.equal(judge(cookie, write), undefined)
  assert.equal(judge(cookie, write), undefined)
  assert.equal(judge(cookie, { ...write, setsCookie: false }), 'write lost')
})
