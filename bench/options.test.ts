import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseCommandLine } from './options.ts'
import { parseCores } from './processes/cores.ts'

test('without parameters the main table is run, and the scenarios about many have a million files', () => {
  const { scenario, quick, files, only } = parseCommandLine([])
  assert.deepEqual(
    { scenario, quick, files, only },
    { scenario: 'main', quick: false, files: 1e6, only: undefined },
  )
})

test('a smoke run has fewer files, unless it is told how many', () => {
  assert.equal(parseCommandLine(['sweep', '--quick']).files, 10_000)
  assert.equal(parseCommandLine(['sweep', '--quick', '--files', '50']).files, 50)
})

test('what is no count is refused by name', () => {
  assert.throws(() => parseCommandLine(['--rounds', 'few']), {
    message: "Expected --rounds to be a whole number above 0, got 'few'",
  })
})

test('the cores a process may use are read from ranges', () => {
  assert.deepEqual(parseCores('0-2,5'), [0, 1, 2, 5])
  assert.deepEqual(parseCores(''), [])
})
