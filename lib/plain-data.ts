import { MAX_DEPTH } from './serializer.ts'

type Properties = Readonly<Record<string, unknown>>

/**
 * Annex B of ECMA-262, section B.2.2.4: it makes no object, as a property descriptor is, and so costs
 * a sixth of one.
 */
const lookUpGetter = (Object.prototype as unknown as { __lookupGetter__(key: string): unknown })
  .__lookupGetter__

/**
 * The JSON text of an object that holds nothing but plain data, as `JSON.stringify` gives it and a
 * `Serializer` would too; `undefined` where only that can tell, and for more than about `maxLength`
 * characters.
 *
 * Plain are objects and arrays of this realm without accessor and `toJSON`, strings, finite
 * numbers, booleans and null, no deeper than 100 levels: so nothing of the application runs here.
 */
export function writePlainData(data: object, maxLength: number): string | undefined {
  try {
    return measure(data, 0) > maxLength ? undefined : JSON.stringify(data)
  } catch {
    // Only a Proxy throws here: the serializer says where it is.
    return undefined
  }

  /** The fewest characters a container takes, the root like any other; infinite if not plain. */
  function measure(container: object, depth: number): number {
    let length = 2
    for (const key of Object.keys(container)) {
      if (lookUpGetter.call(container, key) !== undefined) return Number.POSITIVE_INFINITY
      // A setter alone gives undefined, which is not plain either.
      length += measureValue((container as Properties)[key], depth)
      if (key === '__proto__' || length > maxLength) return Number.POSITIVE_INFINITY
    }
    return length
  }

  function measureValue(value: unknown, depth: number): number {
    switch (typeof value) {
      case 'string':
        return value.length + 2
      case 'number':
        return Number.isFinite(value) ? 1 : Number.POSITIVE_INFINITY
      case 'boolean':
        return 4
      case 'object':
        if (value === null) return 4
        return depth < MAX_DEPTH && isPlain(value)
          ? measure(value, depth + 1)
          : Number.POSITIVE_INFINITY
      default:
        return Number.POSITIVE_INFINITY
    }
  }
}

/** Whether an object or array of this realm has neither a `toJSON` nor anything but its elements. */
export function isPlain(object: object): boolean {
  if ((object as { readonly toJSON?: unknown }).toJSON !== undefined) return false
  const prototype: unknown = Object.getPrototypeOf(object)
  if (!Array.isArray(object)) return prototype === Object.prototype || prototype === null
  return prototype === Array.prototype && isDense(object)
}

/** Whether an array has all its elements and no other property: an object lists elements first. */
function isDense(array: readonly unknown[]): boolean {
  const keys = Object.keys(array)
  return (
    keys.length === array.length && (keys.length === 0 || keys.at(-1) === `${array.length - 1}`)
  )
}

/**
 * Whether the data of an object is its own properties: root prototypes of other realms are as good
 * as ours.
 */
export function isPlainObject(value: unknown): value is object {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}
