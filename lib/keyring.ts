import {
  createHmac,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto'
import { SessionError } from './errors.ts'
import { ID_BYTES, LABEL, type RandomBytes, type SessionId, toSessionId } from './id.ts'
import { RecentMap } from './recent-map.ts'

/** The bytes of a master key: 256 bits. */
export const KEY_BYTES = 32

const KEY_ID_BYTES = 4
const MAC_BYTES = 16
const COOKIE_VALUE = /^[A-Za-z0-9_-]{64}$/

/** How long, in milliseconds, a source that was asked whether it has changed is not asked again. */
const CHECK_INTERVAL = 1000

/** How many right cookies are remembered. Each takes about 500 bytes. */
const KNOWN_COOKIES = 10_000

/** What a right cookie says. */
export interface VerifiedCookie {
  /** The id of the session. */
  readonly id: SessionId
  /** Whether the first key signed it. */
  readonly primary: boolean
}

/** Where master keys come from. */
export interface KeySource {
  /** All master keys, 32 bytes each: the first seals, all open. Rejects when they cannot be had. */
  load(): Promise<readonly Buffer[]>
  /** Whether the keys may be others than those last loaded. Default: absent, they never are. */
  changed?(): Promise<boolean>
}

/** What is derived from one master key for one cookie name. */
export interface SealKey {
  /** The 4 bytes that say in an envelope which key sealed it. Public; two keys may share them. */
  readonly id: Buffer
  /** Derives the key of each envelope. */
  readonly seal: KeyObject
  /** Makes the MAC of each cookie. */
  readonly cookie: KeyObject
}

/** A new master key, from the operating system's generator. Throws when that fails. */
export function createKey(random: RandomBytes = randomBytes): Buffer {
  return random(KEY_BYTES)
}

/** The 4-byte id of a master key, which tells nothing about the key. */
export function keyIdOfMaster(master: Uint8Array): Buffer {
  return derive(master, 'kid', Buffer.alloc(0), KEY_ID_BYTES)
}

/**
 * The master keys of one cookie name, ready for use. It holds key objects only: to inspect, log or
 * serialize it shows no key.
 */
export class Keyring {
  readonly #source: KeySource
  readonly #context: Buffer
  readonly #monotonic: () => number
  #keys: readonly SealKey[] = []
  #loading: Promise<boolean> | undefined
  #checking: Promise<boolean> | undefined
  #checked = Number.NEGATIVE_INFINITY
  /** Why the last look failed: until one succeeds nobody knows what the ring is. */
  #refusal: { readonly error: unknown } | undefined
  /** Cookies whose MAC was found right. */
  #known = new RecentMap<VerifiedCookie>()

  /**
   * `context` is the cookie's name without `__Host-` or `__Secure-`: the same master keys make
   * other keys for every name. `monotonic` is a clock in milliseconds that never goes back.
   */
  constructor(source: KeySource, context: string, monotonic: () => number) {
    this.#source = source
    this.#context = withLength(context)
    this.#monotonic = monotonic
  }

  /**
   * Loads the keys once; calls at the same time share one load. Rejects as the source does; the
   * next call tries again.
   */
  async ready(): Promise<void> {
    if (this.#keys.length === 0) await this.#load()
  }

  /**
   * Looks, at most once a second, whether the source has changed, and loads it again if so.
   *
   * Resolves to `true` when the ring is another now, so that what failed before may be tried again;
   * calls at the same time share one look. Rejects as the source does, until a look succeeds, and
   * then the ring is as before.
   */
  async refresh(): Promise<boolean> {
    if (this.#checking) return this.#checking
    const now = this.#monotonic()
    if (!this.#source.changed) return false
    if (now - this.#checked < CHECK_INTERVAL) {
      if (this.#refusal !== undefined) throw this.#refusal.error
      return false
    }
    this.#checked = now
    this.#checking = this.#check().finally(() => {
      this.#checking = undefined
    })
    return this.#checking
  }

  /** Whether the keys are there, so that nobody need wait for {@link ready}. */
  get isReady(): boolean {
    return this.#keys.length > 0
  }

  /** The key that seals. Throws `ERR_SESSION_NOT_READY` before `ready()` has resolved once. */
  get primary(): SealKey {
    const key = this.#keys[0]
    if (key) return key
    throw new SessionError('ERR_SESSION_NOT_READY', 'No keys are loaded yet: await ready() first')
  }

  /** All keys with this 4-byte id: mostly one or none, but ids this short may collide. */
  withId(id: Uint8Array): readonly SealKey[] {
    return this.#keys.filter((key) => key.id.equals(id))
  }

  /** Whether a key is still in the ring. */
  holds(key: SealKey): boolean {
    return this.#keys.includes(key)
  }

  /**
   * The value of the cookie for a session id, under the primary key: 64 characters of base64url.
   */
  signId(id: SessionId): string {
    const value = Buffer.concat([id.bytes, macOf(this.primary, id.bytes)]).toString('base64url')
    this.#remember(value, { id, primary: true })
    return value
  }

  /**
   * What {@link verifyCookie} said of a value before, at the cost of a look-up; `undefined` when it
   * was not asked or has forgotten: it remembers 10,000 right ones used lately.
   */
  recognizeCookie(value: string): VerifiedCookie | undefined {
    return this.#known.get(value)
  }

  /**
   * The session id in a cookie's value, and whether the primary key signed it; `undefined` for
   * whatever {@link signId} did not make, and while no keys are loaded. Never throws.
   */
  verifyCookie(value: string): VerifiedCookie | undefined {
    if (typeof value !== 'string' || !COOKIE_VALUE.test(value)) return undefined
    const decoded = Buffer.from(value, 'base64url')
    const mac = decoded.subarray(ID_BYTES)
    const bytes = Buffer.alloc(ID_BYTES)
    decoded.copy(bytes)
    const index = this.#keys.findIndex((key) => timingSafeEqual(macOf(key, bytes), mac))
    if (index < 0) return undefined
    const verified = { id: toSessionId(bytes), primary: index === 0 }
    this.#remember(value, verified)
    return verified
  }

  #remember(value: string, verified: VerifiedCookie): void {
    this.#known.set(value, verified)
    if (this.#known.size > KNOWN_COOKIES) this.#known.deleteOldest()
  }

  async #check(): Promise<boolean> {
    try {
      const isAnother = (await this.#source.changed?.()) === true && (await this.#load())
      this.#refusal = undefined
      return isAnother
    } catch (error) {
      this.#refusal = { error }
      throw error
    }
  }

  #load(): Promise<boolean> {
    this.#loading ??= this.#loadKeys().finally(() => {
      this.#loading = undefined
    })
    return this.#loading
  }

  async #loadKeys(): Promise<boolean> {
    const masters = await this.#source.load()
    if (masters.length === 0 || masters.some((master) => master.length !== KEY_BYTES)) {
      throw new SessionError(
        'ERR_SESSION_OPTION',
        `Expected the source of keys to give at least one key, each of ${KEY_BYTES} bytes`,
      )
    }
    const keys = masters.map((master) => ({
      id: keyIdOfMaster(master),
      seal: createSecretKey(derive(master, 'seal\0', this.#context, 64)),
      cookie: createSecretKey(derive(master, 'cookie\0', this.#context, 32)),
    }))
    if (sameKeys(this.#keys, keys)) return false
    this.#known = new RecentMap()
    this.#keys = keys
    return true
  }
}

/**
 * HKDF-SHA-512 (RFC 5869) of a master key, without salt, since the key is uniformly random already.
 */
function derive(master: Uint8Array, purpose: string, context: Buffer, length: number): Buffer {
  const info = Buffer.concat([Buffer.from(`${LABEL}${purpose}`), context])
  return Buffer.from(hkdfSync('sha512', master, '', info, length))
}

/** The text behind its length, so that no two contexts make the same label (CVE-2026-6873). */
function withLength(text: string): Buffer {
  const bytes = Buffer.from(text)
  const length = Buffer.alloc(2)
  length.writeUInt16BE(bytes.length)
  return Buffer.concat([length, bytes])
}

function macOf(key: SealKey, id: Buffer): Buffer {
  return createHmac('sha256', key.cookie).update(id).digest().subarray(0, MAC_BYTES)
}

function sameKeys(some: readonly SealKey[], others: readonly SealKey[]): boolean {
  return (
    some.length === others.length &&
    some.every((key, index) => others[index]?.seal.equals(key.seal) === true)
  )
}
