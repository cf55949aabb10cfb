import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { retryDeleted } from '../deletion.ts'
import type { Environment } from '../environment.ts'
import { storeError } from '../failure.ts'
import type { SessionLocks } from '../lock.ts'
import { rebuildRegister } from './litter.ts'
import { Membership } from './membership.ts'
import { closed, type PatientWait, unanswered, waitPatiently } from './patience.ts'
import { isNamedSole, isOnRegister, type Register } from './register.ts'
import { RegisterFile } from './register-file.ts'
import { openSeat, type Seat } from './seat.ts'
import { SoleRight } from './sole-right.ts'

/** What a tenancy works with. */
export interface TenancyOptions {
  readonly environment: Environment
  /** The real path of the store's directory, which is there and ours. */
  readonly directory: string
  /** Makes it anew, when somebody deleted it. Default: nothing. */
  readonly restore?: () => Promise<void>
  /** The fenced locks, for the register. */
  readonly locks: SessionLocks
  /**
   * Awaited on each change of tenure, before anybody is told and before `isSole` may become true
   * again: closes descriptors, forgets what was known. Must not reject.
   */
  readonly onTenureEnd: () => Promise<void>
  /** How long others may take to let us in, in milliseconds. Default: 5000. */
  readonly patience?: number
  /** How often to look at the others, in milliseconds. Default: 10000. */
  readonly interval?: number
}

/** The register is trusted for so long, in milliseconds: somebody may have deleted it by hand. */
const TRUSTED_MILLISECONDS = 1000
const SHORTEST_PAUSE_MILLISECONDS = 10
const LONGEST_PAUSE_MILLISECONDS = 250
/** Two looks are at least so far apart: a connection that ends at once must not make us spin. */
const LOOK_PAUSE_MILLISECONDS = 50
const DONE = Promise.resolve()

/**
 * Our part among all that use one directory: alone (`isSole`), or one of several.
 *
 * Biased locking: while we are alone, nobody needs a lock. Whoever comes enters the register first,
 * then asks the one it names sole to share, and waits until that has finished what it began. Whoever
 * is alone on the register, under its fenced lock, may name itself sole. Each order of these steps
 * among three processes was tried: see `test/stores/file/tenancy/tenancy-model.ts`.
 */
export class Tenancy {
  readonly #options: TenancyOptions
  readonly #directory: string
  readonly #file: RegisterFile
  readonly #right: SoleRight
  readonly #membership: Membership
  readonly #closing = new AbortController()
  #seat: Seat | undefined
  /** Where we could be asked until our socket was deleted. */
  readonly #former: Seat[] = []
  #joined = false
  #joining: { readonly work: Promise<void>; readonly wait: PatientWait } | undefined
  #leaving: Promise<void> | undefined
  #checking: Promise<void> | undefined
  #looking: Promise<void> | undefined
  #mustLookAgain = false
  #timer: NodeJS.Timeout | undefined
  /** When the register was last seen, by the monotonic clock. */
  #lookedAt = 0
  /** Whom the last try to join waited for. */
  #awaited: readonly string[] = []

  constructor(options: TenancyOptions) {
    this.#options = options
    this.#directory = join(options.directory, 'tenants')
    this.#file = new RegisterFile({
      environment: options.environment,
      directory: this.#directory,
      restore: options.restore,
      locks: options.locks,
      rebuild: () => this.#rebuild(),
    })
    this.#right = new SoleRight(options.onTenureEnd)
    this.#membership = new Membership({
      environment: options.environment,
      file: this.#file,
      right: this.#right,
      patience: this.#patience,
      signal: this.#closing.signal,
    })
  }

  /** Whether no other process can be writing now. */
  get isSole(): boolean {
    return this.#right.isHeld
  }

  /** Whether we are a tenant, so that there is no need to wait for `join()`. */
  get isJoined(): boolean {
    return this.#joined
  }

  /**
   * Resolves once we are a tenant, alone or not. Rejects with `ERR_SESSION_STORE` when the others do
   * not let us in for 5 s, and then at once as long as they do not; with `ERR_SESSION_CLOSED` when
   * we leave.
   */
  join(): Promise<void> {
    if (this.#joined) return DONE
    if (this.#leaving) return Promise.reject(closed())
    this.#joining ??= this.#begin()
    this.#joining.wait.hold()
    return this.#joining.wait.result
  }

  /**
   * Begins a commit that relies on `isSole`; returns what ends it, or `undefined` when we are not. A
   * newcomer is answered only when all that were begun have ended.
   */
  begin(): (() => void) | undefined {
    return this.#right.begin()
  }

  /**
   * Looks at the register when the last look is over a second old: when our entry is gone, we are
   * not alone any more by the time this resolves. `undefined` when no look is due.
   */
  confirm(): Promise<void> | undefined {
    if (!this.#joined) return undefined
    const { monotonic } = this.#options.environment
    if (monotonic() - this.#lookedAt <= TRUSTED_MILLISECONDS) return undefined
    this.#checking ??= this.#check().then(() => {
      this.#checking = undefined
    })
    return this.#checking
  }

  /** Leaves, when the commits in place are done: off the register, then the socket. Never rejects. */
  leave(): Promise<void> {
    this.#leaving ??= this.#leave()
    return this.#leaving
  }

  #begin(): { work: Promise<void>; wait: PatientWait } {
    const work = this.#joinAtLast()
    const { signal } = this.#closing
    const explain = (): Error => unanswered(this.#awaited)
    const wait = waitPatiently(work, this.#patience, signal, explain)
    const forget = (): void => {
      this.#joining = undefined
    }
    work.then(forget, forget)
    return { work, wait }
  }

  get #patience(): number {
    return this.#options.patience ?? 5000
  }

  async #joinAtLast(): Promise<void> {
    for (let pause = SHORTEST_PAUSE_MILLISECONDS; ; ) {
      try {
        if (await retryDeleted(() => this.#tryToJoin(pause))) break
      } catch (error) {
        const failure = storeError("enter the store's register", error)
        if (failure.code !== 'ERR_SESSION_LOCK_TIMEOUT') throw failure
      }
      pause = Math.min(2 * pause, LONGEST_PAUSE_MILLISECONDS)
    }
    if (this.#closing.signal.aborted) throw closed()
    this.#joined = true
    this.#timer ??= setInterval(() => this.#look(), this.#options.interval ?? 10_000).unref()
    for (const former of this.#former.splice(0)) await former.close(true)
    // To be told by the end of a connection when one of them ends.
    if (!this.isSole) this.#look()
  }

  /** Resolves to whether we are in; if not, after about `pause` milliseconds. */
  async #tryToJoin(pause: number): Promise<boolean> {
    if (this.#closing.signal.aborted) throw closed()
    const seat = await this.#takeSeat()
    const register = await this.#renew(seat)
    if (!register) return false
    const asked = register.sole.filter((name) => name !== seat.tenant?.name)
    this.#awaited = register.tenants
      .filter(({ name }) => asked.includes(name))
      .map(({ owner }) => owner)
    if (asked.length === 0) return true
    const paused = this.#pause(pause).then(() => false)
    const answers = Promise.all(asked.map((name) => seat.peers.ask(name)))
    const answered = await Promise.race([answers.then((each) => each.every(Boolean)), paused])
    if (answered) return this.#membership.clear(seat, asked)
    await paused
    return false
  }

  async #takeSeat(): Promise<Seat> {
    if (this.#seat && (await this.#seat.stands())) return this.#seat
    await this.#file.prepare()
    const seat = await openSeat({
      environment: this.#options.environment,
      directory: this.#directory,
      onQuestion: () => this.#right.promise(),
      onEnd: () => this.#look(),
    })
    if (this.#seat) this.#former.push(this.#seat)
    this.#seat = seat
    return seat
  }

  /** Looks whether we are still on the register, and joins anew if not. Never rejects. */
  async #check(): Promise<Register | undefined> {
    const seat = this.#seat
    const lookedAt = this.#options.environment.monotonic()
    const [content, stands] = await Promise.all([
      this.#file.read().catch(() => 'unreadable' as const),
      seat?.stands(),
    ])
    if (!this.#joined || !seat || seat !== this.#seat) return undefined
    this.#lookedAt = lookedAt
    if (!stands || typeof content === 'string' || !isOnRegister(content, seat.tenant)) {
      await this.#joinAnew()
      return undefined
    }
    if (this.isSole && (content.shared || !isNamedSole(content, seat.tenant))) {
      await this.#right.end()
      this.#look()
    }
    return content
  }

  /** Nobody may know of us any more, so that others may be writing. */
  async #joinAnew(): Promise<void> {
    this.#joined = false
    await this.#right.end()
    if (!this.#leaving) this.#joining ??= this.#begin()
  }

  /** Looks at the others, in the background: whether they live, and whether we are alone now. */
  #look(): void {
    if (!this.#joined || this.#leaving) return
    this.#mustLookAgain = this.#looking !== undefined
    if (this.#looking) return
    this.#looking = this.#lookAround()
      .catch(() => {})
      .then(() => this.#pause(LOOK_PAUSE_MILLISECONDS))
      .finally(() => {
        this.#looking = undefined
        if (this.#mustLookAgain) this.#look()
      })
  }

  async #lookAround(): Promise<void> {
    const register = await this.#check()
    const seat = this.#seat
    if (!register || !seat || !this.#joined) return
    const plan = await this.#membership.plan(register, seat, [], true)
    if (plan && !plan.isDue) return
    if (!(await this.#renew(seat))) await this.#joinAnew()
    else if (plan?.isClaim && !this.isSole) this.#look()
  }

  async #renew(seat: Seat): Promise<Register | undefined> {
    const renewed = await this.#membership.renew(seat, this.#former, this.#joined)
    if (renewed) this.#lookedAt = renewed.seenAt
    return renewed?.register
  }

  /** Whoever waits for us need not wait for this: it ends when we leave, and with the process. */
  #pause(milliseconds: number): Promise<void> {
    return delay(milliseconds, undefined, { ref: false, signal: this.#closing.signal }).catch(
      () => {},
    )
  }

  async #rebuild(): Promise<Register> {
    const seat = this.#seat
    if (!seat) throw new Error('There is no seat yet')
    const { environment } = this.#options
    return rebuildRegister({ environment, directory: this.#directory }, seat)
  }

  async #leave(): Promise<void> {
    this.#closing.abort()
    clearInterval(this.#timer)
    this.#joined = false
    await this.#joining?.work.catch(() => {})
    await Promise.all([this.#looking, this.#checking])
    await this.#right.end()
    const seats = [...this.#former, ...(this.#seat ? [this.#seat] : [])]
    const removed = await this.#membership.strike(seats).then(
      () => true,
      () => false,
    )
    for (const seat of seats) await seat.close(removed)
  }
}
