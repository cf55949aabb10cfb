/** One who uses the store: a thread of a process. */
export interface Tenant {
  /** 16 hexadecimal digits, drawn at random. Its socket is named after it. */
  readonly name: string
  /**
   * Who it is, as an owner's `identify()` tells; `''` for one found by its socket alone, when there
   * was no register.
   */
  readonly owner: string
  /** The inode number of the directory that its socket is in. */
  readonly directory: string
}

/** Who uses a store. */
export interface Register {
  readonly tenants: readonly Tenant[]
  /**
   * The names of those who may be writing in place: a newcomer asks each of them to stop. Usually
   * one or none; more only after the register was lost.
   */
  readonly sole: readonly string[]
  /**
   * Somebody uses the store, or did, whom nobody can ask: nobody may be alone any more. For good,
   * since nobody can tell when that has ended.
   */
  readonly shared: boolean
}

/** What the file of a register holds. */
export type RegisterContent = Register | 'damaged' | 'later version'

const VERSION = 1
const NAME = /^[0-9a-f]{16}$/

/** No register larger than this is read, in bytes: some thousand tenants. */
export const LARGEST_REGISTER: number = 1024 * 1024

/** A register as the text of its file. */
export function formatRegister({ tenants, sole, shared }: Register): string {
  return `${JSON.stringify({ version: VERSION, tenants, sole, shared })}\n`
}

/** Takes any text and never throws. */
export function parseRegister(text: string): RegisterContent {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return 'damaged'
  }
  if (!isObject(value)) return 'damaged'
  const { version, tenants, sole, shared } = value
  if (typeof version === 'number' && version > VERSION) return 'later version'
  if (version !== VERSION || typeof shared !== 'boolean') return 'damaged'
  if (!Array.isArray(tenants) || !tenants.every(isTenant)) return 'damaged'
  const names = tenants.map(({ name }) => name)
  if (!Array.isArray(sole) || !sole.every((name) => names.includes(name))) return 'damaged'
  return { tenants, sole, shared }
}

function isTenant(value: unknown): value is Tenant {
  if (!isObject(value)) return false
  const { name, owner, directory } = value
  return (
    typeof name === 'string' &&
    NAME.test(name) &&
    typeof owner === 'string' &&
    typeof directory === 'string'
  )
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

/** A register with other tenants: who is not among them is not named sole either. */
export function withTenants(register: Register, tenants: readonly Tenant[]): Register {
  const names = tenants.map(({ name }) => name)
  return { ...register, tenants, sole: register.sole.filter((name) => names.includes(name)) }
}

/** Whether a register knows of a tenant; of one that nobody can ask, by saying that there are such. */
export function isOnRegister(register: Register, tenant: Tenant | undefined): boolean {
  return tenant ? register.tenants.some(({ name }) => name === tenant.name) : register.shared
}

/** Whether a register says that a tenant may be writing in place. */
export function isNamedSole(register: Register, tenant: Tenant | undefined): boolean {
  return tenant !== undefined && register.sole.includes(tenant.name)
}
