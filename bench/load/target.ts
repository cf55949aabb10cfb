import { request } from './request.ts'

/** A server, as the load sees it. */
export interface TargetSpec {
  readonly id: string
  /** Where its processes listen: connections are dealt out evenly. */
  readonly ports: readonly number[]
  /** Where its sessions are kept. */
  readonly keeps: 'nothing' | 'store' | 'cookie'
}

/** A session that the load has made, and what the server must know of it. */
export interface Visitor {
  readonly cookie: string
  /** Writes that were answered. */
  count: number
  /** Writes that were sent and not answered, since the load ended: they may have counted. */
  unsure: number
}

/** A server and its sessions. */
export interface Target extends TargetSpec {
  readonly visitors: readonly Visitor[]
  /** How far each connection has come in its sessions. */
  readonly positions: Map<number, number>
}

/** What came of making sessions. */
export interface Prepared {
  readonly sessions: number
  readonly milliseconds: number
}

/** As long as a cookie with a session's id is: servers without sessions read one all the same. */
const DUMMY_COOKIE = `sid=${'x'.repeat(64)}`
const AT_ONCE = 32

/**
 * Makes `count` sessions, but stops after `milliseconds` once there is one for each connection: a
 * slow server gets fewer.
 */
export async function createTarget(
  spec: TargetSpec,
  count: number,
  milliseconds: number,
): Promise<Target> {
  const visitors: Visitor[] = []
  const end = performance.now() + milliseconds
  const work = async (): Promise<void> => {
    do {
      visitors.push({ cookie: await createSession(spec), count: 0, unsure: 0 })
    } while (visitors.length <= count - AT_ONCE && performance.now() < end)
  }
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, count) }, work))
  return { ...spec, visitors, positions: new Map() }
}

async function createSession({ id, keeps, ports }: TargetSpec): Promise<string> {
  if (keeps === 'nothing') return DUMMY_COOKIE
  const { status, body, cookie } = await request(ports[0] ?? 0, '/create', '')
  if (status === 200 && body === '0' && cookie !== '') return cookie
  throw new Error(`${id} makes no sessions: it answers with status ${status}`)
}
