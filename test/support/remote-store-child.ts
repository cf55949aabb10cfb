import { closeSync, openSync, writeSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import type { ChangeFunction } from '../../lib/store.ts'
import { FileStore } from '../../stores/file.ts'
import { appending, removing, storing, textOf } from './file-store.ts'
import type { Answer, Order, RemoteOptions, StoreFailure } from './remote-store.ts'

// A file store in a process of its own, which does what each line of its standard input says.
const options = JSON.parse(process.argv[2] as string) as RemoteOptions
const { directory, lockTimeout } = options
/** Descriptors opened only so that others cannot be. */
const hoard: number[] = []

if (options.madClock) {
  const { now } = Date
  Date.now = () => now() + (Math.random() - 0.5) * 1e11
}

const store = new FileStore({ directory, lockTimeout })

async function update(name: string, change: ChangeFunction, durable = false): Promise<void> {
  await store.update(name, change, { durable })
}

function hoardDescriptors(): void {
  try {
    for (;;) hoard.push(openSync('/dev/null', 'r'))
  } catch {
    // Until there is none left.
  }
}

async function carryOut(order: Order): Promise<unknown> {
  switch (order.verb) {
    case 'ready':
      return store.ready()
    case 'store':
      return update(order.name, storing(order.text, order.expires), order.durable)
    case 'append':
      return update(order.name, appending(order.text), order.durable)
    case 'remove':
      return update(order.name, removing, order.durable)
    case 'read':
      return textOf(store, order.name)
    case 'sweep':
      return store.sweep({ now: order.now, grace: 0, damagedAfter: 0 })
    case 'close':
      return store.close()
    case 'hoard':
      return hoardDescriptors()
    case 'release':
      return hoard.splice(0).forEach(closeSync)
    case 'become':
      return process.seteuid?.(order.user)
  }
}

function describe(error: unknown): StoreFailure {
  const { code = '', message, cause, committed } = error as StoreFailure & { cause?: unknown }
  return { code, message, committed, reason: (cause as { code?: string } | undefined)?.code }
}

function answer(reply: Answer): void {
  writeSync(1, `${JSON.stringify(reply)}\n`)
}

// Not every version of Node has begun the thread of the file system's calls by now, for whoever watches threads.
await stat('/')

for await (const line of createInterface({ input: process.stdin })) {
  const { number, order } = JSON.parse(line) as { number: number; order: Order }
  carryOut(order).then(
    (value) => answer({ number, value }),
    (error: unknown) => answer({ number, failure: describe(error) }),
  )
}
