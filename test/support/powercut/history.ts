/** How sessions are committed. */
export type Way = 'in place' | 'by replacing'

/**
 * Which syncs do what they should: all; those of files (fdatasync), not of directories (fsync); none.
 * Whatever is left out must be seen.
 */
export type Syncs = 'all' | 'files' | 'none'

/** What a workload is told. */
export interface WorkloadOptions {
  readonly directory: string
  /** The file that takes notes. */
  readonly note: string
  readonly way: Way
  /** Durable saves of each long-lived session. */
  readonly saves: number
  readonly syncs: Syncs
}

/**
 * What is done to a session: a save that is durable, one that is not, one that is not and is larger
 * than all before it, so that its file is replaced also by one process alone; its removal.
 */
export type Feat = 'durable' | 'plain' | 'outgrowing' | 'remove'

/** What stands in every 512 bytes of a session. */
export const MARKER = '~session'

/** The text of a version of a session, unlike that of any other. */
export function sessionText(index: number, version: number, size: number): string {
  const word = `${MARKER} ${index} ${version} ${size}~`
  return word.repeat(Math.ceil(size / word.length)).slice(0, size)
}

/** The version whose text this is, or undefined when it is none of that session. */
export function versionOf(text: string, index: number): number | undefined {
  const [, ofIndex, version, size] = /^~session (\d+) (\d+) (\d+)~/.exec(text) ?? []
  if (Number(ofIndex) !== index) return undefined
  return text === sessionText(index, Number(version), Number(size)) ? Number(version) : undefined
}

/** What is known of a session from the notes. */
export interface Past {
  /** The newest version whose durable save was acknowledged; 0 for none. */
  durable: number
  /** The newest version that was begun. */
  begun: number
  /** A save that was not durable was begun after the last one that was, and was acknowledged. */
  plainSince: boolean
  /** One of those was larger than all before it. */
  outgrown: boolean
  removal: 'none' | 'begun' | 'done'
}

/** The past of every session, by its index. */
export function readNotes(lines: readonly string[]): Map<number, Past> {
  const pasts = new Map<number, Past>()
  for (const line of lines) {
    const [step, index, feat, version] = line.split(' ')
    const past = pasts.get(Number(index)) ?? {
      durable: 0,
      begun: 0,
      plainSince: false,
      outgrown: false,
      removal: 'none',
    }
    pasts.set(Number(index), past)
    past.begun = Math.max(past.begun, Number(version))
    if (feat === 'remove') past.removal = step === 'done' ? 'done' : 'begun'
    if (feat === 'plain' || feat === 'outgrowing') past.plainSince = true
    if (feat === 'outgrowing') past.outgrown = true
    if (feat === 'durable' && step === 'done') {
      past.durable = Number(version)
      past.plainSince = past.outgrown = false
    }
  }
  return pasts
}

/**
 * What a power cut did to a session:
 *
 * - torn: it holds what nobody ever stored;
 * - lost: a durable save that was acknowledged is not there;
 * - revived: it was removed, and is back;
 * - plain: a durable save is not there, but others went over it that were not durable;
 * - outgrown: the same, and one of those was larger than all before it.
 */
export type Verdict = 'fine' | 'torn' | 'lost' | 'revived' | 'plain' | 'outgrown'

/** Judges what was found of a session: its text, `'damaged'`, or undefined. */
export function judge(index: number, past: Past, found: string | undefined): Verdict {
  const version = found === undefined || found === 'damaged' ? 0 : versionOf(found, index)
  if (version === undefined || version > past.begun) return 'torn'
  if (past.removal === 'done') return found === undefined ? 'fine' : 'revived'
  if (past.removal === 'begun' && found === undefined) return 'fine'
  if (version >= past.durable) return 'fine'
  if (past.outgrown) return 'outgrown'
  return past.plainSince ? 'plain' : 'lost'
}
