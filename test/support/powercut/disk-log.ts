/** What happened to a logging disk, in order. */
export type DiskEvent =
  | { readonly kind: 'write'; readonly offset: number; readonly bytes: Buffer }
  | { readonly kind: 'flush' }
  | { readonly kind: 'note'; readonly text: string }

const HEAD_BYTES = 13
const PAGE_BYTES = 4096
const SECTOR_BYTES = 512

/** Reads the log that `disk.c` wrote. */
export function parseDiskLog(log: Buffer): DiskEvent[] {
  const events: DiskEvent[] = []
  for (let at = 0; at < log.length; ) {
    const kind = String.fromCharCode(log[at] as number)
    const offset = Number(log.readBigUInt64LE(at + 1))
    const length = log.readUInt32LE(at + 9)
    const bytes = log.subarray(at + HEAD_BYTES, at + HEAD_BYTES + length)
    if (kind === 'W') events.push({ kind: 'write', offset, bytes })
    else if (kind === 'F') events.push({ kind: 'flush' })
    else events.push({ kind: 'note', text: bytes.toString('latin1') })
    at += HEAD_BYTES + length
  }
  return events
}

/** Some bytes that reached the disk. */
export interface Patch {
  readonly offset: number
  readonly bytes: Buffer
}

/**
 * What a disk may hold when the power fails after the first `end` events: all up to the last flush,
 * and of what came later any part. Pages of 4 KiB come or not, each by itself, with probability
 * `share`; those with `marker` in them, which are the ones of a store's files, may come in part, sector
 * by sector. (Of the file system's own pages some must come whole or not, as its makers rely on.)
 */
export function cutPower(
  events: readonly DiskEvent[],
  end: number,
  { share, marker, random }: { share: number; marker: string; random: () => number },
): Patch[] {
  const lastFlush = events.slice(0, end).findLastIndex(({ kind }) => kind === 'flush')
  const patches: Patch[] = []
  for (const [index, event] of events.slice(0, end).entries()) {
    if (event.kind !== 'write') continue
    if (index < lastFlush) patches.push(event)
    else patches.push(...surviving(event, share, marker, random))
  }
  return patches
}

function* surviving(
  { offset, bytes }: Patch,
  share: number,
  marker: string,
  random: () => number,
): Generator<Patch> {
  for (let start = 0; start < bytes.length; start += PAGE_BYTES) {
    if (random() >= share) continue
    const page = bytes.subarray(start, start + PAGE_BYTES)
    const isTorn = page.includes(marker) && random() < 0.5
    const step = isTorn ? SECTOR_BYTES : PAGE_BYTES
    for (let at = 0; at < page.length; at += step) {
      if (isTorn && random() < 0.5) continue
      yield { offset: offset + start + at, bytes: page.subarray(at, at + step) }
    }
  }
}

/** What had been noted when the first `end` events had happened, line by line. */
export function notesUntil(events: readonly DiskEvent[], end: number): string[] {
  return events
    .slice(0, end)
    .flatMap((event) => (event.kind === 'note' ? event.text.split('\n').filter(Boolean) : []))
}
