/** What a child process does when it is asked to: a name, and a function of at most one value. */
// biome-ignore lint/suspicious/noExplicitAny: each child process has its own
export type Calls = Record<string, (input: any) => unknown>

/** A question, as it goes over the channel. */
export interface Question {
  readonly number: number
  readonly name: string
  readonly input: unknown
}

/** Its answer: a value, or what went wrong. */
export interface Answer {
  readonly number: number
  readonly value?: unknown
  readonly error?: string
}

/** Answers the questions of the parent process with `calls`, until that goes away. */
export function answerCalls(calls: Calls): void {
  process.on('message', async ({ number, name, input }: Question) => {
    const answer = await answerCall(calls, name, input)
    process.send?.({ number, ...answer } satisfies Answer)
  })
  process.on('disconnect', () => process.exit())
}

async function answerCall(
  calls: Calls,
  name: string,
  input: unknown,
): Promise<Omit<Answer, 'number'>> {
  try {
    return { value: await calls[name]?.(input) }
  } catch (error) {
    return { error: error instanceof Error ? (error.stack ?? error.message) : String(error) }
  }
}
