/** The names of those members of a session that cannot be assigned. */
export const CONSTANT_MEMBERS: readonly string[] = [
  'isNew',
  'ref',
  'expiresIn',
  'expiresAt',
  'expiresWithBrowser',
  'save',
  'reload',
  'update',
  'regenerate',
  'destroy',
  'setExpiry',
]

/** The names of all members of a session. */
export const MEMBERS: readonly string[] = [...CONSTANT_MEMBERS, 'maxAge']
