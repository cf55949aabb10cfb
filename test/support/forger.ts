import type { ExecutionContext } from 'ava'
import { shop } from './attacked-shop.ts'
import { Attacker } from './attacker.ts'
import type { Browser } from './browser.ts'
import { cookieOf } from './data-folder.ts'
import { openWebsite, type Website } from './website.ts'

/** The letters of a cookie's value. */
export const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** A cookie value of the right form that nobody signed. */
export function drawCookie(): string {
  return Array.from({ length: 64 }, () => LETTERS[Math.floor(Math.random() * 64)]).join('')
}

/** A shop where two people are signed in, and one who has their cookies. */
export interface RobbedShop {
  readonly site: Website
  readonly attacker: Attacker
  readonly ann: string
  readonly bob: string
}

/** A visitor who is signed in. */
export async function signIn(site: Website, name: string): Promise<Browser> {
  const browser = site.visit()
  await browser.get(`/login?name=${name}`)
  return browser
}

/** Opens it. */
export async function openShop(t: ExecutionContext): Promise<RobbedShop> {
  const site = await openWebsite(t, shop)
  const [ann, bob] = [await signIn(site, 'ann'), await signIn(site, 'bob')]
  const attacker = new Attacker(site.origin)
  return { site, attacker, ann: cookieOf(ann), bob: cookieOf(bob) }
}
