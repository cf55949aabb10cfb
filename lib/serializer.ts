import { types } from 'node:util'
import { SessionError, type SessionErrorOptions } from './errors.ts'

/** Data by top-level key: the JSON text of each value, in order. */
export type SerializedData = ReadonlyMap<string, string>

/** The levels of objects and arrays below the session. */
export const MAX_DEPTH = 100

/** UTF-8 takes three bytes at most for each of UTF-16's units. */
export const MOST_BYTES_PER_UNIT = 3

/** The characters of a key that a message shows. */
const MAX_KEY_LENGTH = 64

/** One step of a key path: a property, or a place in an array. */
type Step = string | number

type Properties = Readonly<Record<string, unknown>>

/**
 * Writes values as `JSON.stringify` does, but refuses what that would drop or change, with the key
 * path. For one use.
 */
export class Serializer {
  readonly #maxBytes: number
  readonly #path: Step[] = []
  readonly #ancestors: object[] = []
  #length = 0
  #refusal: SessionError | undefined

  /**
   * More than `maxBytes` characters end the work early, so that what refers to one object over and
   * over does too.
   */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** The JSON text of each value of `data`, which may have no key that is in `reserved`. */
  serialize(data: object, reserved: ReadonlySet<string>): SerializedData {
    try {
      return this.#root(data, reserved)
    } catch (cause) {
      if (cause === this.#refusal) throw cause
      throw this.#refuse('cannot be read: its getter or toJSON threw', { cause })
    }
  }

  #root(data: object, reserved: ReadonlySet<string>): SerializedData {
    const values = new Map<string, string>()
    this.#ancestors.push(data)
    for (const key of Object.keys(data)) {
      this.#path.push(key)
      if (reserved.has(key)) throw this.#reserved()
      const text = this.#property(data as Properties, key)
      if (text !== undefined) values.set(key, text)
      this.#path.pop()
    }
    return values
  }

  #property(holder: Properties, key: string): string | undefined {
    if (key === '__proto__') throw this.#reserved()
    return this.#value(holder[key], key)
  }

  #value(found: unknown, key: Step): string | undefined {
    const value = this.#converted(found, key)
    switch (typeof value) {
      case 'string':
        return this.#counted(JSON.stringify(value))
      case 'number':
        if (!Number.isFinite(value)) throw this.#unfit(String(value), 'store null or a string')
        return this.#counted(String(value))
      case 'boolean':
        return this.#counted(String(value))
      case 'undefined':
        return undefined
      case 'object':
        return value === null ? this.#counted('null') : this.#container(value)
      case 'bigint':
        throw this.#unfit('a BigInt', 'store it as a string')
      default:
        throw this.#unfit(`a ${typeof value}`, 'store what it stands for')
    }
  }

  #container(value: object): string {
    const ancestor = this.#ancestors.indexOf(value)
    if (ancestor >= 0) {
      throw this.#unfit(`${write(this.#path.slice(0, ancestor))} again, a cycle`, 'store its id')
    }
    if (this.#ancestors.length > MAX_DEPTH) {
      throw this.#refuse(`is more than ${MAX_DEPTH} levels deep: store it flatter`)
    }
    this.#counted('[')
    this.#ancestors.push(value)
    const text = Array.isArray(value) ? this.#array(value) : this.#object(value as Properties)
    this.#ancestors.pop()
    return text
  }

  #array(array: readonly unknown[]): string {
    const texts: string[] = []
    const { length } = array
    for (let index = 0; index < length; index += 1) {
      this.#path.push(index)
      const text = this.#value(array[index], index)
      if (text === undefined) throw this.#unfit('undefined', 'store null')
      texts.push(text)
      this.#path.pop()
    }
    return `[${texts.join(',')}]`
  }

  #object(object: Properties): string {
    if (!isPlain(object)) {
      throw this.#unfit(nameOfClass(object), 'store plain objects, arrays and strings')
    }
    const texts: string[] = []
    for (const key of Object.keys(object)) {
      this.#path.push(key)
      const text = this.#property(object, key)
      if (text !== undefined) texts.push(`${this.#counted(JSON.stringify(key))}:${text}`)
      this.#path.pop()
    }
    return `{${texts.join(',')}}`
  }

  /**
   * What stands for a value in JSON: itself, or what its `toJSON` gives (ECMA-262,
   * SerializeJSONProperty).
   */
  #converted(value: unknown, key: Step): unknown {
    if ((typeof value !== 'object' || value === null) && typeof value !== 'bigint') return value
    const { toJSON } = value as { toJSON?: unknown }
    if (typeof toJSON !== 'function') return value
    if (types.isDate(value) && Number.isNaN(Date.prototype.getTime.call(value))) {
      throw this.#unfit('an invalid Date', 'store null')
    }
    return Reflect.apply(toJSON, value, [String(key)])
  }

  #counted(text: string): string {
    this.#length += text.length + 1
    if (this.#length <= this.#maxBytes) return text
    this.#refusal = tooLarge(write(this.#path), this.#length, this.#maxBytes)
    throw this.#refusal
  }

  #unfit(what: string, cure: string): SessionError {
    return this.#refuse(`is ${what}, which JSON cannot hold: ${cure}`)
  }

  #refuse(why: string, options?: SessionErrorOptions): SessionError {
    const message = `${write(this.#path)} ${why}`
    this.#refusal = new SessionError('ERR_SESSION_VALUE', message, options)
    return this.#refusal
  }

  #reserved(): SessionError {
    const message = `${write(this.#path)} has a reserved name: choose another key`
    this.#refusal = new SessionError('ERR_SESSION_KEY_RESERVED', message)
    return this.#refusal
  }
}

/**
 * Throws `ERR_SESSION_TOO_LARGE` when `text`, the values joined, is more than `maxBytes` bytes of
 * UTF-8. The message names the largest value.
 */
export function checkSize(values: SerializedData, text: string, maxBytes: number): void {
  if (MOST_BYTES_PER_UNIT * text.length <= maxBytes) return
  const size = Buffer.byteLength(text)
  if (size <= maxBytes) return
  const [largest = ''] =
    [...values].sort(([, one], [, other]) => other.length - one.length)[0] ?? []
  throw tooLarge(write([largest]), size, maxBytes)
}

function tooLarge(path: string, size: number, maxBytes: number): SessionError {
  return new SessionError(
    'ERR_SESSION_TOO_LARGE',
    `${path} makes the session too large: it takes at least ${size} bytes as JSON and may take ${maxBytes}. Keep less in it, or raise maxBytes`,
  )
}

/** Plain is what has no prototype, or one that itself has none: `Object.prototype` of any realm. */
function isPlain(object: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(object)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

function nameOfClass(object: object): string {
  for (const [what, is] of CLASSES) if (is(object)) return what
  return 'an instance of a class without toJSON'
}

const CLASSES: readonly (readonly [string, (object: object) => boolean])[] = [
  ['a Map', types.isMap],
  ['a Set', types.isSet],
  ['a WeakMap', types.isWeakMap],
  ['a WeakSet', types.isWeakSet],
  ['a RegExp', types.isRegExp],
  ['an Error', types.isNativeError],
  ['a Promise', types.isPromise],
  ['a typed array', types.isArrayBufferView],
  ['an ArrayBuffer', types.isAnyArrayBuffer],
  ['a boxed primitive', types.isBoxedPrimitive],
]

/** A key path as it would be written in code: `session.cart.items[3].price`. */
function write(path: readonly Step[]): string {
  return path.reduce<string>((text, step) => `${text}${writeStep(step)}`, 'session')
}

function writeStep(step: Step): string {
  if (typeof step === 'number') return `[${step}]`
  const key = step.length > MAX_KEY_LENGTH ? `${step.slice(0, MAX_KEY_LENGTH)}…` : step
  return /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`
}
