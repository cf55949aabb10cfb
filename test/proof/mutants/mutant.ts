/** A fault put into the source on purpose, which a test has to find. */
export interface Mutant {
  /** The source file, from the project's top. */
  readonly file: string
  /** What is wrong with it then. */
  readonly what: string
  /** The text that is replaced: it occurs exactly once in the file. */
  readonly find: string
  readonly replace: string
  /** The test file, from the project's top, of which one test at least must go red. */
  readonly test: string
}

/** A mutant of the file, and found by the tests, that its group names. */
type Change = Pick<Mutant, 'what' | 'find' | 'replace'> & Partial<Pick<Mutant, 'test'>>

/** The mutants of one file. `test`: the test file that finds those that name no other. */
export function mutantsOf(file: string, test: string, changes: readonly Change[]): Mutant[] {
  return changes.map((change) => ({ file, test, ...change }))
}
