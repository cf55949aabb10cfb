import { describe, describeType } from './duration.ts'
import { SessionError } from './errors.ts'

/** Options that were read: what was undefined is absent. */
export type Given<Options> = {
  readonly [Name in keyof Options]?: Exclude<Options[Name], undefined>
}

/** What to do with options that people had elsewhere. */
const CURES: Readonly<Record<string, string>> = {
  maxAge: 'Use idle and absolute',
  ttl: 'Use idle and absolute',
  expires: 'Use idle and absolute',
  rolling: 'Leave it out: idle always slides',
  renew: 'Leave it out: idle always slides',
  resave: 'Leave it out: what did not change is not written',
  saveUninitialized: 'Leave it out: nothing is stored before there is data',
  secret: 'Use keys',
  secrets: 'Use keys',
  signed: 'Leave it out: the cookie always is',
  httpOnly: 'Leave it out: the cookie always is',
  overwrite: 'Leave it out: one cookie is sent, the last',
  key: 'Use cookie: { name }',
  name: 'Use cookie: { name }',
  prefix: 'Use cookie: { name }',
  path: 'Use directory, or cookie: { path }',
  secure: 'Use cookie: { secure }',
  sameSite: 'Use cookie: { sameSite }',
  domain: 'Use cookie: { domain }',
  reapInterval: 'Use sweep',
}

/**
 * A copy without what is undefined, so that `{ keys: process.env.SESSION_KEYS }` is as good as
 * absent. Throws `ERR_SESSION_OPTION` for what is no object, and for a name that is not in `names`.
 */
export function readOptions<Options extends object>(
  what: string,
  given: Options,
  names: ReadonlySet<string>,
): Given<Options> {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new SessionError(
      'ERR_SESSION_OPTION',
      `Expected ${what} to be an object, got ${describeType(given)}`,
    )
  }
  const read = Object.entries(given).filter(([, value]) => value !== undefined)
  for (const [name] of read) {
    if (names.has(name)) continue
    const cure = Object.hasOwn(CURES, name) ? `. ${CURES[name]}` : ''
    throw new SessionError(
      'ERR_SESSION_OPTION',
      `Expected only known names in ${what}, got ${describe(name)}${cure}`,
    )
  }
  return Object.fromEntries(read) as Given<Options>
}

/**
 * Throws `ERR_SESSION_OPTION` with the option's name, what was wanted and what was given, unless it
 * is valid.
 */
export function checkOption(name: string, value: unknown, wanted: string, valid: boolean): void {
  if (valid) return
  throw new SessionError(
    'ERR_SESSION_OPTION',
    `Expected the option '${name}' to be ${wanted}, got ${describe(value)}`,
  )
}
