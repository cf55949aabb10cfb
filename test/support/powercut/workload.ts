import { spawnSync } from 'node:child_process'
import { lstatSync, openSync, writeSync } from 'node:fs'
import { nodeEnvironment } from '../../../stores/file/environment.ts'
import { FileStore } from '../../../stores/file.ts'
import { fileIn, nameOf, removing, storing } from '../file-store.ts'
import { type Feat, sessionText, type WorkloadOptions } from './history.ts'

// Commits sessions on a disk that logs, and notes there what it begins and what was acknowledged.
const options = JSON.parse(process.argv[2] as string) as WorkloadOptions
const { directory, note, saves, way, syncs } = options
const notes = openSync(note, 'w')

const nothing = async (): Promise<void> => {}
const withoutSyncs = {
  all: {},
  files: { fsync: nothing },
  none: { fsync: nothing, fdatasync: nothing },
}
const fs = { ...nodeEnvironment.fs, ...withoutSyncs[syncs] }
const store = new FileStore({ directory }, { ...nodeEnvironment, fs })

let sessions = 0

/** One session's life. */
class Life {
  readonly index: number = sessions++
  #version = 0
  #largest = 0

  async save(size: number, durable = true): Promise<void> {
    const version = ++this.#version
    const text = sessionText(this.index, version, size)
    const feat = durable ? 'durable' : size > this.#largest ? 'outgrowing' : 'plain'
    this.#largest = Math.max(this.#largest, size)
    await this.#do(feat, version, () => this.#update(storing(text), durable))
  }

  async remove(): Promise<void> {
    await this.#do('remove', this.#version, () => this.#update(removing, true))
  }

  async #do(feat: Feat, version: number, work: () => Promise<unknown>): Promise<void> {
    const line = `${this.index} ${feat} ${version}\n`
    writeSync(notes, `begin ${line}`)
    await work()
    writeSync(notes, `done ${line}`)
  }

  #update(change: Parameters<FileStore['update']>[1], durable: boolean): Promise<unknown> {
    const name = nameOf(this.index)
    return store.update(name, change, { durable })
  }
}

async function ofOneSize(size: number): Promise<void> {
  const life = new Life()
  let inode: number | undefined
  for (let count = 0; count < saves; count++) {
    await life.save(size)
    const { ino } = lstatSync(fileIn(directory, nameOf(life.index)))
    const isSame = ino === inode
    if (inode !== undefined && isSame !== (way === 'in place')) throw new Error(`Not ${way}`)
    inode = ino
  }
}

async function growing(): Promise<void> {
  while (isRunning) {
    const life = new Life()
    for (const size of [300, 300, 4000, 4000, 20_000, 60_000, 60_000, 300]) await life.save(size)
  }
}

async function plainFirst(): Promise<void> {
  while (isRunning) {
    const life = new Life()
    await life.save(300, false)
    if (life.index % 2 === 0) await life.save(300, false)
    await life.save(300)
    await life.save(300)
  }
}

async function plainLast(): Promise<void> {
  while (isRunning) {
    const life = new Life()
    await life.save(300)
    const sizes = life.index % 2 === 0 ? [300, 300, 300, 300] : [300, 4000, 300, 20_000]
    for (const size of sizes) await life.save(size, false)
  }
}

async function changingIds(): Promise<void> {
  let old: Life | undefined
  while (isRunning) {
    const life = new Life()
    await life.save(300)
    await old?.remove()
    await life.save(300)
    old = life.index % 5 === 0 ? undefined : life
  }
}

let isRunning = true
const endless = [growing(), plainFirst(), plainLast(), changingIds()]
// So that what is not durable comes to the disk as well, in its own time.
const writeBack = setInterval(() => spawnSync('sync', ['-f', directory]), 400)
await Promise.all([300, 300, 1500, 4000, 60_000].map(ofOneSize))
isRunning = false
await Promise.all(endless)
clearInterval(writeBack)
await store.close()
