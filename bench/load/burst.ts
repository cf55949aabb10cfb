import autocannon, { type Client, type Request } from 'autocannon'
import { median, percentile, rotate } from '../statistics.ts'
import type { Operation } from '../visit.ts'
import { judge } from './judge.ts'
import { joinCookies, request } from './request.ts'
import type { Target, Visitor } from './target.ts'

/** A short load on one server. */
export interface BurstSpec {
  readonly operation: Operation
  readonly milliseconds: number
  readonly connections: number
  /** All connections visit one session, instead of each its own share of them. */
  readonly hot?: boolean | undefined
}

/** What came of it. */
export interface Burst {
  /** Right answers only. */
  readonly requestsPerSecond: number
  /** Of the right answers, in milliseconds. */
  readonly p50: number
  readonly p99: number
  readonly answers: number
  /** Wrong answers and failures, by kind. */
  readonly problems: Readonly<Record<string, number>>
  /** How busy the load itself was: near 1 it, and not the server, was the limit. */
  readonly loadShare: number
}

interface Visit extends Request {
  readonly path: '/read' | '/write' | '/create' | '/update'
  readonly visitor: Visitor
}

/** One in so many requests of a mix is a write. */
const MIX = 10
/** Longer than the time that is measured, so that the load does not fade before its end. */
export const TAIL_MILLISECONDS = 50
/** Sessions made or changed in a burst that are looked at after it. */
const SAMPLES = 8

/** Loads a server as `spec` says, and checks every answer. */
export async function runBurst(target: Target, spec: BurstSpec): Promise<Burst> {
  const burst = new RunningBurst(target, spec)
  return burst.run()
}

class RunningBurst {
  readonly #target: Target
  readonly #spec: BurstSpec
  readonly #latencies: number[] = []
  readonly #problems = new Map<string, number>()
  readonly #counts = new Set<string>()
  readonly #samples = new Map<Client, { cookie: string; expected: number }>()
  /** Connections that wait for an answer. */
  readonly #waiting = new Set<Client>()
  #connections = 0
  #end = Number.POSITIVE_INFINITY

  constructor(target: Target, spec: BurstSpec) {
    this.#target = target
    this.#spec = spec
  }

  async run(): Promise<Burst> {
    const { milliseconds, connections } = this.#spec
    const running = autocannon({
      url: this.#target.ports.map((port) => `http://127.0.0.1:${port}`),
      connections,
      duration: (milliseconds + TAIL_MILLISECONDS) / 1000,
      sampleInt: 10,
      timeout: 10,
      setupClient: (client) => this.#setUp(client),
    })
    const before = process.cpuUsage()
    const begun = performance.now()
    this.#end = begun + milliseconds
    const { errors } = await running
    for (const client of this.#waiting) noteUnanswered(client)
    const { user, system } = process.cpuUsage(before)
    const loadShare = (user + system) / 1000 / (performance.now() - begun)
    if (errors > 0) this.#note('connection failed', errors)
    await this.#lookAgain()
    return {
      requestsPerSecond: (this.#latencies.length / milliseconds) * 1000,
      p50: median(this.#latencies),
      p99: percentile(this.#latencies, 0.99),
      answers: this.#latencies.length,
      problems: Object.fromEntries(this.#problems),
      loadShare,
    }
  }

  #setUp(client: Client): void {
    const { positions } = this.#target
    const index = this.#connections
    this.#connections += 1
    client.setRequests(this.#visitsOf(index))
    let body = ''
    let headers: readonly string[] = []
    client.on('request', () => {
      // Still waiting: the connection broke, and this one is new.
      if (this.#waiting.has(client)) noteUnanswered(client)
      this.#waiting.add(client)
    })
    client.on('headers', (head: { headers: readonly string[] }) => {
      headers = head.headers
      body = ''
    })
    client.on('body', (chunk: Buffer) => {
      body += chunk.toString('latin1')
    })
    client.on('response', (status: number, _bytes: number, milliseconds: number) => {
      this.#waiting.delete(client)
      positions.set(index, (positions.get(index) ?? 0) + 1)
      this.#take(client, { status, body, headers, milliseconds })
    })
  }

  #take(
    client: Client,
    reply: { status: number; body: string; headers: readonly string[]; milliseconds: number },
  ): void {
    const { path, visitor } = client.requestIterator.currentRequest as Visit
    const { status, body, headers } = reply
    const setsCookie = headers.includes('Set-Cookie') || headers.includes('set-cookie')
    const problem =
      judge(this.#target, { path, visitor, status, body, setsCookie }) ??
      this.#checkUnique(path, body)
    if (problem !== undefined) this.#note(problem)
    else if (performance.now() <= this.#end) this.#latencies.push(reply.milliseconds)
    if (setsCookie && (this.#samples.size < SAMPLES || this.#samples.has(client))) {
      this.#samples.set(client, { cookie: cookieOf(headers), expected: Number(body) })
    }
  }

  /** Of updates of one session no two may answer with the same number. */
  #checkUnique(path: string, body: string): string | undefined {
    if (path !== '/update') return undefined
    if (this.#counts.has(body)) return 'update lost'
    this.#counts.add(body)
    return undefined
  }

  /** What the cookies that were set lead to. */
  async #lookAgain(): Promise<void> {
    if (this.#target.keeps === 'nothing') return
    for (const { cookie, expected } of this.#samples.values()) {
      const { body } = await request(this.#target.ports[0] ?? 0, '/read', cookie)
      if (body !== String(expected)) this.#note('not found again')
    }
  }

  #visitsOf(connection: number): Visit[] {
    const { operation, connections, hot = false } = this.#spec
    const { visitors, positions } = this.#target
    const own = visitors.filter((_, index) =>
      hot ? index === 0 : index % connections === connection % visitors.length,
    )
    const position = positions.get(connection) ?? 0
    return rotate(own, position).map((visitor, index) => {
      const path =
        `/${operation === 'mix' ? mixed(index + connection) : operation}` as Visit['path']
      const headers: Record<string, string> = path === '/create' ? {} : { cookie: visitor.cookie }
      return { method: 'GET', path, headers, visitor }
    })
  }

  #note(problem: string, times = 1): void {
    this.#problems.set(problem, (this.#problems.get(problem) ?? 0) + times)
  }
}

function noteUnanswered(client: Client): void {
  const { path, visitor } = client.requestIterator.currentRequest as Visit
  if (path === '/write' || path === '/update') visitor.unsure += 1
}

function mixed(index: number): Operation {
  return index % MIX === MIX - 1 ? 'write' : 'read'
}

function cookieOf(headers: readonly string[]): string {
  const values = headers.filter(
    (_, index) => index % 2 === 1 && headers[index - 1]?.toLowerCase() === 'set-cookie',
  )
  return joinCookies(values)
}
