import { createRequire } from 'node:module'
import type { ExecutionContext } from 'ava'
import Koa, { type Context, type Middleware } from 'koa'
import type { Sessions } from '../../lib/middleware.ts'
import type { SessionOptions } from '../../lib/options.ts'
import { type Handler, openWebsite, type Website } from './website.ts'

const require = createRequire(import.meta.url)

/** The real package of that name, as its users get it: most of them ship no types. */
export function loadNeighbour<Exports>(name: string): Exports {
  return require(name) as Exports
}

/** The versions of Koa that are supported, each with the name it has in a test's title. */
export const KOA_VERSIONS: readonly { readonly name: string; readonly Application: typeof Koa }[] =
  [
    { name: 'Koa 3', Application: Koa },
    { name: 'Koa 2.16', Application: loadNeighbour<typeof Koa>('koa2') },
  ]

/** `@koa/bodyparser`. */
export const parseBody: () => Middleware = loadNeighbour<{ bodyParser: () => Middleware }>(
  '@koa/bodyparser',
).bodyParser

/** Puts middleware into an application: the sessions and what stands before and after them. */
export type Arrangement = (app: Koa, sessions: Sessions) => void

/** What a body parser leaves on a request. */
export function bodyOf(ctx: Context): Readonly<Record<string, string>> {
  return (ctx.request as unknown as { readonly body: Readonly<Record<string, string>> }).body
}

/** A website on one version of Koa: its sessions, then its pages. */
export function openOn(
  t: ExecutionContext,
  Application: typeof Koa,
  pages: Readonly<Record<string, Handler>>,
  options: SessionOptions = {},
): Promise<Website> {
  return openWebsite(t, pages, options, { Application })
}

/** A website on one version of Koa, whose middleware stands as `arrange` puts it. */
export function openArranged(
  t: ExecutionContext,
  Application: typeof Koa,
  arrange: Arrangement,
  pages: Readonly<Record<string, Handler>> = {},
  options: SessionOptions = {},
): Promise<Website> {
  return openWebsite(t, pages, options, { Application, arrange })
}
