/** The members by which an object says who it is, or what it may do: their whole value counts. */
const IDENTITY_MEMBERS = [
  ...['id', '_id', 'ID', 'uid', 'uuid', 'sub', 'name', 'username', 'login', 'email'],
  ...['userId', 'user_id', 'role', 'roles', 'admin', 'isAdmin', 'groups', 'scopes', 'permissions'],
]

/** The member in which an object holds such an object, as Passport's does. */
const HOLDER = 'user'

/**
 * Whether somebody signed in between two states of a session's data: at one of `paths` something
 * appeared, or a different primitive took its place. Of an object only its identity counts, so that
 * `session.user.lastSeen = …` is no sign-in; of one that has none, everything does. What goes away,
 * or becomes null, is none either.
 *
 * A session id must change then (OWASP ASVS 5.0 7.2.4), or who planted the old one is signed in
 * too.
 */
export function hasSignedIn(
  paths: readonly (readonly string[])[],
  before: object,
  after: object,
): boolean {
  return paths.some((path) => isNewIdentity(valueAt(before, path), valueAt(after, path)))
}

function valueAt(data: unknown, path: readonly string[]): unknown {
  let value = data
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
    value = (value as Record<string, unknown>)[key]
  }
  return value
}

function isNewIdentity(before: unknown, after: unknown): boolean {
  if (isAbsent(before) || !isObject(before) || !isObject(after)) return isNewValue(before, after)
  if (isNewIdentity(valueAt(before, [HOLDER]), valueAt(after, [HOLDER]))) return true
  const members = IDENTITY_MEMBERS.filter((key) => key in before || key in after)
  if (members.length === 0 && !(HOLDER in before)) return isNewValue(before, after)
  return members.some((key) => isNewValue(valueAt(before, [key]), valueAt(after, [key])))
}

function isNewValue(before: unknown, after: unknown): boolean {
  return !isAbsent(after) && JSON.stringify(before) !== JSON.stringify(after)
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
