import type { TargetSpec } from './load/target.ts'
import type { Kind } from './servers/app.ts'
import type { Operation } from './visit.ts'

/** What is measured, and beside what. */
export interface Contender {
  /** Unlike that of any other in a run. */
  readonly id: string
  readonly label: string
  readonly group: 'bare' | 'peer' | 'ours' | 'floor'
  readonly kind: Kind
  /** The id of its framework without sessions; default: it is one. */
  readonly baseline?: string
  /** Default: all. */
  readonly operations?: readonly Operation[]
  /** Default: in its store. */
  readonly keeps?: TargetSpec['keeps']
  /** Its sessions, in bytes of JSON; default 200. */
  readonly sessionBytes?: number
  /** Processes that serve; default 1. */
  readonly loaded?: number
  /** Processes that have the same sessions open and serve nobody; default 0. */
  readonly idle?: number
  readonly needsRedis?: boolean
  /** Connections of the load at most: for those that answer few requests a second. */
  readonly connections?: number
}

const koa = { baseline: 'koa' } as const
const express = { baseline: 'express' } as const

/** The frameworks without sessions. */
export const BARE_KOA: Contender = {
  id: 'koa',
  label: 'Koa without sessions',
  group: 'bare',
  kind: 'bare-koa',
  keeps: 'nothing',
}
export const BARE_EXPRESS: Contender = {
  id: 'express',
  label: 'Express without sessions',
  group: 'bare',
  kind: 'bare-express',
  keeps: 'nothing',
}

/** What people use today. */
export const PEERS: readonly Contender[] = [
  {
    ...koa,
    id: 'koa-session-cookie',
    label: 'koa-session, cookie',
    group: 'peer',
    kind: 'koa-session-cookie',
    keeps: 'cookie',
  },
  {
    ...koa,
    id: 'koa-session-memory',
    label: 'koa-session, memory',
    group: 'peer',
    kind: 'koa-session-memory',
  },
  {
    ...koa,
    id: 'koa-session-redis',
    label: 'koa-session, Redis',
    group: 'peer',
    kind: 'koa-session-redis',
    needsRedis: true,
  },
  {
    ...koa,
    id: 'koa-generic-session',
    label: 'koa-generic-session, memory',
    group: 'peer',
    kind: 'koa-generic-session',
  },
  {
    ...express,
    id: 'session-file-store',
    label: 'session-file-store',
    group: 'peer',
    kind: 'session-file-store',
  },
  {
    ...express,
    id: 'session-file-store-secret',
    label: 'session-file-store, secret',
    group: 'peer',
    kind: 'session-file-store-secret',
    connections: 2,
  },
]

/** Ours with one process. */
export const SOLE: Contender = {
  ...koa,
  id: 'sole',
  label: 'sealed, one process',
  group: 'ours',
  kind: 'sealed',
}

/** Ours in every way it can be used. */
export const OURS: readonly Contender[] = [
  SOLE,
  { ...SOLE, id: 'shared', label: 'sealed, two processes', idle: 1 },
  { ...SOLE, id: 'durable', label: 'sealed, durable', kind: 'sealed-durable' },
  { ...SOLE, id: 'memory', label: 'sealed, MemoryStore', kind: 'sealed-memory' },
]

/** The least that the disk takes for one operation. */
export const FLOORS: readonly Contender[] = [
  {
    ...koa,
    id: 'stat-file',
    label: 'floor: one stat',
    group: 'floor',
    kind: 'stat-file',
    keeps: 'nothing',
    operations: ['read'],
  },
  {
    ...koa,
    id: 'overwrite-file',
    label: 'floor: overwrite 2 KiB',
    group: 'floor',
    kind: 'overwrite-file',
    keeps: 'nothing',
    operations: ['write'],
  },
  {
    ...koa,
    id: 'replace-file',
    label: 'floor: replace a file, locked',
    group: 'floor',
    kind: 'replace-file',
    keeps: 'nothing',
    operations: ['write'],
  },
  {
    ...koa,
    id: 'create-file',
    label: 'floor: create a file',
    group: 'floor',
    kind: 'create-file',
    keeps: 'nothing',
    operations: ['create'],
  },
]
