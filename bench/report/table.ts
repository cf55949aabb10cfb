/** Rows of text under headings. The first column is aligned to the left, the others to the right. */
export interface Table {
  readonly title: string
  readonly columns: readonly string[]
  readonly rows: readonly (readonly string[])[]
  /** What is to be said below it. */
  readonly notes?: readonly string[]
}

const GAP = '  '

/** The table as lines of text, every column as wide as its widest cell. */
export function formatTable({ title, columns, rows, notes = [] }: Table): string {
  const lines = [columns, ...rows]
  const widths = columns.map((_, index) => Math.max(...lines.map((line) => widthOf(line[index]))))
  const [head, ...body] = lines.map((line) => formatLine(line, widths))
  const rule = widths.map((width) => '─'.repeat(width)).join(GAP)
  return [title, '', head, rule, ...body, ...notes.map((note) => `  ${note}`), ''].join('\n')
}

function formatLine(cells: readonly string[], widths: readonly number[]): string {
  return widths
    .map((width, index) => {
      const cell = cells[index] ?? ''
      const space = ' '.repeat(width - widthOf(cell))
      return index === 0 ? cell + space : space + cell
    })
    .join(GAP)
    .trimEnd()
}

function widthOf(cell = ''): number {
  return [...cell].length
}
