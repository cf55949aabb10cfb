import type { Environment } from '../environment.ts'
import { removeDeadSockets } from './litter.ts'
import { isOnRegister, type Register, withTenants } from './register.ts'
import type { RegisterFile } from './register-file.ts'
import { type Renewal, renewRegister } from './renewal.ts'
import type { Seat } from './seat.ts'
import type { SoleRight } from './sole-right.ts'

/** What a membership works with. */
export interface MembershipOptions {
  readonly environment: Environment
  readonly file: RegisterFile
  readonly right: SoleRight
  /** The longest time to wait for the register, in milliseconds. */
  readonly patience: number
  /** Aborted when no right may be taken any more. */
  readonly signal: AbortSignal
}

/** What came of a renewal. */
export interface Renewed {
  /** How the register is now. */
  readonly register: Register
  /** When it was so, or later, by the monotonic clock. */
  readonly seenAt: number
}

/** What we do to the register. */
export class Membership {
  readonly #options: MembershipOptions

  constructor(options: MembershipOptions) {
    this.#options = options
  }

  /** What `renew()` would do. */
  plan(
    register: Register,
    { tenant, peers }: Seat,
    former: readonly Seat[],
    isJoined: boolean,
  ): Promise<Renewal | undefined> {
    return renewRegister(register, {
      self: tenant,
      former: namesOf(former),
      isJoined,
      isSole: this.#options.right.isReliedOn,
      judge: (each) => peers.judge(each),
    })
  }

  /**
   * Enters the register, takes the dead off it, and claims to be alone if we are. Resolves to
   * `undefined` when we were on it and are not any more.
   */
  async renew(
    seat: Seat,
    former: readonly Seat[],
    isJoined: boolean,
  ): Promise<Renewed | undefined> {
    const { environment, file, right, patience, signal } = this.#options
    await right.settled()
    const seenAt = environment.monotonic()
    const { promises } = right
    let renewal: Renewal | undefined
    const written = await file.edit(async (register) => {
      renewal = await this.plan(register, seat, former, isJoined)
      return renewal?.isDue ? renewal.register : undefined
    }, patience)
    if (!renewal) return undefined
    if (written) {
      if (renewal.isNew) seat.peers.forgetAnswers()
      if (renewal.isClaim) await right.take(promises, signal)
      if (seat.tenant && seat.place) await removeDeadSockets(seat.place, written)
    }
    return { register: renewal.register, seenAt }
  }

  /**
   * Tells those who come after us that nobody needs to be asked any more. Resolves to whether we are
   * on the register.
   */
  async clear({ tenant }: Seat, asked: readonly string[]): Promise<boolean> {
    let isEntered = false
    await this.#options.file.edit(async (register) => {
      isEntered = isOnRegister(register, tenant)
      const sole = register.sole.filter((name) => !asked.includes(name))
      return isEntered && sole.length < register.sole.length ? { ...register, sole } : undefined
    }, this.#options.patience)
    return isEntered
  }

  /** Takes us off the register. */
  async strike(seats: readonly Seat[]): Promise<void> {
    const names = namesOf(seats)
    if (names.length === 0) return
    await this.#options.file.edit(async (register) => {
      const left = register.tenants.filter(({ name }) => !names.includes(name))
      return left.length < register.tenants.length ? withTenants(register, left) : undefined
    }, this.#options.patience)
  }
}

function namesOf(seats: readonly Seat[]): string[] {
  return seats.flatMap(({ tenant }) => tenant?.name ?? [])
}
