import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { formatMachine, type Machine } from '../machine.ts'
import { type Chart, drawChart } from './chart.ts'
import { formatTable, type Table } from './table.ts'

/** What a scenario came to. */
export interface Result {
  readonly tables: readonly Table[]
  readonly chart: Omit<Chart, 'footer'>
  /** How it was measured. */
  readonly settings: object
  /** All that was measured, for whoever wants to know more. */
  readonly figures: unknown
}

const RESULTS = fileURLToPath(new URL('../../results/', import.meta.url))

/** Writes `<name>.json` and `<name>.svg`, and resolves to the text that is shown. */
export function writeResult(name: string, result: Result, machine: Machine, date: Date): string {
  const { tables, chart, settings, figures } = result
  const day = date.toISOString().slice(0, 10)
  const footer = `${formatMachine(machine)} · ${day}`
  mkdirSync(RESULTS, { recursive: true })
  const document = { scenario: name, date: date.toISOString(), machine, settings, tables, figures }
  writeFileSync(join(RESULTS, `${name}.json`), `${JSON.stringify(document, roundNumber, 1)}\n`)
  writeFileSync(join(RESULTS, `${name}.svg`), drawChart({ ...chart, footer }))
  return [...tables.map(formatTable), footer, `Written: bench/results/${name}.json, .svg`].join(
    '\n',
  )
}

/** Five digits say more than any machine repeats. */
function roundNumber(_key: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isInteger(value)
    ? Number(value.toPrecision(5))
    : value
}
