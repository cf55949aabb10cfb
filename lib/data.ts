/**
 * What an application keeps in its sessions. Empty: any key is allowed. Augment it to have keys
 * checked:
 *
 * ```ts
 * declare module 'koa-sealed-session' {
 *   interface SessionData { user?: { id: string } }
 * }
 * ```
 */
// biome-ignore lint/suspicious/noEmptyInterface: it is there to be augmented
export interface SessionData {}

/**
 * The data of a session as its types see it: {@link SessionData}, or any key where that was not
 * augmented.
 */
// biome-ignore lint/suspicious/noExplicitAny: without augmentation nothing is known of the values
export type Data = keyof SessionData extends never ? Record<string, any> : Partial<SessionData>
