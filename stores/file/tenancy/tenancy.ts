import type { Environment } from '../environment.ts'
import type { SessionLocks } from '../lock.ts'
export interface TenancyOptions {
  readonly environment: Environment
  readonly directory: string
  readonly locks: SessionLocks
  readonly onTenureEnd: () => Promise<void>
}
export class Tenancy {
  isSole = false
  begun = 0
  onEnd: () => Promise<void>
  constructor(options: TenancyOptions) {
    this.onEnd = options.onTenureEnd
  }
  async join(): Promise<void> {
    // Others may be writing, as far as is known here.
  }
  begin(): (() => void) | undefined {
    if (!this.isSole) return undefined
    this.begun++
    return () => {
      this.begun--
    }
  }
  confirm(): Promise<void> | undefined {
    return undefined
  }
  async leave(): Promise<void> {
    this.isSole = false
    await this.onEnd()
  }
}
