import type { DataFile } from './data-files.ts'
import { html, type Markup } from './html.ts'

/** All that the page shows. */
export interface PageView {
  /** How often this visitor was here, this time included. */
  readonly visits: number
  /** Name of who is signed in. */
  readonly user?: string | undefined
  /** What `/setsession/` stored. */
  readonly book?: string | undefined
  /** Log-safe handle of the session. */
  readonly ref: string
  /** Milliseconds until the session ends unless it is used. */
  readonly expiresIn: number
  /** What is in the data directory. */
  readonly files: readonly DataFile[]
  /** The one of `files` that holds this session. */
  readonly own?: DataFile | undefined
  /** The first bytes of `own`, in hexadecimal. */
  readonly bytes?: string | undefined
}

const SEAL =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E%3Ccircle cx='16' cy='16' r='15' fill='%23a3282e'/%3E%3Ccircle cx='16' cy='16' r='10' fill='none' stroke='%23fff' stroke-opacity='.75' stroke-width='2'/%3E%3C/svg%3E"

/** The page as HTML. Everything in `view` is escaped. */
export function renderPage(view: PageView): string {
  const { visits, user, book } = view
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>koa-sealed-session: the example</title>
<link rel="icon" href="${SEAL}">
<link rel="stylesheet" href="/style.css">
</head>
<body>
<header>
<img src="${SEAL}" alt="" width="56" height="56">
<div>
<h1>koa-sealed-session</h1>
<p>One session, seen from both sides.</p>
</div>
</header>
<main>
<section class="visitor" aria-labelledby="visitor">
<h2 id="visitor">${user ? html`Hello, <span id="user">${user}</span>` : 'Hello, visitor'}</h2>
<p class="visits"><strong id="visits">${visits}</strong> ${visits === 1 ? 'visit' : 'visits'}</p>
<p>Reload to count on. Sign in, and the cookie changes while the count stays. Restart the server: still you.</p>
${user ? SIGN_OUT : SIGN_IN}
</section>
<section aria-labelledby="session">
<h2 id="session">What your session knows</h2>
<dl>
<div><dt>Handle for logs</dt><dd><code id="ref">${view.ref}</code></dd></div>
<div><dt>Time left</dt><dd id="expires">${formatDuration(view.expiresIn)}</dd></div>
<div><dt>Book</dt><dd id="book">${book ?? 'none yet'}</dd></div>
</dl>
<p><a href="/setsession/">Set the book</a> <a href="/getsession/">Get the book</a></p>
</section>
<section class="disk" aria-labelledby="disk">
<h2 id="disk">What the disk knows</h2>
${renderFiles(view)}
${view.bytes && renderBytes(view.bytes)}
</section>
</main>
<footer><p>Encrypted with AES-256-GCM under the server’s key <em>and</em> your cookie: a stolen disk shows nothing.</p></footer>
</body>
</html>
`.toString()
}

const SIGN_IN: Markup = html`<form method="post" action="/signin">
<label for="name">Your name</label>
<input id="name" name="name" required maxlength="40" autocomplete="nickname">
<button>Sign in</button>
</form>`

const SIGN_OUT: Markup = html`<form method="post" action="/signout"><button>Sign out</button></form>`

function renderFiles({ files, own }: PageView): Markup {
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Files in the data directory">
<table>
<thead><tr><th scope="col">File</th><th scope="col" class="size">Bytes</th></tr></thead>
<tbody>
${files.map(
  (file) => html`<tr${file === own ? OWN : ''}>
<td><code>${file.path}</code>${file === own && html` <span class="badge">yours</span>`}</td>
<td class="size">${file.size.toLocaleString('en')}</td>
</tr>`,
)}
</tbody>
</table>
</div>`
}

const OWN: Markup = html` class="own"`

function renderBytes(bytes: string): Markup {
  return html`<h3>How your file begins</h3>
<pre class="scroll" tabindex="0" role="region" aria-label="First bytes of your session file">${bytes}</pre>`
}

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1000],
] as const

/** The two largest units, rounded down: `'23 h 59 min'`. */
export function formatDuration(milliseconds: number): string {
  let rest = Math.max(0, milliseconds)
  const parts: string[] = []
  for (const [unit, size] of UNITS) {
    const count = Math.floor(rest / size)
    rest -= count * size
    if (count > 0) parts.push(`${count} ${unit}`)
  }
  return parts.slice(0, 2).join(' ') || '0 s'
}
