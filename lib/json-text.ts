const QUOTE = '"'
const BACKSLASH = '\\'

/**
 * The JSON text of each member of an object, in order, out of the text of the whole: nothing is
 * parsed but keys that have escapes.
 *
 * `text` is what `JSON.stringify` writes, without spaces; of another one it makes nonsense.
 */
export function splitMembers(text: string): Map<string, string> {
  const members = new Map<string, string>()
  for (let start = 1; text[start] === QUOTE; ) {
    const colon = skipString(text, start)
    const end = skipValue(text, colon + 1)
    members.set(readKey(text, start, colon), text.slice(colon + 1, end))
    start = end + 1
  }
  return members
}

function readKey(text: string, start: number, end: number): string {
  const key = text.slice(start + 1, end - 1)
  return key.includes(BACKSLASH) ? JSON.parse(text.slice(start, end)) : key
}

/** Where the value that begins at `start` ends: before the comma or bracket that follows it. */
function skipValue(text: string, start: number): number {
  let depth = 0
  for (let position = start; position < text.length; position += 1) {
    switch (text[position]) {
      case QUOTE:
        position = skipString(text, position) - 1
        break
      case '{':
      case '[':
        depth += 1
        break
      case '}':
      case ']':
        if (depth === 0) return position
        depth -= 1
        break
      case ',':
        if (depth === 0) return position
    }
  }
  return text.length
}

/** Where the string that begins at `start` ends: behind its closing quote. */
function skipString(text: string, start: number): number {
  let end = text.indexOf(QUOTE, start + 1)
  while (end !== -1 && isEscaped(text, end)) end = text.indexOf(QUOTE, end + 1)
  return end === -1 ? text.length : end + 1
}

function isEscaped(text: string, position: number): boolean {
  let backslashes = 0
  while (text[position - 1 - backslashes] === BACKSLASH) backslashes += 1
  return backslashes % 2 === 1
}
