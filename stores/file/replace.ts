import { SessionError } from '../../lib/errors.ts'
import { type Commit, type Decide, type Decision, entryOf, frameAfter, syncName } from './commit.ts'
import type { DataDirectory, SessionPaths } from './data-directory.ts'
import type { Environment } from './environment.ts'
import { isDiskFull, storeError } from './failure.ts'
import { codeOf, type FileSystem, ignoring, isPrivate, writeAll } from './file-system.ts'
import { encodeFile, type Frame } from './frame.ts'
import type { HighWater } from './high-water.ts'
import type { SessionLocks } from './lock.ts'
import { type Reading, readFrame } from './reader.ts'
import { removeWithoutLock } from './removal.ts'
import type { Tenure } from './tenure.ts'
import { FileVersion } from './version.ts'

/** What a commit by replacement works with. */
export interface ReplaceContext {
  readonly environment: Environment
  readonly directory: DataDirectory
  readonly highWater: HighWater
  readonly locks: SessionLocks
}

/** How often a commit that lost its lock begins again, even when its time is over. */
const MOST_TRIES = 5

/**
 * The commit that is right with any number of processes: a new file, renamed onto the session's
 * name under its fenced lock.
 */
export function createReplaceCommit(context: ReplaceContext): Commit {
  const { environment, directory, highWater, locks } = context
  const { fs } = environment

  return async function commitByReplacing(name, decide, deadline) {
    const paths = directory.pathsOf(name)
    const prepare = (): Promise<void> => directory.makeShard(name)
    for (let tries = 1; ; tries++) {
      if (tries > MOST_TRIES && environment.monotonic() >= deadline()) throw fencedTooOften()
      let tenure: Tenure
      try {
        await directory.prepare()
        tenure = await locks.acquire({ ...paths, deadline, prepare })
      } catch (error) {
        const failure = storeError('lock a session', error)
        if (!isDiskFull(failure.cause)) throw failure
        return removeWithoutLock(context, name, decide, failure)
      }
      const result = await commitOnce(name, paths, tenure, decide).catch(async (error) => {
        await tenure.abandon()
        throw storeError('write a session', error)
      })
      if (result !== 'fenced') return result.version
    }
  }

  async function commitOnce(
    name: string,
    paths: SessionPaths,
    tenure: Tenure,
    decide: Decide,
  ): Promise<'fenced' | { version: FileVersion | undefined }> {
    const { reading, decision } = await readAndDecide(name, paths, decide)
    if (!decision) {
      await tenure.abandon()
      return { version: undefined }
    }
    const leftOver = reading.state === 'found' && reading.frame.tombstone
    if (!decision.entry && (reading.state === 'missing' || leftOver)) {
      // Whoever removed it has ended before the unlink, or before it was on the disk: both are ours
      // to finish.
      if (leftOver) await ignoring(['ENOENT'], fs.unlink(paths.file))
      await tenure.abandon()
      if (decision.durable) await syncName(directory, highWater, name)
      return { version: undefined }
    }
    const newest = reading.state === 'found' ? reading.frame.sequence : 0
    const frame = frameAfter(Math.max(newest, highWater.get(name)), decision)
    await writeToken(tenure, frame, decision.durable)
    const published = await publish(name, paths, tenure, frame)
    if (published !== 'committed') {
      await tenure.abandon()
      return published === 'fenced' ? 'fenced' : { version: undefined }
    }
    highWater.note(name, frame.sequence)
    // The tombstone has removed it for every reader. One that cannot be unlinked now is swept.
    if (frame.tombstone) await fs.unlink(paths.file).catch(() => {})
    const [version] = await Promise.all([versionOf(paths, frame), tenure.release()])
    if (decision.durable) await syncName(directory, highWater, name)
    return { version }
  }

  async function readAndDecide(
    name: string,
    paths: SessionPaths,
    decide: Decide,
  ): Promise<{ reading: Reading; decision: Decision | undefined }> {
    const mark = highWater.get(name)
    const reading = await readFrame(environment, paths.file).catch((error: unknown) => {
      throw storeError('read a session', error)
    })
    if (reading.state === 'found') highWater.note(name, reading.frame.sequence)
    return { reading, decision: decide(entryOf(reading, mark)) }
  }

  async function writeToken(tenure: Tenure, frame: Frame, durable: boolean): Promise<void> {
    const content = encodeFile(frame)
    try {
      await writeAll(fs, tenure.descriptor, content)
      const stats = await fs.fstat(tenure.descriptor)
      if (stats.size !== BigInt(content.length)) throw shortWrite()
      // A umask can only take bits away, but some file systems give some.
      if (!isPrivate(stats)) await fs.fchmod(tenure.descriptor, 0o600)
      if (durable) await fs.fdatasync(tenure.descriptor)
      await tenure.close()
    } catch (error) {
      // A logout must not fail on a full disk. What was written of the tombstone is no valid frame,
      // and ends the session as well.
      if (!frame.tombstone || !isDiskFull(error)) throw error
      await tenure.close()
    }
  }

  async function publish(
    name: string,
    paths: SessionPaths,
    tenure: Tenure,
    frame: Frame,
  ): Promise<'committed' | 'fenced' | 'left'> {
    try {
      await fs.rename(tenure.token, paths.file)
      return 'committed'
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return 'fenced'
      if (codeOf(error) === 'EISDIR' && frame.tombstone) return 'left'
      if (await exists(fs, tenure.token)) throw error
      const reading = await readFrame(environment, paths.file).catch(() => undefined)
      if (reading?.state === 'found' && isSameFrame(reading.frame, frame)) return 'committed'
      highWater.forget(name)
      throw storeError('tell whether a session was written', error, { committed: 'unknown' })
    }
  }

  async function versionOf(paths: SessionPaths, frame: Frame): Promise<FileVersion | undefined> {
    if (frame.tombstone) return undefined
    // Without a version the next read is a whole one; the commit stands either way.
    const stats = await fs.lstat(paths.file).catch(() => undefined)
    return stats && new FileVersion(stats, environment.monotonic())
  }
}

async function exists(fs: FileSystem, path: string): Promise<boolean> {
  try {
    await fs.lstat(path)
    return true
  } catch {
    return false
  }
}

function isSameFrame(one: Frame, other: Frame): boolean {
  return (
    one.sequence === other.sequence &&
    one.expires === other.expires &&
    one.tombstone === other.tombstone &&
    one.durable === other.durable &&
    one.subject === other.subject &&
    Buffer.compare(one.bytes, other.bytes) === 0
  )
}

function fencedTooOften(): SessionError {
  return new SessionError(
    'ERR_SESSION_LOCK_TIMEOUT',
    'A commit lost the lock of its session again and again. Nothing was written: try again.',
  )
}

function shortWrite(): Error {
  return Object.assign(new Error('EIO: write'), { code: 'EIO', syscall: 'write' })
}
