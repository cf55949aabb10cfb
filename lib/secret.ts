import { createSecretKey, type KeyObject, scrypt } from 'node:crypto'
import { types } from 'node:util'
import { SessionError } from './errors.ts'
import { LABEL } from './id.ts'
import { KEY_BYTES, type KeySource } from './keyring.ts'
import { isWeakKey, isWeakPassphrase } from './weakness.ts'

/**
 * OWASP ASVS 5.0 appendix C, scrypt: N = 2^15, r = 8, p = 3. It takes 32 MiB and about half a
 * second.
 */
const SCRYPT = { N: 2 ** 15, r: 8, p: 3, maxmem: 64 * 2 ** 20 }

/** A fixed salt: machines that are given the same passphrase must come to the same key. */
const SALT = `${LABEL}passphrase`

const ENCODINGS: readonly (readonly [BufferEncoding, RegExp])[] = [
  ['hex', /^[0-9A-Fa-f]{64}$/],
  ['base64', /^[A-Za-z0-9+/]{43}=?$/],
  ['base64url', /^[A-Za-z0-9_-]{43}=?$/],
]

const CURE = 'make one with: openssl rand -hex 32'

/** A secret that passed its checks: a key, or a passphrase that is yet to become one. */
type Secret = () => Promise<KeyObject>

/**
 * Where the keys come from that the option `optionName` (or a variable of that name) was given.
 *
 * - A string: secrets separated by commas; in an array, a single one. 32 bytes as 64 hexadecimal
 *   digits, base64 or base64url, with or without the prefix `hex:`, `base64:` or `base64url:`, are
 *   a key; any other text is a passphrase of at least 32 characters, stretched once with scrypt.
 * - 32 bytes, or a secret `KeyObject` of 32 bytes: a key.
 * - An array of all these: the first key seals, all open.
 * - A function that returns, or promises, any of them: called each time the keys are loaded.
 *
 * Throws `ERR_SESSION_KEY_WEAK` for a secret that can be guessed and `ERR_SESSION_OPTION` for what
 * is none; for what a function gives, `load()` rejects with them. No message shows a secret.
 */
export function parseSecrets(keys: unknown, optionName: string): KeySource {
  if (isFunction(keys)) {
    return { load: async () => loadAll(parseList(await call(keys, optionName), optionName)) }
  }
  const secrets = parseList(keys, optionName)
  return { load: () => loadAll(secrets) }
}

function isFunction(value: unknown): value is () => unknown {
  return typeof value === 'function'
}

async function call(keys: () => unknown, optionName: string): Promise<unknown> {
  try {
    return await keys()
  } catch (cause) {
    throw new SessionError('ERR_SESSION_OPTION', `The function given as ${optionName} failed`, {
      cause,
    })
  }
}

async function loadAll(secrets: readonly Secret[]): Promise<readonly Buffer[]> {
  const keys: Buffer[] = []
  for (const secret of secrets) keys.push((await secret()).export())
  return keys
}

function parseList(keys: unknown, optionName: string): readonly Secret[] {
  const values: readonly unknown[] =
    typeof keys === 'string' ? keys.split(',') : Array.isArray(keys) ? keys : [keys]
  if (values.length === 0) throw notASecret(optionName, 'an empty array')
  return values.map((value, index) =>
    parseSecret(value, values.length === 1 ? optionName : `${optionName}[${index}]`),
  )
}

function parseSecret(value: unknown, name: string): Secret {
  if (typeof value === 'string') return parseText(value.trim(), name)
  if (types.isKeyObject(value)) {
    if (value.type === 'secret' && value.symmetricKeySize === KEY_BYTES) {
      return keySecret(value.export(), name)
    }
    throw notASecret(name, 'another KeyObject')
  }
  if (types.isUint8Array(value)) {
    if (value.length === KEY_BYTES) return keySecret(value, name)
    throw notASecret(name, `${value.length} bytes`)
  }
  throw notASecret(name, value === null ? 'null' : `a value of type ${typeof value}`)
}

function parseText(text: string, name: string): Secret {
  const [, prefix, encoded = text] = /^(hex|base64|base64url):(.*)$/s.exec(text) ?? []
  const key = decodeKey(encoded, prefix)
  if (key) return keySecret(key, name)
  if (prefix) {
    throw weak(`Expected ${name} to be exactly ${KEY_BYTES} bytes in ${prefix} after its prefix`)
  }
  if (isWeakPassphrase(text)) {
    throw weak(
      `Expected ${name} to be ${KEY_BYTES} random bytes in hex or base64, or a passphrase of at least 32 characters, 12 different ones, that follows no pattern and is from no example`,
    )
  }
  return passphraseSecret(text)
}

/** The key in a text, in the only spelling that its encoding has for it. */
function decodeKey(text: string, only: string | undefined): Buffer | undefined {
  for (const [encoding, form] of ENCODINGS) {
    if ((only !== undefined && only !== encoding) || !form.test(text)) continue
    const key = Buffer.from(text, encoding)
    const unpadded = text.replace('=', '')
    const again = key.toString(encoding).replace('=', '')
    if (encoding === 'hex' || again === unpadded) return key
  }
  return undefined
}

function keySecret(bytes: Uint8Array, name: string): Secret {
  if (isWeakKey(bytes)) {
    throw weak(`Expected ${name} to be random bytes, but they are few different ones or repeat`)
  }
  const key = createSecretKey(bytes)
  return async () => key
}

function passphraseSecret(text: string): Secret {
  let stretched: Promise<KeyObject> | undefined
  return () => {
    stretched ??= stretch(text)
    return stretched
  }
}

function stretch(passphrase: string): Promise<KeyObject> {
  return new Promise((resolve, reject) => {
    scrypt(passphrase, SALT, KEY_BYTES, SCRYPT, (error, key) => {
      if (error) reject(error)
      else resolve(createSecretKey(key))
    })
  })
}

function weak(message: string): SessionError {
  return new SessionError('ERR_SESSION_KEY_WEAK', `${message}: ${CURE}`)
}

function notASecret(name: string, what: string): SessionError {
  return new SessionError(
    'ERR_SESSION_OPTION',
    `Expected ${name} to be a string, ${KEY_BYTES} bytes, a secret KeyObject of ${KEY_BYTES} bytes, an array of these, or a function that gives them, got ${what}: ${CURE}`,
  )
}
