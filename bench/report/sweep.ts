import type { LoadedPassage, Pair, Passage } from '../paired-load.ts'
import { median } from '../statistics.ts'
import type { Bar } from './chart.ts'
import { formatCount, formatMilliseconds, formatRatio } from './format.ts'
import type { Result } from './result.ts'

/** What the sweep of many files came to, and a bare loop over the same. */
export interface SweepFigures {
  /** The server and its twin, both without any other work. */
  readonly undisturbed: readonly Pair[]
  readonly bare: Passage
  readonly bareLoaded: LoadedPassage
  readonly loaded: LoadedPassage
  /** The rest, by a server without requests. */
  readonly rest: Passage
  /** All again, when nothing is expired any more. */
  readonly idle: Passage
}

const NOTES = [
  'ratio: to a twin of the server in the same seconds, and that to the two by themselves',
  'under load: CPU above that of the requests, and the seconds of the twin too; the loop removes nothing',
]

/** As tables, and as a chart. */
export function reportSweep(
  files: number,
  { undisturbed, bare, bareLoaded, loaded, rest, idle }: SweepFigures,
): Pick<Result, 'tables' | 'chart'> {
  const loads = [
    { label: 'without either', group: 'bare', pairs: undisturbed, ratio: 1 },
    { label: 'during the loop', group: 'floor', ...bareLoaded },
    { label: 'during the sweep', group: 'ours', ...loaded },
  ] as const
  const passages = [
    { label: 'loop', group: 'floor', passage: bare },
    { label: 'sweep, nothing expired', group: 'ours', passage: idle },
    { label: 'sweep of the rest', group: 'ours', passage: rest },
    { label: 'loop under load', group: 'floor', passage: bareLoaded },
    { label: 'sweep under load', group: 'ours', passage: loaded },
  ] as const
  return {
    tables: [
      {
        title: 'The server while it sweeps (90/10)',
        columns: ['', 'requests/s', 'ratio', 'event loop p99, ms', 'longest, ms', 'p99, ms'],
        rows: loads.map(({ label, pairs, ratio }) => [label, ...describeLoad(pairs, ratio)]),
        notes: NOTES.slice(0, 1),
      },
      {
        title: 'The sweep, and a loop of opendir, open, read and close',
        columns: ['', 'files', 'removed', 'seconds', 'CPU µs/file', 'to the loop'],
        rows: passages.map(({ label, passage }) => [
          label,
          ...describePassage(passage),
          formatRatio(costOf(passage) / costOf(bare)),
        ]),
        notes: NOTES.slice(1),
      },
    ],
    chart: {
      title: `A sweep of ${formatCount(files)} files under load`,
      subtitle: 'One process, nine reads to a write, a tenth of the files expired',
      panels: [
        {
          title: 'Requests per second',
          bars: loads.map(({ label, group, pairs }) => bar(label, group, rateOf(pairs))),
        },
        {
          title: 'CPU per file, µs',
          bars: passages.map(({ label, group, passage }) => bar(label, group, costOf(passage))),
        },
      ],
    },
  }
}

function describeLoad(pairs: readonly Pair[], ratio: number): string[] {
  const bursts = pairs.map(({ server }) => server)
  return [
    formatCount(rateOf(pairs)),
    formatRatio(ratio),
    formatMilliseconds(median(bursts.map(({ delay }) => delay.p99))),
    formatMilliseconds(Math.max(...bursts.map(({ delay }) => delay.longest))),
    formatMilliseconds(median(bursts.map(({ p99 }) => p99))),
  ]
}

function describePassage(passage: Passage): string[] {
  const { files, removed, milliseconds } = passage
  const seconds = (milliseconds / 1000).toFixed(1)
  return [formatCount(files), formatCount(removed), seconds, formatCount(costOf(passage))]
}

function rateOf(pairs: readonly Pair[]): number {
  return median(pairs.map(({ server }) => server.requestsPerSecond))
}

/** CPU microseconds a file. */
function costOf({ cpuMicroseconds, files }: Passage): number {
  return cpuMicroseconds / Math.max(files, 1)
}

function bar(label: string, group: Bar['group'], value: number): Bar {
  return { label, group, value, text: formatCount(value) }
}
