import { describeMachine } from './machine.ts'
import { parseCommandLine } from './options.ts'
import { writeResult } from './report/result.ts'
import { durable } from './scenarios/durable.ts'
import { main } from './scenarios/main.ts'
import { processes } from './scenarios/processes.ts'
import { scale } from './scenarios/scale.ts'
import type { Scenario } from './scenarios/scenario.ts'
import { sizes } from './scenarios/sizes.ts'
import { sweep } from './scenarios/sweep.ts'
import { Workbench } from './workbench.ts'

const SCENARIOS: Readonly<Record<string, Scenario>> = {
  main,
  scale,
  sweep,
  sizes,
  processes,
  durable,
}

function showUsage(): void {
  const lines = Object.entries(SCENARIOS).map(
    ([name, { title }]) => `  ${name.padEnd(10)} ${title}`,
  )
  console.error(
    [
      'npm run bench -- [scenario] [--quick] [--rounds n] [--burst ms] [--files n] [--only id,id]',
      ...lines,
    ].join('\n'),
  )
}

async function run(): Promise<void> {
  const { scenario: name, directory, ...options } = parseCommandLine(process.argv.slice(2))
  const scenario = SCENARIOS[name]
  if (scenario === undefined) {
    showUsage()
    throw new Error(`There is no scenario '${name}'`)
  }
  const begun = performance.now()
  const log = (message: string): void => {
    const seconds = Math.round((performance.now() - begun) / 1000)
    console.error(`${String(seconds).padStart(4)} s  ${message}`)
  }
  const workbench = new Workbench(log, directory)
  const interrupt = (): void => {
    const exit = (): never => process.exit(130)
    workbench.end().then(exit, exit)
  }
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt)
  try {
    const machine = describeMachine(workbench.directory)
    const result = await scenario.run(workbench, options)
    console.log(writeResult(options.quick ? `${name}-quick` : name, result, machine, new Date()))
  } finally {
    log('cleaning up')
    await workbench.end()
  }
}

await run()
