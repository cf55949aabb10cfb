import { createHash } from 'node:crypto'
import { Keyring, type KeySource } from '../../lib/keyring.ts'

/** 32 bytes that look random and are the same in every run. */
export function keyOf(seed: string): Buffer {
  return createHash('sha256').update(seed).digest()
}

/** Two keys whose ids, 4 bytes of a hash each, are the same: found by trying 200,000. */
export const TWINS: readonly [Buffer, Buffer] = [keyOf('master 148989'), keyOf('master 203881')]

/** A source that gives these keys, for ever. */
export function fixedSource(...keys: readonly Buffer[]): KeySource {
  return { load: async () => keys }
}

/** A ring that is ready. */
export async function ringOf(context: string, ...keys: readonly Buffer[]): Promise<Keyring> {
  const ring = new Keyring(fixedSource(...keys), context, () => 0)
  await ring.ready()
  return ring
}
