/** One bar. */
export interface Bar {
  readonly label: string
  readonly group: 'bare' | 'peer' | 'ours' | 'floor'
  readonly value: number
  /** What stands at its end. */
  readonly text: string
}

/** Bars that are compared with each other. */
export interface Panel {
  readonly title: string
  readonly bars: readonly Bar[]
}

/** Panels, two beside each other. */
export interface Chart {
  readonly title: string
  /** What the bars measure. */
  readonly subtitle: string
  /** What a bar of full length stands for; default: the largest value of its panel. */
  readonly full?: number
  readonly panels: readonly Panel[]
  /** The machine, in one line. */
  readonly footer: string
}

const WIDTH = 880
const MARGIN = 24
const COLUMN_GAP = 32
const COLUMN = (WIDTH - 2 * MARGIN - COLUMN_GAP) / 2
const LABEL = 188
const VALUE = 56
const LONGEST_BAR = COLUMN - LABEL - VALUE
const BAR = 14
const ROW = 20
const TITLE = 28
const PANEL_GAP = 24
const HEAD = 92
const FOOT = 36

const NAMES = { ours: 'this library', peer: 'other libraries', floor: 'limits of disk and system' }

/** Colours of both schemes hold 3:1 against their background (WCAG 2.2, 1.4.11), text 4.5:1. */
const STYLE = `
text { font: 12px system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif; fill: #1f2328 }
.title { font-size: 16px; font-weight: 600 }
.panel { font-size: 13px; font-weight: 600 }
.quiet { fill: #59636e }
.ground { fill: #ffffff }
.bare, .peer { fill: #818b98 }
.ours { fill: #0969da }
.floor { fill: none; stroke: #59636e; stroke-dasharray: 3 2 }
text.ours { fill: #0969da; font-weight: 600 }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc }
  .quiet { fill: #9198a1 }
  .ground { fill: #0d1117 }
  .bare, .peer { fill: #767e88 }
  .ours, text.ours { fill: #4493f8 }
  .floor { stroke: #9198a1 }
}`

/** The chart as an SVG document that is legible in light and in dark. */
export function drawChart({ title, subtitle, full, panels, footer }: Chart): string {
  const rows: Panel[][] = []
  for (let index = 0; index < panels.length; index += 2) rows.push(panels.slice(index, index + 2))
  let top = HEAD
  const parts: string[] = []
  for (const row of rows) {
    for (const [index, panel] of row.entries()) {
      parts.push(drawPanel(panel, full, MARGIN + index * (COLUMN + COLUMN_GAP), top))
    }
    top += Math.max(...row.map(heightOf)) + PANEL_GAP
  }
  const height = top - PANEL_GAP + FOOT
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escapeText(title)}">`,
    `<title>${escapeText(title)}</title>`,
    `<style>${STYLE}\n</style>`,
    `<rect class="ground" width="${WIDTH}" height="${height}" rx="6"/>`,
    `<text class="title" x="${MARGIN}" y="32">${escapeText(title)}</text>`,
    `<text class="quiet" x="${MARGIN}" y="52">${escapeText(subtitle)}</text>`,
    drawLegend(panels),
    ...parts,
    `<text class="quiet" x="${MARGIN}" y="${height - 16}">${escapeText(footer)}</text>`,
    '</svg>',
    '',
  ].join('\n')
}

function drawPanel(
  { title, bars }: Panel,
  full: number | undefined,
  left: number,
  top: number,
): string {
  const largest = full ?? Math.max(...bars.map(({ value }) => value).filter(Number.isFinite), 0)
  const lines = bars.map((bar, index) => drawBar(bar, largest, left, top + TITLE + index * ROW))
  return [
    `<text class="panel" x="${left}" y="${top + 14}">${escapeText(title)}</text>`,
    ...lines,
  ].join('\n')
}

function drawBar(
  { label, group, value, text }: Bar,
  largest: number,
  x: number,
  y: number,
): string {
  const share = Number.isFinite(value) && largest > 0 ? Math.min(value / largest, 1) : 0
  const length = Math.max(Math.round(share * LONGEST_BAR * 10) / 10, 1)
  const start = x + LABEL
  const own = group === 'ours' ? ' class="ours"' : ''
  const baseline = y + BAR - 3
  return [
    `<text${own} x="${start - 8}" y="${baseline}" text-anchor="end">${escapeText(label)}</text>`,
    `<rect class="${group}" x="${start}" y="${y}" width="${length}" height="${BAR}" rx="2"/>`,
    `<text${own} x="${start + length + 6}" y="${baseline}">${escapeText(text)}</text>`,
  ].join('\n')
}

function drawLegend(panels: readonly Panel[]): string {
  const used = new Set(panels.flatMap(({ bars }) => bars.map(({ group }) => group)))
  let x = MARGIN
  const items: string[] = []
  for (const [group, name] of Object.entries(NAMES)) {
    if (!used.has(group as Bar['group'])) continue
    items.push(
      `<rect class="${group}" x="${x}" y="64" width="10" height="10" rx="2"/>`,
      `<text class="quiet" x="${x + 16}" y="73">${name}</text>`,
    )
    x += 36 + name.length * 6.5
  }
  return items.join('\n')
}

function heightOf({ bars }: Panel): number {
  return TITLE + bars.length * ROW
}

function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}
