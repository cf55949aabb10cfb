import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'

const CANDIDATES = [process.env.CHROMIUM_PATH, '/usr/bin/chromium', '/usr/bin/chromium-browser']

/** Where Chromium is on this machine, or `undefined`. `CHROMIUM_PATH` goes first. */
export const chromiumPath: string | undefined = CANDIDATES.find((path) => path && existsSync(path))

/** A headless Chromium that speaks to nobody but the page's server. Each context of it is a visitor of its own. */
export function launchChromium(): Promise<Browser> {
  return chromium.launch({
    ...(chromiumPath && { executablePath: chromiumPath }),
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
}
