import type { Store } from '../store.ts'

/** What a case may need beyond an open store. */
export type Ability = 'reopen' | 'damage' | 'disable' | 'sweep'

/** What a case has while it runs: a store of its own, and whatever else it said that it needs. */
export interface Stage {
  /** Fresh, open and empty; closed after the case. */
  readonly store: Store
  /** Another instance on the same data; closed after the case. */
  reopen(): Promise<Store>
  /** Makes an entry damaged, and resolves once the store has noticed. */
  damage(name: string): Promise<void>
  /** Makes the store unable to answer. */
  disable(): Promise<void>
}

/** One sentence of the contract, and how to see that a store keeps it. */
export interface ContractCase {
  readonly title: string
  readonly needs?: readonly Ability[]
  run(stage: Stage): Promise<void>
}
