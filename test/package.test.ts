import { readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import anyTest, { type TestFn } from 'ava'
import {
  type Consumer,
  createConsumer,
  type PackedProject,
  packProject,
} from './support/package-consumer.ts'
import { projectDirectory } from './support/project.ts'

const test = anyTest as TestFn<{ consumer: Consumer; packed: PackedProject; directory: string }>

test.before(async (t) => {
  const { context } = t
  context.directory = await mkdtemp(join(tmpdir(), 'package-'))
  context.packed = await packProject(context.directory)
  context.consumer = await createConsumer(context.directory, context.packed.tarball)
})

test.after.always((t) => rm(t.context.directory, { recursive: true, force: true }))

function readJson(name: string): Record<string, never> {
  return JSON.parse(readFileSync(join(projectDirectory, name), 'utf8'))
}

const { name, exports } = readJson('package.json') as unknown as {
  name: string
  exports: Record<string, unknown>
}
/** Of the tarball, in bytes. */
const LARGEST = 164_000

const specifiers = Object.keys(exports).map((path) => name + path.slice(1))
const modules = specifiers.filter((specifier) => !specifier.endsWith('.json'))

test('the package holds the library and the standard files, and nothing else', (t) => {
  const { contents, size } = t.context.packed
  const strangers = contents.filter(
    (path) =>
      !/^dist\/(lib|stores)\/.*\.(js|d\.ts)$/.test(path) &&
      !['LICENSE', 'README.md', 'package.json'].includes(path),
  )
  t.deepEqual(strangers, [])
  for (const path of ['LICENSE', 'README.md', 'dist/lib/index.js', 'dist/lib/index.d.ts']) {
    t.true(contents.includes(path), path)
  }
  const declarations = ['lib', 'stores'].flatMap((folder) =>
    readdirSync(join(projectDirectory, 'dist', folder), { encoding: 'utf8', recursive: true })
      .filter((path) => path.endsWith('.d.ts'))
      .map((path) => `dist/${folder}/${path.replaceAll('\\', '/')}`),
  )
  t.deepEqual(contents.filter((path) => path.endsWith('.d.ts')).sort(), declarations.sort())
  t.true(size < LARGEST, `${size} bytes`)
})

test('every export can be imported, and required from CommonJS', async (t) => {
  const { consumer } = t.context
  await consumer.write(
    'import.mjs',
    `${modules.map((specifier) => `console.log(Object.keys(await import('${specifier}')).length > 0)`).join('\n')}
console.log((await import('${name}')).session.name)`,
  )
  await consumer.write(
    'require.cjs',
    `${modules.map((specifier) => `console.log(Object.keys(require('${specifier}')).length > 0)`).join('\n')}
console.log(require('${name}').session.name)`,
  )
  const expected = `${'true\n'.repeat(modules.length)}session\n`
  for (const program of ['import.mjs', 'require.cjs']) {
    t.deepEqual(await consumer.node('--no-warnings', program), { code: 0, output: expected })
  }
})

test('a file that is not exported cannot be reached', async (t) => {
  const { consumer } = t.context
  await consumer.write('inside.mjs', `await import('${name}/dist/lib/envelope.js')`)
  const { code, output } = await consumer.node('inside.mjs')
  t.is(code, 1)
  t.regex(output, /ERR_PACKAGE_PATH_NOT_EXPORTED/)
})

test('a program that only imports it, or only makes the middleware, exits by itself and touches no file', async (t) => {
  const { consumer } = t.context
  await consumer.write(
    'only.mjs',
    `import { existsSync } from 'node:fs'
import { session } from '${name}'
session()
process.once('exit', () => console.log(existsSync('.sessions')))`,
  )
  t.deepEqual(await consumer.node('only.mjs'), { code: 0, output: 'false\n' })
})

test('a graceful shutdown registered once after the import completes', async (t) => {
  const { consumer } = t.context
  // proper-lockfile listens for signals too, and would end the process first if it were loaded later.
  await consumer.write(
    'graceful.mjs',
    `import { setTimeout } from 'node:timers/promises'
import { session } from '${name}'

const sessions = session({ directory: 'graceful' })
const running = setInterval(() => {}, 1000)
process.once('SIGTERM', async () => {
  await setTimeout(50)
  await sessions.close()
  clearInterval(running)
  console.log('closed')
})
await sessions.ready()
process.kill(process.pid, 'SIGTERM')`,
  )
  t.deepEqual(await consumer.node('graceful.mjs'), { code: 0, output: 'closed\n' })
})

for (const folder of ['', '.ci/', 'bench/']) {
  test(`${folder}package-lock.json has the optional packages of every platform, without which npm ci refuses`, (t) => {
    const { packages } = readJson(`${folder}package-lock.json`) as unknown as {
      packages: Record<string, { optionalDependencies?: Record<string, string> }>
    }
    const missing = Object.values(packages).flatMap(({ optionalDependencies = {} }) =>
      Object.keys(optionalDependencies).filter((optional) => !packages[`node_modules/${optional}`]),
    )
    t.deepEqual(missing, [])
  })
}
