import { AssertionError } from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import type { Store } from './store.ts'
import type { Ability, ContractCase, Stage } from './testing/case.ts'
import { changing } from './testing/changing.ts'
import { closing } from './testing/closing.ts'
import { failing } from './testing/failing.ts'
import { listing } from './testing/listing.ts'
import { parallel } from './testing/parallel.ts'
import { reading } from './testing/reading.ts'
import { sharing } from './testing/sharing.ts'
import { sweeping } from './testing/sweeping.ts'
import { telling } from './testing/telling.ts'
import { versioning } from './testing/versioning.ts'

/**
 * What the suite can do with a store beyond using it. Cases for which something is missing here are
 * listed with a reason to skip.
 */
export interface StoreContractOptions<S extends Store = Store> {
  /**
   * Opens another instance on the data of `store`, as another process would; `store` may be closed
   * by then. Default: none; right for a store whose data nobody else can reach.
   */
  readonly reopen?: ((store: S) => Store | Promise<Store>) | undefined
  /**
   * Makes what is kept under `name` unreadable, as a bad disk or a careless hand would. A store
   * that trusts its memory for a while is given a tenth of `timeout` to notice. Default: none;
   * right for a store whose entries cannot be damaged.
   */
  readonly damage?: ((store: S, name: string) => void | Promise<void>) | undefined
  /**
   * Makes the store unable to answer, for good: cuts its connection, takes its directory away.
   * Default: none.
   */
  readonly disable?: ((store: S) => void | Promise<void>) | undefined
  /**
   * Whether the store has a `sweep()`. Default `true`; `false` for one that expires entries by
   * itself.
   */
  readonly sweeps?: boolean | undefined
  /**
   * Runs after each case, when all its instances are closed, with the first of them: removes its
   * directory or table. Default: none.
   */
  readonly cleanup?: ((store: S) => void | Promise<void>) | undefined
  /** The longest that one case may take, in milliseconds. Default 30,000. */
  readonly timeout?: number | undefined
}

/** One case of the suite, for any test runner. */
export interface StoreContractCase {
  /** What is held, as a sentence. */
  readonly title: string
  /** Why the case cannot be run with the options given; `false` when it can. */
  readonly skip: string | false
  /**
   * Resolves when the store keeps this sentence, and rejects with the reason when it does not, or
   * when the case is to be skipped.
   */
  readonly run: () => Promise<void>
}

const CASES: readonly ContractCase[] = [
  ...reading,
  ...telling,
  ...changing,
  ...versioning,
  ...parallel,
  ...sharing,
  ...failing,
  ...listing,
  ...sweeping,
  ...closing,
]

const REASONS: Record<Ability, string> = {
  reopen: 'needs the option `reopen`',
  damage: 'needs the option `damage`',
  disable: 'needs the option `disable`',
  sweep: 'the store does not sweep',
}

const TIMEOUT = 30_000

/**
 * The contract of `Store`, sentence by sentence, as cases for any test runner. With AVA:
 *
 *     for (const { title, skip, run } of storeContract(() => new MyStore()))
 *       (skip ? test.skip : test)(title, (t) => t.notThrowsAsync(run))
 *
 * `open` makes a fresh, empty store each time it is called; each case has one of its own and closes
 * it. Cases may run side by side.
 */
export function storeContract<S extends Store>(
  open: () => S | Promise<S>,
  options: StoreContractOptions<S> = {},
): readonly StoreContractCase[] {
  return CASES.map((contractCase) => {
    const reasons = (contractCase.needs ?? []).filter((ability) => !isGiven(options, ability))
    const { title } = contractCase
    if (reasons.length === 0) {
      return { title, skip: false, run: () => runCase(contractCase, open, options) }
    }
    const skip = reasons.map((ability) => REASONS[ability]).join(', ')
    return { title, skip, run: async () => refuse(`This case cannot be run: ${skip}`) }
  })
}

function isGiven<S extends Store>(options: StoreContractOptions<S>, ability: Ability): boolean {
  return ability === 'sweep' ? options.sweeps !== false : options[ability] !== undefined
}

async function runCase<S extends Store>(
  contractCase: ContractCase,
  open: () => S | Promise<S>,
  options: StoreContractOptions<S>,
): Promise<void> {
  const store = await open()
  const opened: Store[] = [store]
  const closeAll = (): Promise<unknown> => Promise.all(opened.map((each) => each.close()))
  const bound = options.timeout ?? TIMEOUT
  try {
    await within(bound, contractCase.run(makeStage(store, opened, options)))
  } catch (error) {
    // The reason of the case is the one to show, whatever a store in that state says when it is
    // closed.
    await within(bound, closeAll()).catch(() => {})
    await options.cleanup?.(store)
    throw error
  }
  await within(bound, closeAll())
  await options.cleanup?.(store)
}

function makeStage<S extends Store>(
  store: S,
  opened: Store[],
  { reopen, damage, disable, timeout = TIMEOUT }: StoreContractOptions<S>,
): Stage {
  return {
    store,
    async reopen() {
      const another = await (reopen ?? missing)(store)
      opened.push(another)
      return another
    },
    async damage(name) {
      await (damage ?? missing)(store, name)
      const deadline = performance.now() + timeout / 10
      while ((await store.read(name)) !== 'damaged') {
        if (performance.now() > deadline) refuse('the damage is not noticed')
        await delay(50)
      }
    },
    async disable() {
      await (disable ?? missing)(store)
    },
  }
}

async function within(milliseconds: number, work: Promise<unknown>): Promise<void> {
  const abandon = new AbortController()
  const late = delay(milliseconds, undefined, { signal: abandon.signal }).then(() =>
    refuse(`not done within ${milliseconds} ms`),
  )
  try {
    await Promise.race([work, late])
  } finally {
    abandon.abort()
  }
}

function missing(): never {
  return refuse('a case uses what it did not say that it needs')
}

function refuse(message: string): never {
  throw new AssertionError({ message })
}
