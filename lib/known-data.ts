import { isPlain } from './plain-data.ts'

/** What a container takes, an element or property of one, and a string beside its characters. */
const CONTAINER_BYTES = 64
const ELEMENT_BYTES = 8
const STRING_BYTES = 24

/** The most that is kept for a character of JSON text, in bytes: ordinary data take less. */
export const KEPT_BYTES_PER_UNIT = 6

/** What JSON can say. */
type Value = string | number | boolean | null | readonly Value[] | { readonly [key: string]: Value }

/**
 * What the text of a record says. It is parsed for each request, until a second one asks: then a
 * parsed form is kept, of which each gets a copy of its own. To copy and to compare objects costs a
 * server a fraction of what it costs to read and write text.
 */
export class KnownData {
  #isAsked = false
  #kept: object | undefined

  /** The data as an object that nobody else has. `parse` parses the text. */
  open(text: string, parse: (text: string) => object): object {
    if (this.#kept !== undefined) return copyValue(this.#kept as Value) as object
    const data = parse(text)
    if (!this.#isAsked) this.#isAsked = true
    else if (sizeOf(data as Value) <= KEPT_BYTES_PER_UNIT * text.length) {
      this.#kept = copyValue(data as Value) as object
    }
    return data
  }

  /**
   * `true` when `data` would be written as the very text. `false` says nothing: only its text can tell.
   *
   * A getter may run here, and again where it is written.
   */
  isWrittenBy(data: object): boolean {
    try {
      return this.#kept !== undefined && hasSameMembers(data, this.#kept as ValueObject)
    } catch {
      // A getter threw: whoever writes it says where.
      return false
    }
  }
}

type ValueObject = { readonly [key: string]: Value }

function copyValue(value: Value): Value {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(copyValue)
  const copy: Record<string, Value> = {}
  for (const key of Object.keys(value)) {
    const inner = copyValue((value as ValueObject)[key] as Value)
    // A plain assignment could be refused, or taken, by what the application did to Object.prototype.
    if (!(key in copy)) copy[key] = inner
    else {
      const property = { value: inner, writable: true, enumerable: true, configurable: true }
      Object.defineProperty(copy, key, property)
    }
  }
  return copy
}

function isSame(value: unknown, kept: Value): boolean {
  if (typeof kept !== 'object' || kept === null) return value === kept
  if (typeof value !== 'object' || value === null || !isPlain(value)) return false
  if (!Array.isArray(kept))
    return !Array.isArray(value) && hasSameMembers(value, kept as ValueObject)
  if (!Array.isArray(value) || value.length !== kept.length) return false
  return kept.every((element, index) => isSame(value[index], element))
}

function hasSameMembers(data: object, kept: ValueObject): boolean {
  const keys = Object.keys(data)
  const keptKeys = Object.keys(kept)
  if (keys.length !== keptKeys.length) return false
  for (let index = 0; index < keys.length; index += 1) {
    const key = keys[index] as string
    if (key !== keptKeys[index]) return false
    if (!isSame((data as Record<string, unknown>)[key], kept[key] as Value)) return false
  }
  return true
}

/** About what a value takes in memory, in bytes. */
function sizeOf(value: Value): number {
  if (typeof value === 'string') return STRING_BYTES + 2 * value.length
  if (typeof value !== 'object' || value === null) return 0
  let bytes = CONTAINER_BYTES
  for (const inner of Object.values(value)) bytes += ELEMENT_BYTES + sizeOf(inner)
  return bytes
}
