import { createServer } from 'node:http'
import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import { type Scan, scanStore } from '../disk/scan.ts'
import { answerCalls } from '../processes/calls.ts'
import { createItems } from '../visit.ts'
import type { App, ServerSpec } from './app.ts'
import { CATALOGUE } from './catalogue.ts'

/** How often the event loop is asked whether it is late, in milliseconds. */
const DELAY_RESOLUTION = 1

/** What a server has used since it began. */
export interface Usage {
  /** Of all its threads, in user mode and in the kernel. */
  readonly cpuMicroseconds: number
  readonly requests: number
  readonly residentBytes: number
}

/** A server that listens. */
export interface Started {
  readonly port: number
  /** How long `ready()` took. */
  readonly readyMilliseconds: number
}

/** How late the event loop was, in milliseconds. */
export interface Delay {
  readonly p50: number
  readonly p99: number
  readonly longest: number
}

/** What a server can be asked for. */
export interface ServerCalls {
  start(spec: ServerSpec): Promise<Started>
  usage(): Usage
  watchDelay(): void
  readDelay(): Delay
  sweep(): Promise<unknown>
  /** A bare loop over the files of a store, here beside the requests. */
  scan(directory: string): Promise<Scan>
  endScan(): void
  close(): Promise<void>
}

let app: App | undefined
let requests = 0
let scanning: AbortController | undefined
let histogram: ReturnType<typeof monitorEventLoopDelay> | undefined
const server = createServer({ keepAliveTimeout: 60_000 })

answerCalls({
  start,
  usage,
  watchDelay,
  readDelay,
  sweep: async () => app?.sweep?.(),
  scan,
  endScan: () => scanning?.abort(),
  close: async () => {
    await app?.close?.()
  },
} satisfies ServerCalls)

async function start(spec: ServerSpec): Promise<Started> {
  const createApp = await CATALOGUE[spec.kind]()
  app = await createApp(spec, createItems(spec.sessionBytes))
  const begun = performance.now()
  await app.ready?.()
  const readyMilliseconds = performance.now() - begun
  server.on('request', () => {
    requests += 1
  })
  server.on('request', app.listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return { port, readyMilliseconds }
}

function usage(): Usage {
  const { user, system } = process.cpuUsage()
  return { cpuMicroseconds: user + system, requests, residentBytes: process.memoryUsage.rss() }
}

function scan(directory: string): Promise<Scan> {
  scanning = new AbortController()
  return scanStore(directory, scanning.signal)
}

function watchDelay(): void {
  histogram?.disable()
  histogram = monitorEventLoopDelay({ resolution: DELAY_RESOLUTION })
  histogram.enable()
}

function readDelay(): Delay {
  histogram?.disable()
  const late = (nanoseconds = 0): number => Math.max(nanoseconds / 1e6 - DELAY_RESOLUTION, 0)
  return {
    p50: late(histogram?.percentile(50)),
    p99: late(histogram?.percentile(99)),
    longest: late(histogram?.max),
  }
}
