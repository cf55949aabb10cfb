import type { Emit } from './events.ts'
import type { SessionId } from './id.ts'

/**
 * The visitor's end of a visit: the cookie, as long as one can be sent, and where events are told.
 */
export interface Wire {
  /** `true` when no cookie can be sent any more. */
  readonly isClosed: boolean
  /**
   * Gives the visitor the cookie of `id`, for `lifetime` milliseconds or, when undefined, with the
   * browser.
   */
  setCookie(id: SessionId, lifetime: number | undefined): void
  /** Takes the cookie away, if the visitor has one. */
  clearCookie(): void
  /** Does not send the cookie that was to be set: the visitor keeps none, or the one he has. */
  dropCookie(): void
  /** Tells of an event. */
  emit: Emit
}
