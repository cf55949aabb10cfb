import test from 'ava'
import fc from 'fast-check'
import { splitMembers } from '../lib/json-text.ts'

/** Texts that are hard on whoever looks for quotes and brackets. */
const text = fc
  .array(fc.constantFrom('"', '\\', '{', '}', '[', ']', ',', ':', '\n', '\u2028', 'é', 'x'))
  .map((characters) => characters.join(''))
const value = fc.letrec((tie) => ({
  any: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(null, true, -1.5e-7, 0),
    text,
    fc.array(tie('any'), { maxLength: 4 }),
    fc.dictionary(text, tie('any'), { maxKeys: 4 }),
  ),
})).any

test('each member of an object has the text that JSON.stringify gives its value, in the same order', (t) => {
  fc.assert(
    fc.property(fc.dictionary(text, value), (data) => {
      const members = Object.entries(data).map(([key, inner]) => [key, JSON.stringify(inner)])
      t.deepEqual([...splitMembers(JSON.stringify(data))], members)
    }),
    { numRuns: 2000 },
  )
})

test('an object without members has none', (t) => {
  t.deepEqual([...splitMembers('{}')], [])
})

test('whatever the text, it comes to an end', (t) => {
  fc.assert(
    fc.property(fc.oneof(text, fc.string()), (nonsense) => {
      for (const broken of [nonsense, `{${nonsense}`, `{"${nonsense}`]) {
        try {
          t.true(splitMembers(broken).size <= broken.length)
        } catch (error) {
          t.true(error instanceof SyntaxError)
        }
      }
    }),
  )
})
