import type { ExecutionContext } from 'ava'
import type { Keys, SessionOptions } from '../../lib/options.ts'
import type { Browser } from './browser.ts'
import { PAGES } from './pages.ts'
import { openWebsite, type Website } from './website.ts'

/** 32 bytes: the key of former times. */
export const OLD: Buffer = Buffer.from(
  '5f2c8a1de07b9436c1f08e5ad2b7639408fe1c6a4bd590e37281acf45d60b91e',
  'hex',
)

/** 32 bytes: the key that took its place. */
export const NEW: Buffer = Buffer.from(
  'c904e6b1573fa28d0e7b64f91acd8352d16f0ab87e3495cc42b8e71d90a5f36b',
  'hex',
)

/** One directory, and the websites that run on it one after the other. */
export async function reopen(
  t: ExecutionContext,
  directory: string,
  keys?: Keys,
  variables: Record<string, string> = {},
): Promise<Website> {
  const options: SessionOptions = keys === undefined ? { directory } : { directory, keys }
  return openWebsite(t, PAGES, options, { variables })
}

/** The browser of a visitor, turned to another website on the same sessions. */
export function turn(browser: Browser, site: Website): Browser {
  const turned = site.visit()
  for (const [name, value] of browser.cookies) turned.cookies.set(name, value)
  return turned
}
