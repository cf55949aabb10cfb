import type { Target, Visitor } from './target.ts'

/** What a request was, and what the server answered. */
export interface Exchange {
  readonly path: '/read' | '/write' | '/create' | '/update'
  readonly visitor: Visitor
  readonly status: number
  readonly body: string
  readonly setsCookie: boolean
}

/**
 * What is wrong with an answer, in a few words; undefined when it is right. A right one, and one
 * that is wrong by a number, moves the visitor's count on.
 */
export function judge(target: Pick<Target, 'keeps'>, exchange: Exchange): string | undefined {
  const { path, visitor, status, body, setsCookie } = exchange
  if (status !== 200) return `status ${status}`
  const added = path === '/write' ? 1 : 0
  const count = Number(body)
  if (target.keeps === 'nothing') return count === added ? undefined : 'wrong answer'
  if (path === '/create') return count === 0 && setsCookie ? undefined : 'no session made'
  if (Number.isNaN(count)) return 'session not found'
  if (path === '/update') {
    // All connections are at this one session: answers may come in another order than updates.
    visitor.count = Math.max(visitor.count, count)
    return undefined
  }
  const expected = visitor.count + added
  if (target.keeps === 'cookie') {
    return count === expected && (added === 0 || setsCookie) ? undefined : 'write lost'
  }
  const { unsure } = visitor
  visitor.count = count
  visitor.unsure = 0
  if (count < expected) return 'write lost'
  return count > expected + unsure ? 'write counted twice' : undefined
}
