import type { RequestListener } from 'node:http'

/** What a server is to be. */
export interface ServerSpec {
  readonly kind: Kind
  /** Where it may keep files: there already, and nobody else's unless it is shared on purpose. */
  readonly directory: string
  /** How large its sessions are to be, in bytes of JSON. */
  readonly sessionBytes: number
  /** Where Redis listens, for those that need it. */
  readonly redisPort?: number | undefined
}

/** What can be measured: each is a way of keeping sessions, or of keeping none. */
export type Kind =
  | 'bare-koa'
  | 'bare-express'
  | 'create-file'
  | 'overwrite-file'
  | 'overwrite-file-durable'
  | 'replace-file'
  | 'stat-file'
  | 'koa-session-cookie'
  | 'koa-session-memory'
  | 'koa-session-redis'
  | 'koa-generic-session'
  | 'session-file-store'
  | 'session-file-store-secret'
  | 'sealed'
  | 'sealed-unswept'
  | 'sealed-durable'
  | 'sealed-memory'

/** An application, ready to be listened for. */
export interface App {
  readonly listener: RequestListener
  /** Resolves when it can serve; how long it takes is measured. Default: at once. */
  ready?(): Promise<unknown>
  /** Removes expired sessions, and resolves to what was done. */
  sweep?(): Promise<unknown>
  /** Finishes what was begun. */
  close?(): Promise<unknown>
}

/** Makes one kind of application. */
export type CreateApp = (spec: ServerSpec, items: readonly object[]) => App | Promise<App>

/** What the cookies of every peer are signed with. */
export const SECRET = 'RkKe7SybtNbwkCB0HIyz2n8EJ5dqXuMo'
