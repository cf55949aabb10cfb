import {
  ABSOLUTE,
  IDLE,
  type ModelAction,
  type ModelData,
  type ModelLimits,
  type ModelSession,
  type ModelVisit,
  type ModelWorld,
  throttle,
} from './model.ts'
import { cookieEnd, isChanged, isReduced, isSignIn, limitsFor, merge } from './model-rules.ts'

/** 400 days, in seconds. */
const LONGEST_COOKIE = 400 * 86_400

/** A request begins. `id`: the session that its cookie names. */
export function beginVisit(world: ModelWorld, id: number | undefined): ModelVisit {
  const base = world.find(id)
  const data = base?.data ?? {}
  return {
    hadCookie: id !== undefined,
    began: world.now,
    first: data,
    id: base && id,
    base,
    data,
    limits: undefined,
    hasOwnId: false,
    isGone: false,
    ending: undefined,
    isCleared: false,
    cookie: undefined,
  }
}

/** A handler does something. `'gone'`: it is refused, since there is no session any more. */
export function act(world: ModelWorld, visit: ModelVisit, action: ModelAction): 'done' | 'gone' {
  switch (action.kind) {
    case 'set':
      visit.data = { ...visit.data, [action.key]: action.value }
      return 'done'
    case 'delete': {
      const { [action.key]: _, ...rest } = visit.data
      visit.data = rest
      return 'done'
    }
    case 'expiry':
      visit.limits = limitsFor(world, visit, action.expiry)
      return 'done'
    case 'null':
      leave(visit)
      return 'done'
    case 'destroy':
      leave(visit)
      carryOut(world, visit)
      return 'done'
  }
  carryOut(world, visit)
  switch (action.kind) {
    case 'save':
      return save(world, visit)
    case 'reload':
      return reload(world, visit)
    case 'count':
      if (visit.base) return commit(world, visit, countUp)
      create(world, visit, countUp(visit.data), visit.limits)
      return 'done'
    case 'regenerate':
      return regenerate(world, visit, action.keep)
  }
}

/** A request ends, and is answered with `visit.cookie`. */
export function endVisit(world: ModelWorld, visit: ModelVisit, status: number): void {
  carryOut(world, visit)
  if (status >= 500) return
  if (!visit.isGone && !visit.base) create(world, visit, visit.data, visit.limits)
  else if (!visit.isGone && !isChanged(visit)) touch(world, visit)
  else {
    if (!visit.isGone) commit(world, visit)
    if (visit.isGone && isSignIn(visit, visit.data)) beginAnew(world, visit)
  }
}

function countUp(data: ModelData): ModelData {
  return { ...data, n: Number(data.n ?? 0) + 1 }
}

function save(world: ModelWorld, visit: ModelVisit): 'done' | 'gone' {
  if (!visit.base) create(world, visit, visit.data, visit.limits)
  else if (isChanged(visit)) return commit(world, visit)
  else if (visit.isGone || !world.find(visit.id)) return lose(visit)
  return 'done'
}

function reload(world: ModelWorld, visit: ModelVisit): 'done' | 'gone' {
  const newest = world.find(visit.id)
  if (visit.base && !newest) return lose(visit)
  visit.base = newest
  visit.data = newest?.data ?? {}
  visit.limits = undefined
  return 'done'
}

function regenerate(world: ModelWorld, visit: ModelVisit, keep: boolean): 'done' | 'gone' {
  if (keep && visit.base) return rotate(world, visit)
  if (visit.id !== undefined) world.remove(visit.id)
  visit.hasOwnId = true
  if (keep) return 'done'
  visit.cookie = visit.isCleared ? 'clear' : undefined
  forgetAll(visit)
  return 'done'
}

/** Keys that the request changed go over the newest. */
function commit(
  world: ModelWorld,
  visit: ModelVisit,
  transform?: (data: ModelData) => ModelData,
): 'done' | 'gone' {
  const { base, id } = visit
  if (!base || id === undefined || visit.isGone) return lose(visit)
  if (isSignIn(visit, visit.data)) return rotate(world, visit, transform)
  const newest = world.find(id)
  if (!newest) {
    lose(visit)
    return !transform && isReduced(visit, base) ? 'done' : 'gone'
  }
  const { data, conflicts } = merge(visit, base, newest)
  const changed = transform ? transform(data) : data
  if (transform && isSignIn(visit, changed)) return rotate(world, visit, transform)
  const limits = visit.limits ?? newest.limits
  const stored = { ...newest, data: changed, limits, active: Math.max(newest.active, world.now) }
  world.conflicts.push(...conflicts)
  world.sessions.set(id, stored)
  const isMoved = visit.limits !== undefined && cookieEnd(base.limits) !== cookieEnd(limits)
  show(visit, id, stored)
  if (isMoved) sendCookie(world, visit, id, stored)
  return 'done'
}

/** The same under a new id. */
function rotate(
  world: ModelWorld,
  visit: ModelVisit,
  transform = (data: ModelData): ModelData => data,
): 'done' | 'gone' {
  const newest = world.find(visit.id)
  if (!visit.base || visit.id === undefined || visit.isGone || !newest) return lose(visit)
  const { data, conflicts } = merge(visit, visit.base, newest)
  const { now } = world
  const given = visit.limits ?? newest.limits
  const deadline = given.idle === null ? given.deadline : Math.max(given.deadline, now + ABSOLUTE)
  const stored = {
    data: transform(data),
    limits: { ...given, deadline },
    created: now,
    active: Math.max(newest.active, now),
  }
  world.conflicts.push(...conflicts)
  world.remove(visit.id)
  visit.hasOwnId = true
  const id = world.add(stored)
  show(visit, id, stored)
  sendCookie(world, visit, id, stored)
  return 'done'
}

/** Nothing is stored and no cookie is sent until there is data. */
function create(
  world: ModelWorld,
  visit: ModelVisit,
  data: ModelData,
  limits: ModelLimits = { deadline: visit.began + ABSOLUTE, idle: IDLE },
): void {
  if (Object.keys(data).length === 0) return
  const stored = { data, limits, created: visit.began, active: world.now }
  const id = world.add(stored)
  visit.hasOwnId = true
  show(visit, id, stored)
  sendCookie(world, visit, id, stored)
}

/** A double click on "sign in" signs in: with what this request changed, and nothing else. */
function beginAnew(world: ModelWorld, visit: ModelVisit): void {
  const base = visit.base?.data ?? {}
  const changed = Object.entries(visit.data).filter(([key, value]) => base[key] !== value)
  forgetStored(visit)
  create(world, visit, Object.fromEntries(changed), visit.limits)
}

function touch(world: ModelWorld, visit: ModelVisit): void {
  const { id, base } = visit
  if (!base || id === undefined) return
  const { idle } = base.limits
  if (idle === null || world.now - base.active < throttle(idle)) return
  const newest = world.find(id)
  if (!newest) lose(visit)
  else world.sessions.set(id, { ...newest, active: Math.max(newest.active, world.now) })
}

function sendCookie(
  world: ModelWorld,
  visit: ModelVisit,
  id: number,
  { limits }: ModelSession,
): void {
  const end = cookieEnd(limits)
  const seconds = end && Math.floor(Math.max(0, end - world.now) / 1000)
  visit.cookie = {
    id,
    maxAge: seconds === undefined ? undefined : Math.min(seconds, LONGEST_COOKIE),
  }
}

function show(visit: ModelVisit, id: number, stored: ModelSession): void {
  visit.id = id
  visit.base = stored
  visit.data = stored.data
  visit.limits = undefined
}

function lose(visit: ModelVisit): 'gone' {
  visit.isGone = true
  return 'gone'
}

function leave(visit: ModelVisit): void {
  visit.ending ??= { id: visit.id }
  forgetAll(visit)
}

/** The end of a session that `= null` asked for. */
function carryOut(world: ModelWorld, visit: ModelVisit): void {
  if (!visit.ending) return
  if (visit.ending.id !== undefined) world.remove(visit.ending.id)
  visit.ending = undefined
  visit.isCleared = visit.hadCookie
  visit.cookie = visit.hadCookie ? 'clear' : undefined
}

function forgetAll(visit: ModelVisit): void {
  visit.data = {}
  visit.limits = undefined
  forgetStored(visit)
}

function forgetStored(visit: ModelVisit): void {
  visit.id = visit.base = undefined
  visit.isGone = false
}
