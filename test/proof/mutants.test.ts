import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { projectDirectory } from '../support/project.ts'
import { mutants } from './mutants.ts'

const read = (file: string): string => readFileSync(join(projectDirectory, file), 'utf8')

test('every mutant has its text exactly once in its file, and changes it', (t) => {
  t.true(mutants.length >= 40)
  for (const { file, what, find, replace } of mutants) {
    t.is(read(file).split(find).length - 1, 1, `${file}: ${what}`)
    t.not(find, replace, what)
  }
})

test('every mutant names a test file that is there', (t) => {
  for (const { test: name } of mutants) {
    t.true(name.endsWith('.test.ts') && existsSync(join(projectDirectory, name)), name)
  }
})

test('no two mutants are alike', (t) => {
  const sentences = mutants.map(({ file, what }) => `${file}: ${what}`)
  t.deepEqual(
    sentences.filter((sentence, index) => sentences.indexOf(sentence) !== index),
    [],
  )
})
