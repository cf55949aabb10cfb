import { parseArgs } from 'node:util'

/** How a scenario is to be run. */
export interface RunOptions {
  /** A smoke run: everything once and short. Its figures mean nothing. */
  readonly quick: boolean
  /** Rounds that count; undefined: as the scenario wants. */
  readonly rounds: number | undefined
  /** How long one burst is, in milliseconds; undefined: as the scenario wants. */
  readonly burst: number | undefined
  /** Session files on the disk, for the scenarios about many; default 1,000,000. */
  readonly files: number
  /** The ids of the contenders that take part, beside those they are compared with; undefined: all. */
  readonly only: readonly string[] | undefined
}

/** What was asked for on the command line. */
export interface CommandLine extends RunOptions {
  readonly scenario: string
  /** Where to keep what is measured; undefined: beside the benchmark. */
  readonly directory: string | undefined
}

/** Reads the command line. Throws what is wrong with it. */
export function parseCommandLine(parameters: readonly string[]): CommandLine {
  const { values, positionals } = parseArgs({
    args: [...parameters],
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      burst: { type: 'string' },
      files: { type: 'string' },
      only: { type: 'string' },
      directory: { type: 'string' },
    },
  })
  const { quick, directory } = values
  return {
    scenario: positionals[0] ?? 'main',
    quick,
    directory,
    only: values.only?.split(','),
    rounds: parseCount('rounds', values.rounds),
    burst: parseCount('burst', values.burst),
    files: parseCount('files', values.files) ?? (quick ? 10_000 : 1_000_000),
  }
}

function parseCount(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const count = Number(text)
  if (Number.isSafeInteger(count) && count > 0) return count
  throw new Error(`Expected --${name} to be a whole number above 0, got '${text}'`)
}
