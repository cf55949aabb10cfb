import type { ExecutionContext } from 'ava'

/** Nobody has put anything on the prototype of all objects. */
export function assertUntouched(t: ExecutionContext): void {
  t.deepEqual(Object.keys(Object.prototype), [])
  t.is(({} as Record<string, unknown>).admin, undefined)
  t.is(({} as Record<string, unknown>).polluted, undefined)
}
