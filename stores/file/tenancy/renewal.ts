import type { Verdict } from '../owner.ts'
import { isNamedSole, isOnRegister, type Register, type Tenant, withTenants } from './register.ts'

/** Who renews a register, and how they see it. */
export interface RenewalOptions {
  /** `undefined` for one whom nobody can ask. */
  readonly self: Tenant | undefined
  /** The names we had before. */
  readonly former: readonly string[]
  /** We were on the register. */
  readonly isJoined: boolean
  /** We are sole, or something that began while we were is still under way. */
  readonly isSole: boolean
  readonly judge: (tenant: Tenant) => Promise<Verdict>
}

/** What a register is to become. */
export interface Renewal {
  readonly register: Register
  /** We were not on it. */
  readonly isNew: boolean
  /** We are alone, and say so. */
  readonly isClaim: boolean
  /** It is to be written. */
  readonly isDue: boolean
}

/**
 * A register with us on it and without the dead. `undefined` when we were on it and are not any
 * more: somebody has removed it, and others may have come since.
 */
export async function renewRegister(
  register: Register,
  { self, former, isJoined, isSole, judge }: RenewalOptions,
): Promise<Renewal | undefined> {
  const isNew = !isOnRegister(register, self)
  if (isNew && isJoined) return undefined
  const entry = register.tenants.find(({ name }) => name === self?.name)
  const others = register.tenants.filter(({ name }) => name !== self?.name)
  const verdicts = await Promise.all(
    others.map((each) => (former.includes(each.name) ? 'dead' : judge(each))),
  )
  const living = others.filter((_each, index) => verdicts[index] !== 'dead')
  const next = withTenants(register, self ? [...living, self] : living)
  const shared = register.shared || !self
  const isClaim = self !== undefined && living.length === 0 && !shared && !isSole
  // Who is not sole need not be asked. Nobody is before a claim is on the disk.
  const isStale = !isSole && isNamedSole(register, self)
  const sole = isClaim ? [self.name] : next.sole.filter((name) => !isStale || name !== self?.name)
  const isDue =
    isNew || isClaim || isStale || living.length < others.length || entry?.owner !== self?.owner
  return { register: { ...next, sole, shared }, isNew, isClaim, isDue }
}
