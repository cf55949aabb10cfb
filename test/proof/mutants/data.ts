import { type Mutant, mutantsOf } from './mutant.ts'

/** Faults in what is kept of the data of a session for the next request. */
export const dataMutants: readonly Mutant[] = [
  ...mutantsOf('lib/known-data.ts', 'test/known-data.test.ts', [
    {
      what: 'two requests share an object',
      find: 'return copyValue(this.#kept as Value) as object',
      replace: 'return this.#kept',
    },
    {
      what: 'the second request changes what is kept',
      find: 'this.#kept = copyValue(data as Value) as object',
      replace: 'this.#kept = data',
    },
    {
      what: 'requests share the objects below the first level',
      find: 'const inner = copyValue((value as ValueObject)[key] as Value)',
      replace: 'const inner = (value as ValueObject)[key] as Value',
    },
    {
      what: 'requests share the elements of a list',
      find: 'value.map(copyValue)',
      replace: '[...value]',
    },
    {
      what: 'a key that was taken away is not missed',
      find: '  if (keys.length !== keptKeys.length) return false\n',
      replace: '',
    },
    {
      what: 'another order of keys is the same',
      find: 'if (key !== keptKeys[index]) return false',
      replace: 'if (!keptKeys.includes(key)) return false',
    },
    {
      what: 'an element more is not seen',
      find: ' || value.length !== kept.length',
      replace: '',
    },
    {
      what: 'what a toJSON would say is not asked for',
      find: ' || !isPlain(value)',
      replace: '',
    },
    {
      what: 'a list and an object of the same elements are the same',
      find: '!Array.isArray(value) && ',
      replace: '',
    },
    {
      what: 'a getter that throws fails the request',
      find: '      return false\n    }',
      replace: '      throw new Error()\n    }',
    },
    {
      what: 'what takes far more memory than its text is kept',
      find: 'sizeOf(data as Value) <= KEPT_BYTES_PER_UNIT * text.length',
      replace: 'text.length > 0',
    },
    {
      what: 'data with the name of an inherited member are assigned',
      find: '!(key in copy)',
      replace: 'true',
    },
  ]),
  ...mutantsOf('lib/working-copy.ts', 'test/working-copy.test.ts', [
    {
      what: 'an expiry that was set is forgotten where the data stay',
      find: 'if (this.#limits !== undefined || this.#session === undefined) return false',
      replace: 'if (this.#session === undefined) return false',
    },
  ]),
]
