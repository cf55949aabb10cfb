import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'

// Most files are done within a second: what V8 compiles anew in it, to be faster later, is lost.
// Later versions of Node do not know the flag: they count calls.
if (process.version.startsWith('v20.')) setFlagsFromString('--interrupt-budget=600000')

const TESTS = 'dist/test'
const GROUPS = 'dist/groups'

/** What takes seconds, or looks at all the memory of the process. Each has a worker of its own. */
const ALONE =
  /^(browser|key-file-publish|package|proof\/.*|readme|secret|serializer|testing|types)\.test|\b(contract|damage|deletion|faults|keys|kill|listeners|lock|lock-model|processes|register|rolling-restart|sole-files|tenancy|tenancy-model|torture)\.test/

/** Tests of one worker begin at the same time: of more, some would wait too long for their turn. */
const LARGEST_GROUP = 16

/**
 * Groups the others by their folder, since a worker costs half a second of CPU before its first test:
 * writes a file for each group, which imports what is in it. Returns the files that stay alone.
 */
function writeGroups() {
  const tests = readdirSync(join(import.meta.dirname, TESTS), { recursive: true }).filter((path) =>
    path.endsWith('.test.js'),
  )
  const folders = {}
  for (const path of tests.filter((test) => !ALONE.test(test)).sort()) {
    const folder = path.includes('/') ? path.slice(0, path.indexOf('/')) : 'lib'
    folders[folder] ??= []
    folders[folder].push(`import '../test/${path}'\n`)
  }
  const groups = join(import.meta.dirname, GROUPS)
  rmSync(groups, { recursive: true, force: true })
  mkdirSync(groups)
  for (const [folder, imports] of Object.entries(folders)) {
    for (let number = 1; imports.length > 0; number++) {
      const file = join(groups, `${folder}-${number}.js`)
      writeFileSync(file, imports.splice(0, LARGEST_GROUP).join(''))
    }
  }
  return tests.filter((test) => ALONE.test(test)).map((test) => `${TESTS}/${test}`)
}

/** With any argument, such as a file or `--match`, each file has a worker, and is called by its name. */
const isWhole = process.argv.length === 2

export default {
  files: isWhole ? [...writeGroups(), `${GROUPS}/*.js`] : [`${TESTS}/**/*.test.js`],
  nodeArguments: ['--enable-source-maps'],
  timeout: '60s',
  // One more than there are cores: tests with processes of their own wait for them half the time.
  concurrency: availableParallelism() + 1,
  // Begun last, a long file would be waited for by all cores but one.
  sortTestFiles: (one, other) =>
    Number(one.includes(GROUPS)) - Number(other.includes(GROUPS)) || one.localeCompare(other),
}
