import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import anyTest, { type TestFn } from 'ava'
import { type Consumer, createReader, type Outcome } from './support/package-consumer.ts'
import { projectDirectory } from './support/project.ts'

const OPTIONS = {
  target: 'es2023',
  lib: ['es2023'],
  module: 'nodenext',
  types: ['node'],
  strict: true,
  skipLibCheck: false,
  noEmit: true,
}

const test = anyTest as TestFn<{ consumer: Consumer; directory: string }>

test.before(async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'types-'))
  const packages = ['koa', '@koa/router', '@types']
  t.context = { directory, consumer: await createReader(directory, packages) }
})

test.after.always((t) => rm(t.context.directory, { recursive: true, force: true }))

/** Compiles text as the one file of a project that has installed the package. */
async function compile(
  consumer: Consumer,
  name: string,
  text: string,
  options: Record<string, unknown> = {},
): Promise<Outcome> {
  await consumer.write(`${name}.ts`, text)
  const tsconfig = { compilerOptions: { ...OPTIONS, ...options }, files: [`${name}.ts`] }
  await consumer.write(`${name}.json`, JSON.stringify(tsconfig))
  // Several at once as it is: the threads of each would share little but the work.
  return consumer.tsc('--singleThreaded', '--pretty', 'false', '--project', `${name}.json`)
}

function readCase(name: string): Promise<string> {
  return readFile(join(projectDirectory, 'test/types', name), 'utf8')
}

test('without augmentation any key is allowed and members are typed', async (t) => {
  t.deepEqual(await compile(t.context.consumer, 'plain', await readCase('plain.ts')), {
    code: 0,
    output: '',
  })
})

test('with SessionData augmented, keys are known and may be missing', async (t) => {
  t.deepEqual(await compile(t.context.consumer, 'augmented', await readCase('augmented.ts')), {
    code: 0,
    output: '',
  })
})

test('the declarations also suit exactOptionalPropertyTypes', async (t) => {
  const options = { exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true }
  t.deepEqual(await compile(t.context.consumer, 'exact', await readCase('augmented.ts'), options), {
    code: 0,
    output: '',
  })
})

test('a broken promise is seen', async (t) => {
  const { code, output } = await compile(
    t.context.consumer,
    'broken',
    `import { session } from 'koa-sealed-session'
const text: string = session
export { text }`,
    { skipLibCheck: true },
  )
  t.not(code, 0)
  t.regex(output, /^broken\.ts\(2,7\): error TS2322/)
})
