import { type RandomBytes, type SessionId, toSessionId } from '../../lib/id.ts'
import { Keyring } from '../../lib/keyring.ts'
import { SealedStore } from '../../lib/sealed-store.ts'
import type { Store } from '../../lib/store.ts'
import { Vault } from '../../lib/vault.ts'
import { ChangingKeys } from './changing-keys.ts'
import { BEGAN, DAY } from './stored.ts'

/** A durable vault over a store. Ids are drawn by `random`; no time passes unless `now` says so. */
export function openVaultOn(
  store: Store,
  random: RandomBytes,
  now: () => number = () => BEGAN,
): Vault {
  const keyring = new Keyring(new ChangingKeys(1), 'sid', () => 0)
  const sealed = new SealedStore(store, keyring, random, 1e6)
  const limits = { idle: DAY, absolute: 14 * DAY }
  const emit = (): void => {}
  return new Vault(sealed, { now, random, emit, limits, durable: true, maxBytes: 10_000 })
}

/** Bytes that are the same in every run: 1, 1, 1 … at the first call, 2, 2, 2 … at the next. */
export function countBytes(): RandomBytes {
  let calls = 0
  return (length) => Buffer.alloc(length, ++calls)
}

/** The id whose bytes are all this one. */
export const idOf = (byte: number): SessionId => toSessionId(Buffer.alloc(32, byte))
