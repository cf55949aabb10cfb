import fc from 'fast-check'
import type { ModelAction } from './model.ts'
import { compareStored, type Model, use } from './model-comparison.ts'
import type { Machine } from './model-world.ts'

const MINUTE = 60_000
const DAY = 86_400_000

/** A command whose run is a function. */
export class Command implements fc.AsyncCommand<Model, Machine> {
  readonly #name: string
  readonly #check: (model: Model) => boolean
  /** Ends with a look at what is stored. */
  readonly run: (model: Model, real: Machine) => Promise<void>

  constructor(
    name: string,
    check: (model: Model) => boolean,
    run: (model: Model, real: Machine) => Promise<void>,
  ) {
    this.#name = name
    this.#check = check
    this.run = async (model, real) => {
      await run(model, real)
      for (const { visit } of model.guests) use(model, visit)
      await compareStored(model, real)
    }
  }

  check(model: Readonly<Model>): boolean {
    return this.#check(model)
  }

  toString(): string {
    return this.#name
  }
}

/** What a handler may do. */
export const action: fc.Arbitrary<ModelAction> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('set' as const),
      key: fc.constantFrom('a', 'b', 'n'),
      value: fc.nat(5),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('set' as const),
      key: fc.constant('user'),
      value: fc.constantFrom('ann', 'bob'),
    }),
  },
  fc.record({ kind: fc.constant('delete' as const), key: fc.constantFrom('a', 'b', 'user') }),
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constantFrom(
        ...(['save', 'save', 'count', 'count', 'reload', 'null', 'destroy'] as const),
      ),
    }),
  },
  fc.record({ kind: fc.constant('regenerate' as const), keep: fc.boolean() }),
  fc.record({
    kind: fc.constant('expiry' as const),
    expiry: fc.oneof(
      fc.constantFrom(10 * MINUTE, 20 * DAY, 'browser' as const, null),
      fc.constantFrom({ at: 30 * MINUTE }, { at: 500 * DAY }),
    ),
  }),
)
