import { setTimeout } from 'node:timers/promises'
import { MemoryStore } from '../../stores/memory.ts'

/** Plays a store whose writes take a while, and which counts what it is asked for. */
export class SlowStore extends MemoryStore {
  reads = 0
  writesDone = 0

  override read(...given: Parameters<MemoryStore['read']>): ReturnType<MemoryStore['read']> {
    this.reads += 1
    return super.read(...given)
  }

  override async update(
    ...given: Parameters<MemoryStore['update']>
  ): ReturnType<MemoryStore['update']> {
    await setTimeout(50)
    const outcome = await super.update(...given)
    this.writesDone += 1
    return outcome
  }
}
