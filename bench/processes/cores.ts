import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** Which cores each part of a run may use, as `taskset --cpu-list` takes them; undefined: any. */
export interface Cores {
  /** The one core of a server that is measured. */
  readonly server: string | undefined
  /** Those of several servers at once: all but the load's. */
  readonly servers: string | undefined
  readonly load: string | undefined
  /** Where Redis runs: never on the server's. */
  readonly companion: string | undefined
}

const ANY: Cores = { server: undefined, servers: undefined, load: undefined, companion: undefined }

/** Divides the cores this process may use; nothing is pinned where there is no `taskset`. */
export function divideCores(): Cores {
  const allowed = parseCores(readAllowed())
  const [load, server, other = load] = allowed.map(String)
  const hasTaskset = spawnSync('taskset', ['--version']).status === 0
  if (!hasTaskset || load === undefined || server === undefined) return ANY
  return { load, server, servers: allowed.slice(1).join(','), companion: other }
}

/** The numbers in a list such as `0-3,8`. */
export function parseCores(list: string): number[] {
  return [...list.matchAll(/(\d+)(?:-(\d+))?/g)].flatMap(([, first, last = first]) => {
    const start = Number(first)
    return Array.from({ length: Number(last) - start + 1 }, (_, index) => start + index)
  })
}

function readAllowed(): string {
  try {
    const status = readFileSync('/proc/self/status', 'utf8')
    return /^Cpus_allowed_list:\s*(\S+)/m.exec(status)?.[1] ?? ''
  } catch {
    return ''
  }
}
