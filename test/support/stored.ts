import { type SessionId, toSessionId } from '../../lib/id.ts'
import { KnownData } from '../../lib/known-data.ts'
import type { SessionRecord } from '../../lib/record.ts'
import type { StoredSession } from '../../lib/vault.ts'

export const DAY = 86_400_000

/** The id of a session. */
export const ID: SessionId = toSessionId(Buffer.alloc(32, 1))

/** When the sessions of {@link recordOf} began, and were used last. */
export const BEGAN: number = Date.UTC(2026, 0, 1)

/** A record with this data: of a session that has just begun, unless `changes` say otherwise. */
export function recordOf(data: object, changes: Partial<SessionRecord> = {}): SessionRecord {
  return {
    created: BEGAN,
    active: BEGAN,
    deadline: BEGAN + 14 * DAY,
    idle: DAY,
    data: JSON.stringify(data),
    known: new KnownData(),
    ...changes,
  }
}

/** A session as it was seen in a store. */
export function storedOf(data: object, changes: Partial<SessionRecord> = {}): StoredSession {
  return { id: ID, record: recordOf(data, changes), isStale: false }
}
