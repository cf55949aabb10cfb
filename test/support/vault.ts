import type { ExecutionContext } from 'ava'
import type { Draft } from '../../lib/draft.ts'
import type { SessionEventName } from '../../lib/events.ts'
import { drawRandomBytes, type SessionId } from '../../lib/id.ts'
import { Keyring } from '../../lib/keyring.ts'
import { splitData } from '../../lib/record.ts'
import { SealedStore } from '../../lib/sealed-store.ts'
import { type StoredSession, Vault, type VaultOptions } from '../../lib/vault.ts'
import { ChangingKeys } from './changing-keys.ts'
import { Clock } from './clock.ts'
import { ScriptedStore } from './scripted-store.ts'
import { BEGAN, DAY, ID, recordOf } from './stored.ts'

/** An event of a vault. */
export interface ToldEvent {
  readonly name: SessionEventName
  readonly [detail: string]: unknown
}

/** A vault, and all that is around it. */
export interface OpenedVault {
  readonly vault: Vault
  readonly store: ScriptedStore
  readonly clock: Clock
  readonly events: ToldEvent[]
}

/** A vault of one process over `store`. Its clock begins where the sessions of `stored.ts` do. */
export function openVault(
  store: ScriptedStore = new ScriptedStore(),
  changes: Partial<VaultOptions> = {},
  keys: ChangingKeys = new ChangingKeys(1),
): OpenedVault {
  const clock = new Clock(BEGAN)
  const events: ToldEvent[] = []
  const keyring = new Keyring(keys, 'sid', clock.monotonic)
  const sealed = new SealedStore(store, keyring, drawRandomBytes, 1e6)
  const vault = new Vault(sealed, {
    now: clock.now,
    random: drawRandomBytes,
    emit: (name, event) => events.push({ name, ...event }),
    limits: { idle: DAY, absolute: 14 * DAY },
    durable: false,
    maxBytes: 1000,
    ...changes,
  })
  return { vault, store, clock, events }
}

/** What a request makes of a session: this data. */
export const draftOf = (data: object): Draft => ({ values: splitData(JSON.stringify(data)) })

/** Stores a new session under {@link ID}. */
export const begin = (vault: Vault, data: object = { a: 1 }): Promise<StoredSession> =>
  vault.create(recordOf(data), ID, false)

/** The data of a session as a process that has never seen it reads it; undefined when there is none. */
export async function dataOf(store: ScriptedStore, id: SessionId): Promise<unknown> {
  const stored = await openVault(store).vault.load(id)
  return stored && JSON.parse(stored.record.data)
}

/** The session, of what may have been gone. */
export function present(
  t: ExecutionContext,
  stored: StoredSession | string | undefined,
): StoredSession {
  t.is(typeof stored, 'object', `${stored}`)
  return stored as StoredSession
}
