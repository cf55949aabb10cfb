import { assembleSessions } from './assembly.ts'
import { processEnvironment } from './environment.ts'
import type { Sessions } from './middleware.ts'
import type { SessionOptions } from './options.ts'

export { FileStore, type FileStoreOptions } from '../stores/file.ts'
export { MemoryStore } from '../stores/memory.ts'
export type { CookieOptions } from './cookie-options.ts'
export type * from './data.ts'
export type { Duration } from './duration.ts'
export { SessionError, type SessionErrorCode } from './errors.ts'
export type { SessionEventName, SessionEvents, SessionListener } from './events.ts'
export type { Expiry } from './expiry.ts'
export type { Sessions } from './middleware.ts'
export type { Keys, Secret, SessionOptions } from './options.ts'
export type { ListedSession } from './service.ts'
export type { Callback, RegenerateOptions, Session } from './session.ts'
export type * from './store.ts'

/**
 * Sessions for a Koa application: `app.use(session())`, then `ctx.session`.
 *
 * Throws `ERR_SESSION_OPTION` for an option that is not what it must be, and `ERR_SESSION_KEY_WEAK`
 * for a secret that can be guessed. What needs I/O is checked by `ready()`.
 */
export function session(options: SessionOptions = {}): Sessions {
  return assembleSessions(options, processEnvironment)
}
