import { availableParallelism } from 'node:os'
import { setFlagsFromString } from 'node:v8'

// Most files are done within a second: what V8 compiles anew in it, to be faster later, is lost.
// Later versions of Node do not know the flag: they count calls.
if (process.version.startsWith('v20.')) setFlagsFromString('--interrupt-budget=600000')

/** What takes seconds goes first: begun last, one file would be waited for by all cores but one. */
const LONG =
  /browser|contract|environment|example|faults|hostile|keys|kill|model|package|processes|proof|readme|register|restart|serializer|tenancy\.|testing|torture|types/

function rankOf(path) {
  return LONG.test(path.slice(path.lastIndexOf('dist'))) ? 0 : 1
}

export default {
  files: ['dist/test/**/*.test.js'],
  nodeArguments: ['--enable-source-maps'],
  timeout: '60s',
  // One more than there are cores: tests with processes of their own wait for them half the time.
  concurrency: availableParallelism() + 1,
  sortTestFiles: (one, other) => rankOf(one) - rankOf(other) || one.localeCompare(other),
}
