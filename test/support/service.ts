import type { Environment } from '../../lib/environment.ts'
import { drawRandomBytes } from '../../lib/id.ts'
import type { KeySource } from '../../lib/keyring.ts'
import { resolveOptions, type SessionOptions } from '../../lib/options.ts'
import { type OpenedVisit, SessionService } from '../../lib/service.ts'
import type { Store } from '../../lib/store.ts'
import type { Wire } from '../../lib/wire.ts'
import { Alarm } from './alarm.ts'
import { ChangingKeys } from './changing-keys.ts'
import { Clock } from './clock.ts'
import { type RequestTraits, requestOf } from './request.ts'
import { ScriptedStore } from './scripted-store.ts'
import { BEGAN } from './stored.ts'
import type { ToldEvent } from './vault.ts'

/** A response that takes cookies, and keeps none. */
const WIRE: Wire = {
  isClosed: false,
  setCookie: () => undefined,
  clearCookie: () => undefined,
  dropCookie: () => undefined,
  emit: () => undefined,
}

/** A service, and all that is around it. */
export interface OpenedService {
  readonly service: SessionService
  readonly clock: Clock
  readonly alarm: Alarm
  readonly warnings: readonly string[]
  /** What was told about the requests of {@link visit}. */
  readonly events: readonly ToldEvent[]
  /** A request with this cookie. */
  visit(cookie?: string, traits?: RequestTraits): Promise<OpenedVisit>
  /** As `visit`, without waiting. */
  open(cookie?: string, traits?: RequestTraits): OpenedVisit | Promise<OpenedVisit>
}

/** A service over `store`, with its clock and its timers in the hand of the test. */
export function openService(
  store: Store = new ScriptedStore(),
  keys: KeySource = new ChangingKeys(1),
  options: SessionOptions = {},
): OpenedService {
  const clock = new Clock(BEGAN)
  const alarm = new Alarm()
  const warnings: string[] = []
  const events: ToldEvent[] = []
  const environment: Environment = {
    now: clock.now,
    monotonic: clock.monotonic,
    random: drawRandomBytes,
    jitter: () => 0.5,
    schedule: alarm.schedule,
    isProduction: () => false,
    variables: {},
    warn: (message) => warnings.push(message),
    trace: () => undefined,
  }
  const service = new SessionService(resolveOptions(options), store, keys, environment)
  const open: OpenedService['open'] = (cookie, traits = {}) => {
    const headers = cookie === undefined ? {} : { cookie: `sid=${cookie}` }
    const request = requestOf({ ...traits, headers: { ...headers, ...traits.headers } })
    return service.open(request, {
      ...WIRE,
      emit: (name, event) => events.push({ name, ...event }),
    })
  }
  const visit: OpenedService['visit'] = async (...given) => open(...given)
  return { service, clock, alarm, warnings, events, visit, open }
}
