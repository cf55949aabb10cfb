import type { KeySource } from '../../lib/keyring.ts'

/** A master key of 32 equal bytes. */
export const keyOf = (byte: number): Buffer => Buffer.alloc(32, byte)

/** Plays where keys come from: the test puts others there, or has it fail. */
export class ChangingKeys implements KeySource {
  keys: readonly Buffer[]
  failure: Error | undefined
  loads = 0
  #loaded: readonly Buffer[] = []

  constructor(...bytes: readonly number[]) {
    this.keys = bytes.map(keyOf)
  }

  async load(): Promise<readonly Buffer[]> {
    if (this.failure) throw this.failure
    this.loads += 1
    this.#loaded = this.keys
    return this.keys
  }

  async changed(): Promise<boolean> {
    if (this.failure) throw this.failure
    return this.#loaded !== this.keys
  }
}
