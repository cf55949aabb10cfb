import { deepStrictEqual } from 'node:assert/strict'
import type { SessionError } from '../../lib/errors.ts'
import type { OpenRequest } from './indoor-server.ts'
import type { ModelAction, ModelCookie, ModelSession, ModelVisit, ModelWorld } from './model.ts'
import type { Machine } from './model-world.ts'

/** A request under way: the real one, and the model's. */
export interface Guest {
  readonly browser: number
  readonly process: number
  readonly request: OpenRequest
  visit: ModelVisit
}

/** What the model knows: which cookie has which id, and who is being served. */
export interface Model {
  world: ModelWorld
  readonly guests: Guest[]
  /** The cookie of each browser, by the model's id; and all that it ever had. */
  readonly jars: (number | undefined)[]
  /** The values of the cookies, by the model's ids. */
  readonly cookies: Map<number, string>
  /** When somebody last was answered by each session. */
  readonly seen: Map<number, number>
  /** When a request last had each session, whether or not it was answered yet. */
  readonly used: Map<number, number>
}

/** Does to the session of a request what a handler would. `'gone'`: it was refused, as gone. */
export async function perform({ ctx }: OpenRequest, what: ModelAction): Promise<'done' | 'gone'> {
  try {
    await performOn(ctx, what)
    return 'done'
  } catch (error) {
    if ((error as SessionError).code === 'ERR_SESSION_GONE') return 'gone'
    throw error
  }
}

async function performOn(ctx: OpenRequest['ctx'], what: ModelAction): Promise<void> {
  const session = ctx.session as typeof ctx.session & Record<string, unknown>
  switch (what.kind) {
    case 'set':
      session[what.key] = what.value
      return
    case 'delete':
      delete session[what.key]
      return
    case 'save':
    case 'reload':
    case 'destroy':
      return session[what.kind]()
    case 'null':
      ctx.session = null
      return
    case 'count':
      return session.update((data) => {
        data.n = Number(data.n ?? 0) + 1
      })
    case 'regenerate':
      return session.regenerate({ keep: what.keep })
    case 'expiry': {
      const { expiry } = what
      const isMoment = typeof expiry === 'object' && expiry !== null
      return session.setExpiry(
        isMoment ? momentAfter(session.expiresAt, session.expiresIn, expiry.at) : expiry,
      )
    }
  }
}

/** The handler has no clock of its own here: the session tells the time. */
function momentAfter(end: Date, left: number, milliseconds: number): Date {
  return new Date(end.getTime() - left + milliseconds)
}

/** The handler sees what the model sees. */
export function compareShown({ request, visit }: Guest): void {
  deepStrictEqual({ ...request.ctx.session }, { ...visit.data })
}

/** The browser takes what it is sent: at most one cookie, and the right one. */
export function receive(model: Model, guest: Guest, setCookies: readonly string[]): void {
  const { visit, browser } = guest
  const told = setCookies.map((line) => readCookie(model, visit.cookie, line))
  deepStrictEqual(told, visit.cookie === undefined ? [] : [visit.cookie])
  if (visit.cookie === 'clear') model.jars[browser] = undefined
  else if (visit.cookie !== undefined) model.jars[browser] = visit.cookie.id
}

/** Somebody was answered. */
export function note(model: Model, { visit }: Guest): void {
  use(model, visit)
  if (visit.id !== undefined && !visit.isGone) model.seen.set(visit.id, model.world.now)
}

/** A request has the session. */
export function use({ used, world }: Model, { id }: ModelVisit): void {
  if (id !== undefined) used.set(id, world.now)
}

/** A Set-Cookie as the model puts it. The value of a new id is learned here; an old one must be known. */
function readCookie(model: Model, wanted: ModelCookie | undefined, line: string): unknown {
  const [, value = '', rest = ''] =
    /^sid=([^;]*); Path=\/(.*); HttpOnly; SameSite=Lax$/.exec(line) ?? []
  if (value === '') return rest.includes('Max-Age=0') ? 'clear' : line
  if (typeof wanted !== 'object') return line
  const known = [...model.cookies].find(([, each]) => each === value)?.[0]
  if (known === undefined && !model.cookies.has(wanted.id)) model.cookies.set(wanted.id, value)
  const age = /^; Max-Age=(\d+)$/.exec(rest)?.[1]
  const id = known ?? (model.cookies.get(wanted.id) === value ? wanted.id : line)
  return { id, maxAge: age === undefined ? undefined : Number(age) }
}

/** What is stored is what the model has, to the millisecond; what was ended is not there. */
export async function compareStored({ world, cookies }: Model, real: Machine): Promise<void> {
  deepStrictEqual(real.conflicts.toSorted(), world.conflicts.toSorted())
  for (const [id, value] of cookies) {
    const record = await real.recordOf(Buffer.from(value, 'base64url').subarray(0, 32))
    const session = world.sessions.get(id)
    if (session === undefined) deepStrictEqual(record, undefined, `session ${id}`)
    else deepStrictEqual(flatten(record), { ...session, data: { ...session.data } })
  }
}

function flatten(record: Awaited<ReturnType<Machine['recordOf']>>): unknown {
  if (typeof record !== 'object') return record
  const { data, known: _, created, active, ...limits } = record
  return { data: JSON.parse(data), created, active, limits }
}

/** Nobody is put out early, and nobody stays more than a twentieth longer: whatever was written when. */
export function checkLifetime(model: Model, id: number | undefined, visit: ModelVisit): void {
  const session: ModelSession | undefined =
    id === undefined ? undefined : model.world.sessions.get(id)
  const seen = id === undefined ? undefined : model.seen.get(id)
  if (!session || seen === undefined) return
  const { idle, deadline } = session.limits
  const used = model.used.get(id as number) ?? seen
  const { now } = model.world
  const isEarly = !visit.base && now < deadline && (idle === null || now - seen < idle)
  if (isEarly) throw new Error(`put out ${now - seen} ms after the last request`)
  const isLate = visit.base && (now >= deadline || (idle !== null && now - used > idle * 1.05 + 1))
  if (isLate) throw new Error(`let in ${now - used} ms after the last request`)
}
