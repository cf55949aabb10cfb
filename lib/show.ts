import type { Data } from './data.ts'
import { parseData, type SerializedData, serializeData } from './record.ts'
import type { Session } from './session.ts'

/**
 * Makes a session object show what was stored. A key whose value was changed since `committed` was
 * taken keeps that change, and a value with the same JSON stays the same object.
 */
export function showStored(session: Session, committed: SerializedData, stored: string): void {
  const values = parseData(stored)
  const data: Data = session
  for (const key of new Set([...Object.keys(session), ...Object.keys(values)])) {
    const shown = textOf(data[key as keyof Data])
    if (shown !== committed.get(key) || shown === textOf(values[key])) continue
    if (Object.hasOwn(values, key)) data[key as keyof Data] = values[key] as never
    else delete data[key as keyof Data]
  }
}

/**
 * The JSON text of a value; one that has none is a change of its own, told apart from every text.
 */
function textOf(value: unknown): string | undefined {
  try {
    return serializeData({ value }, new Set(), Number.POSITIVE_INFINITY).get('value')
  } catch {
    return 'not JSON'
  }
}
