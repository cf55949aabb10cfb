import { drawRandomBytes, type SessionId } from '../../lib/id.ts'
import { Keyring } from '../../lib/keyring.ts'
import type { SessionRecord } from '../../lib/record.ts'
import { type RecordChange, SealedStore } from '../../lib/sealed-store.ts'
import { ChangingKeys } from './changing-keys.ts'
import { Clock } from './clock.ts'
import { ScriptedStore } from './scripted-store.ts'
import { ID, recordOf } from './stored.ts'

/** What {@link putRecord} puts in, unless it is told otherwise. */
export const RECORD: SessionRecord = recordOf({ secret: 'of the visitor' })

/** A sealed store, and what it stands on. */
export interface OpenedSealedStore {
  readonly sealed: SealedStore
  readonly store: ScriptedStore
  readonly source: ChangingKeys
  readonly clock: Clock
}

/** A sealed store with the keys of `source`, over `store`. */
export function openSealedStore(
  store: ScriptedStore = new ScriptedStore(),
  source: ChangingKeys = new ChangingKeys(1),
): OpenedSealedStore {
  const clock = new Clock()
  const keyring = new Keyring(source, 'sid', clock.monotonic)
  return { sealed: new SealedStore(store, keyring, drawRandomBytes, 1e6), store, source, clock }
}

/** Another process over the same store. */
export const openAnother = (store: ScriptedStore, ...keys: readonly number[]): SealedStore =>
  openSealedStore(store, new ChangingKeys(...keys)).sealed

/** Stores a session under {@link ID}. */
export const putRecord = (sealed: SealedStore, record: SessionRecord = RECORD): Promise<void> =>
  sealed.update(ID, () => record, false)

/** What an update that answers so is given for the newest record, in each of its runs. */
export async function seeNewest(
  sealed: SealedStore,
  id: SessionId = ID,
  answer: RecordChange = 'keep',
): Promise<readonly unknown[]> {
  const seen: unknown[] = []
  await sealed.update(
    id,
    (newest) => {
      seen.push(newest)
      return answer
    },
    false,
  )
  return seen
}
