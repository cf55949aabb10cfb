import type { CreateApp, Kind } from './app.ts'

/** How each kind is made. Only what is measured is loaded, so that none carries another's memory. */
export const CATALOGUE: Readonly<Record<Kind, () => Promise<CreateApp>>> = {
  'bare-koa': async () => (await import('./bare.ts')).createBareKoa,
  'bare-express': async () => (await import('./bare.ts')).createBareExpress,
  'create-file': async () => (await import('./floors.ts')).createFilePerRequest,
  'overwrite-file': async () => (await import('./floors.ts')).overwriteFilePerRequest,
  'overwrite-file-durable': async () => (await import('./floors.ts')).overwriteDurablyPerRequest,
  'replace-file': async () => (await import('./floors.ts')).replaceFilePerRequest,
  'stat-file': async () => (await import('./floors.ts')).statFilePerRequest,
  'koa-session-cookie': async () => (await import('./koa-session.ts')).createCookieSessions,
  'koa-session-memory': async () => (await import('./koa-session.ts')).createMemorySessions,
  'koa-session-redis': async () => (await import('./koa-session.ts')).createRedisSessions,
  'koa-generic-session': async () =>
    (await import('./koa-generic-session.ts')).createGenericSessions,
  'session-file-store': async () => (await import('./session-file-store.ts')).createFileSessions,
  'session-file-store-secret': async () =>
    (await import('./session-file-store.ts')).createSecretFileSessions,
  sealed: async () => (await import('./sealed.ts')).createSealedSessions,
  'sealed-unswept': async () => (await import('./sealed.ts')).createUnsweptSessions,
  'sealed-durable': async () => (await import('./sealed.ts')).createDurableSessions,
  'sealed-memory': async () => (await import('./sealed.ts')).createSealedMemorySessions,
}
