import { readFileSync } from 'node:fs'

/** A line of test/vectors/envelope.json: all but texts in hexadecimal. */
export interface EnvelopeVector {
  readonly name: string
  readonly master: string
  readonly context: string
  readonly id: string
  readonly salt: string
  readonly record: string
  readonly bytes: string
  /** `opens`, or the first check that fails. */
  readonly expect: string
}

/** A line of test/vectors/cookie.json. */
export interface CookieVector {
  readonly name: string
  readonly master: string
  readonly context: string
  readonly id: string
  readonly keyId: string
  readonly storeName: string
  readonly cookie: string
  /** `valid`, or what fails: its `form`, its authentication `code`. */
  readonly expect: string
}

export const envelopeVectors: readonly EnvelopeVector[] = readVectors('envelope')
export const cookieVectors: readonly CookieVector[] = readVectors('cookie')

function readVectors<T>(name: string): readonly T[] {
  const file = new URL(`../../../test/vectors/${name}.json`, import.meta.url)
  return JSON.parse(readFileSync(file, 'utf8'))
}
