const MIN_CHARACTERS = 32
const MIN_DISTINCT = 12

/**
 * Texts in which two neighbours are a step of a pattern: the alphabet, the digits, rows of a
 * keyboard.
 */
const ROWS = ['abcdefghijklmnopqrstuvwxyz', '01234567890', 'qwertyuiop', 'asdfghjkl', 'zxcvbnm']

/**
 * What example secrets in documentation of session libraries and frameworks say, in small letters
 * without anything between. A random text holds one of them once in some ten million times.
 */
const EXAMPLES = [
  '32bytes',
  '32char',
  'atleast32',
  'changeme',
  'changethis',
  'complexpassword',
  'donotuse',
  'examplesecret',
  'iliketurtle',
  'imanewersecret',
  'iminsecure',
  'keyboardcat',
  'minimumlength',
  'mysecret',
  'notasecret',
  'notsecret',
  'notsosecret',
  'placeholder',
  'replaceme',
  'replacethis',
  'replacewith',
  'secretkey',
  'sessionsecret',
  'somesecret',
  'supersecret',
  'thirtytwo',
  'topsecret',
  'verysecret',
  'yoursecret',
  'yoursession',
]

/** Whether 32 bytes cannot be random: fewer than 12 different ones, or a sequence that repeats. */
export function isWeakKey(bytes: Uint8Array): boolean {
  return new Set(bytes).size < MIN_DISTINCT || repeats([...bytes])
}

/**
 * Whether a passphrase can be guessed: shorter than 32 characters, fewer than 12 different ones, a
 * sequence that repeats, mostly steps along an alphabet or a keyboard, or out of an example.
 */
export function isWeakPassphrase(text: string): boolean {
  const characters = [...text.toLowerCase()]
  return (
    characters.length < MIN_CHARACTERS ||
    new Set(characters).size < MIN_DISTINCT ||
    repeats(characters) ||
    isWalk(characters) ||
    isExample(characters)
  )
}

/** Whether the whole is its first part over and over, the last time perhaps cut off. */
function repeats(items: readonly unknown[]): boolean {
  for (let period = 1; period <= items.length / 2; period += 1) {
    if (items.every((item, index) => index < period || item === items[index - period])) return true
  }
  return false
}

function isWalk(characters: readonly string[]): boolean {
  const steps = characters.filter((character, index) => isStep(characters[index - 1], character))
  return steps.length > characters.length / 2
}

function isStep(from: string | undefined, to: string): boolean {
  if (from === undefined) return false
  return from === to || ROWS.some((row) => row.includes(from + to) || row.includes(to + from))
}

function isExample(characters: readonly string[]): boolean {
  const text = characters.filter((character) => /[\p{L}\p{N}]/u.test(character)).join('')
  return EXAMPLES.some((example) => text.includes(example))
}
