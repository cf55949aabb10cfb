import type { Contender } from '../contenders.ts'
import type { Summary } from '../summary.ts'
import type { Bar, Panel } from './chart.ts'
import { formatCount, formatMilliseconds, formatRatio, formatShare } from './format.ts'
import type { Table } from './table.ts'

/** A case and what it is called above its bars. */
export interface TitledCase {
  readonly id: string
  readonly title: string
}

/** The load is the limit, and the figures are too good, from this share of its core on. */
const BUSY = 0.97
/** A saturated server that has less of its core than this shares it with somebody. */
const DISTURBED = 0.85

/** Every contender in every case: ratio, CPU, p99. */
export class Comparison {
  readonly #contenders: readonly Contender[]
  readonly #cases: readonly TitledCase[]
  readonly #summaries: readonly Summary[]

  constructor(
    contenders: readonly Contender[],
    cases: readonly TitledCase[],
    summaries: readonly Summary[],
  ) {
    this.#contenders = contenders
    this.#cases = cases
    this.#summaries = summaries.filter((each) => cases.some(({ id }) => id === each.case))
  }

  /** The summary of one contender in one case; undefined when it took no part. */
  find(contender: string, id: string): Summary | undefined {
    return this.#summaries.find((each) => each.contender === contender && each.case === id)
  }

  /** A row for each contender, three columns for each case. */
  createTable(title: string): Table {
    return {
      title,
      columns: ['', ...this.#cases.flatMap(({ id }) => [id, '+µs', 'p99'])],
      rows: this.#contenders.map((contender) => [
        contender.label,
        ...this.#cases.flatMap(({ id }) => formatCells(contender, this.find(contender.id, id))),
      ]),
      notes: [
        ...this.#describeReferences(),
        ...this.#summaries.flatMap((each) => this.#judge(each)),
      ],
    }
  }

  /** A panel of bars for each case; those that all others are compared with are left out. */
  createPanels(): Panel[] {
    return this.#cases.map(({ id, title }) => ({
      title,
      bars: this.#contenders.flatMap((contender) =>
        createBar(contender, this.find(contender.id, id)),
      ),
    }))
  }

  #describeReferences(): string[] {
    return this.#contenders.filter(isReference).flatMap(({ id, label, group }) => {
      const own = this.#cases.map((each) => this.find(id, each.id))
      const rates = own.map((summary) => formatCount(summary?.requestsPerSecond))
      const share = Math.min(...own.map((summary) => summary?.cpuShare ?? 1))
      const line = `${label}: ${rates.join(' · ')} requests/s`
      if (group !== 'bare' || share > DISTURBED) return [line]
      const warning = `others used the machine: ${label} had ${formatShare(share)} of its core`
      return [line, `✘ ${warning}. Trust the CPU alone, or run it again.`]
    })
  }

  #judge({ contender, case: id, problems, failed, loadShare }: Summary): string[] {
    const label = this.#contenders.find((each) => each.id === contender)?.label
    const lines =
      loadShare > BUSY ? [`${label}, ${id}: the load was the limit, not the server`] : []
    if (failed === 0) return lines
    const kinds = Object.entries(problems).map(([problem, times]) => `${times} × ${problem}`)
    return [
      `✘ ${label}, ${id}: ${kinds.join(', ')} (${formatShare(failed)} of the requests)`,
      ...lines,
    ]
  }
}

function isReference({ baseline }: Contender): boolean {
  return baseline === undefined
}

function formatCells(contender: Contender, summary: Summary | undefined): string[] {
  if (summary === undefined) return ['', '', '']
  const { ratio, failed, cpuMicroseconds, companionMicroseconds, p99 } = summary
  const milliseconds = formatMilliseconds(p99)
  if (isReference(contender)) return ['1', '', milliseconds]
  const companion = companionMicroseconds > 0 ? `+${formatCount(companionMicroseconds)}` : ''
  const mark = failed > 0 ? '✘ ' : ''
  return [mark + formatRatio(ratio), formatCount(cpuMicroseconds) + companion, milliseconds]
}

function createBar(contender: Contender, summary: Summary | undefined): Bar[] {
  if (summary === undefined || isReference(contender)) return []
  const { ratio, failed } = summary
  const failing = failed > 0 ? `, ${formatShare(failed)} failed` : ''
  const { label, group } = contender
  return [
    {
      label: label.replace('floor: ', ''),
      group,
      value: ratio,
      text: formatRatio(ratio) + failing,
    },
  ]
}
