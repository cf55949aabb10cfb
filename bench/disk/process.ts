import { answerCalls } from '../processes/calls.ts'
import { type FillSpec, fillStore } from './fill.ts'
import { type Scan, scanStore } from './scan.ts'
import { type SyncTimes, timeSyncs } from './sync.ts'

/** What can be asked of a process that works on the disk without a server. */
export interface DiskCalls {
  fill(spec: FillSpec): void
  scan(directory: string): Promise<Scan>
  sync(input: { directory: string; milliseconds: number }): Promise<SyncTimes>
}

answerCalls({
  fill: fillStore,
  scan: scanStore,
  sync: ({ directory, milliseconds }) => timeSyncs(directory, milliseconds),
} satisfies DiskCalls)
