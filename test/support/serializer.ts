import { joinData, serializeData } from '../../lib/record.ts'

/** Names that are not free for keys at the top level. */
export const RESERVED: ReadonlySet<string> = new Set(['save', 'maxAge'])

/** The most bytes that {@link textOf} takes unless it is told otherwise. */
export const MAX_BYTES: number = 65_536

/** The text that data is kept as. */
export function textOf(data: object, maxBytes: number = MAX_BYTES): string {
  return joinData(serializeData(data, RESERVED, maxBytes))
}
