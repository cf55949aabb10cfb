import { randomBytes } from 'node:crypto'
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { decodeFile, encodeFile } from '../library.ts'

/** Session files that nobody will visit. */
export interface FillSpec {
  /** The directory of a file store, with at least one session in it. */
  readonly directory: string
  readonly count: number
  /** One in so many is expired for long; 0: none. */
  readonly expiredEvery: number
}

const HOUR = 3_600_000

/** Copies a session of the store under new names: what a sweep and a listing see is real. */
export function fillStore({ directory, count, expiredEvery }: FillSpec): void {
  const store = join(directory, 'sid')
  const live = readSample(store)
  const frame = decodeFile(live)?.frame
  if (frame === undefined) throw new Error('The sample is not a session file')
  const expired = encodeFile({ ...frame, expires: Date.now() - HOUR })
  for (let shard = 0; shard < 256; shard++) {
    mkdirSync(join(store, hex(shard)), { recursive: true, mode: 0o700 })
  }
  for (let index = 0; index < count; index++) {
    const name = randomBytes(32).toString('hex')
    const path = join(store, name.slice(0, 2), `${name}.session`)
    const isExpired = expiredEvery > 0 && index % expiredEvery === 0
    const file = openSync(path, 'wx', 0o600)
    writeSync(file, isExpired ? expired : live)
    closeSync(file)
  }
}

function readSample(store: string): Buffer {
  const names = readdirSync(store, { recursive: true, encoding: 'utf8' })
  const name = names.find((each) => each.endsWith('.session'))
  if (name === undefined) throw new Error('There is no session to copy')
  return readFileSync(join(store, name))
}

function hex(shard: number): string {
  return shard.toString(16).padStart(2, '0')
}
