import type { Middleware } from 'koa'

const SAFE_METHODS = ['GET', 'HEAD', 'OPTIONS']

/**
 * Refuses with 403 what another site's page makes a browser send (cross-site request forgery).
 *
 * `SameSite=Lax` keeps the cookie out of those requests already; this also stops sign-in to somebody else's account, and
 * pages of a sibling host. Every browser of today says where a POST comes from: `Sec-Fetch-Site` (W3C Fetch Metadata) or, on
 * plain http, `Origin` (RFC 6454 section 7). A request with neither comes from no browser, so nobody was tricked into it.
 */
export function requireSameOrigin(): Middleware {
  return async function sameOrigin(ctx, next) {
    const site = ctx.get('Sec-Fetch-Site')
    const origin = ctx.get('Origin')
    const allowed = site
      ? site === 'same-origin' || site === 'none'
      : !origin || (URL.canParse(origin) && new URL(origin).host === ctx.host)
    if (!SAFE_METHODS.includes(ctx.method) && !allowed) ctx.throw(403, 'Sent from another site')
    await next()
  }
}
