import type { SessionError } from '../../lib/errors.ts'
import type { Entry, Version } from '../../lib/store.ts'
import { type Commit, type Decide, type Decision, frameAfter, syncName } from './commit.ts'
import { storeError } from './failure.ts'
import { CREATE_FLAGS, codeOf, isPrivate, writeAll } from './file-system.ts'
import { capacityFor, encodeFile, encodeSlot, type Frame, otherSlot } from './frame.ts'
import { type KnownFile, keepEntry, restoreEntry } from './known-files.ts'
import { type RemovalContext, unlinkSession } from './removal.ts'
import type { SoleFiles } from './sole-files.ts'

/** What a commit in place works with. */
export interface OverwriteContext extends RemovalContext {
  readonly files: SoleFiles
  /** The commit that is always right, for what cannot be done in place. */
  readonly replace: Commit
}

/** How often a shard that somebody deletes is made again for one new session. */
const MOST_TRIES = 3
const NOTHING = Promise.resolve(undefined)

/**
 * The commit of a sole tenant: the older of a file's two slots is written in place, without a lock.
 * A slot that is not whole has no valid check, so that a kill at any instant leaves the other.
 */
export function createOverwriteCommit(context: OverwriteContext): Commit {
  const { environment, directory, highWater, files } = context
  const { fs } = environment

  /** Whether files come out as private as they are asked for here: what one shows holds for all. */
  let arePrivate = false
  /**
   * Whose last write failed, and could not be made anew: what the kernel shows of the file may not be
   * on the disk, and never will be (fsync(2)). Only a new file is to be trusted.
   */
  const suspects = new Set<string>()

  return function commitInPlace(name, decide, deadline) {
    if (suspects.size > 0 && suspects.has(name)) return replaceSuspect(name, decide, deadline)
    const known = files.recall(name)
    return known === undefined
      ? findAndCommit(name, decide, deadline)
      : commitKnown(name, known, decide, deadline)
  }

  async function findAndCommit(...parameters: Parameters<Commit>): ReturnType<Commit> {
    const [name, decide, deadline] = parameters
    if (files.known.get(name) === undefined) {
      // Most sessions of which nothing is known are new: to make the file finds that out as well.
      const decision = decide(undefined)
      const created = decision?.entry && (await create(name, decision.entry, decision.durable))
      if (created) return created
    }
    const found = await files.find(name).catch((error: unknown) => {
      throw storeError('read a session', error)
    })
    if (typeof found === 'object') return commitKnown(name, found, decide, deadline)
    if (found !== 'missing') return replace(...parameters)
    const decision = decide(undefined)
    if (!decision) return undefined
    const { entry, durable } = decision
    if (!entry) return remove(name, undefined, durable)
    return (await create(name, entry, durable)) ?? replace(...parameters)
  }

  function commitKnown(
    name: string,
    known: KnownFile,
    decide: Decide,
    deadline: () => number,
  ): Promise<Version | undefined> {
    const decision = decide(restoreEntry(known.kept), known.version)
    if (decision === undefined) return NOTHING
    if (decision.entry === undefined) return remove(name, known, decision.durable)
    return overwrite(name, known, decide, decision, deadline)
  }

  async function replace(...[name, ...rest]: Parameters<Commit>): ReturnType<Commit> {
    try {
      return await context.replace(name, ...rest)
    } finally {
      // Not before: whoever reads the file until then may have seen the one that was replaced.
      files.forget(name)
    }
  }

  async function replaceSuspect(...parameters: Parameters<Commit>): ReturnType<Commit> {
    const version = await replace(...parameters)
    // Without one nothing was written.
    if (version !== undefined) suspects.delete(parameters[0])
    return version
  }

  async function overwrite(
    name: string,
    known: KnownFile,
    decide: Decide,
    decision: Decision,
    deadline: () => number,
  ): Promise<Version | undefined> {
    const frame = frameAfter(Math.max(known.sequence, highWater.get(name)), decision)
    if (capacityFor(frame) > known.capacity) return replace(name, decide, deadline)
    const descriptor = files.open.take(name, known.inode) ?? (await files.openKnown(name, known))
    if (descriptor === undefined) return replace(name, decide, deadline)
    const { capacity } = known
    const slot = otherSlot(known.slot)
    const content = encodeSlot(frame, capacity)
    const position = slot * capacity
    const isGuarded = known.durableSlot === slot
    try {
      // A commit that is to survive a power cut is not written over before what followed it survives
      // one too: the other slot may still be older than both on the disk.
      if (isGuarded) await fs.fdatasync(descriptor)
      const count = await fs.write(descriptor, content, 0, position)
      if (count < capacity) await writeAll(fs, descriptor, content, position, count)
      if (decision.durable) await fs.fdatasync(descriptor)
    } catch (error) {
      await fs.close(descriptor).catch(() => {})
      return writeAnew(name, frame, decision, deadline, error)
    }
    files.open.keep(name, descriptor, known.inode)
    // Whoever made the file may have done so without.
    if (decision.durable && !known.isNameDurable) {
      await syncName(directory, highWater, name).catch((error: unknown) => {
        files.forget(name)
        throw error
      })
    }
    const { inode, lookedAt } = known
    const durableSlot = decision.durable ? slot : isGuarded ? undefined : known.durableSlot
    const isNameDurable = decision.durable || known.isNameDurable
    return remember(name, frame, { slot, durableSlot, isNameDurable, capacity, inode, lookedAt })
  }

  /**
   * After a failure nobody knows what the slot holds: the same goes into a new file. To decide again
   * would count twice where the slot is whole after all.
   */
  async function writeAnew(
    name: string,
    frame: Frame,
    decision: Decision,
    deadline: () => number,
    cause: unknown,
  ): Promise<Version | undefined> {
    highWater.note(name, frame.sequence)
    try {
      return await replace(name, () => decision, deadline)
    } catch {
      suspects.add(name)
      highWater.forget(name)
      throw storeError('write a session', cause, { committed: 'unknown' })
    }
  }

  /** Resolves to undefined when something has this name after all. */
  async function create(
    name: string,
    entry: Entry,
    durable: boolean,
  ): Promise<Version | undefined> {
    const file = directory.fileOf(name)
    const frame = frameAfter(highWater.get(name), { entry, durable })
    const content = encodeFile(frame)
    const descriptor = await openNew(name, file)
    if (descriptor === undefined) return undefined
    const lookedAt = environment.monotonic()
    try {
      if (!arePrivate) await makePrivate(descriptor)
      await writeAll(fs, descriptor, content)
      if (durable) await fs.fdatasync(descriptor)
    } catch (error) {
      await fs.close(descriptor).catch(() => {})
      const isLeft = await fs.unlink(file).then(
        () => false,
        (failure: unknown) => codeOf(failure) !== 'ENOENT',
      )
      throw storeError('write a session', error, isLeft ? { committed: 'unknown' } : {})
    }
    // Which inode it got is found out by the first look at it: most are not looked at so soon.
    const inode = undefined
    files.open.keep(name, descriptor, inode)
    if (durable) await syncName(directory, highWater, name)
    const capacity = content.length / 2
    const slot = 0
    const durableSlot = undefined
    const isNameDurable = durable
    return remember(name, frame, { slot, durableSlot, isNameDurable, capacity, inode, lookedAt })
  }

  /** A umask can only take bits away, but some file systems give some. */
  async function makePrivate(descriptor: number): Promise<void> {
    if (isPrivate(await fs.fstat(descriptor))) arePrivate = true
    else await fs.fchmod(descriptor, 0o600)
  }

  async function remove(
    name: string,
    known: KnownFile | undefined,
    durable: boolean,
  ): Promise<undefined> {
    if (known) {
      await unlinkSession(fs, directory.fileOf(name)).catch((error: SessionError) => {
        if (error.committed === 'unknown') files.forget(name)
        throw error
      })
      // Whatever comes back under this name is older than its removal.
      highWater.note(name, known.sequence + 1)
      files.forget(name)
    }
    // Also when it was missing: whoever unlinked it may have ended before that was on the disk.
    if (durable) await syncName(directory, highWater, name)
  }

  function remember(
    name: string,
    frame: Frame,
    place: Omit<KnownFile, 'kept' | 'sequence' | 'version' | 'stats' | 'look'>,
  ): Version {
    const version = {}
    highWater.note(name, frame.sequence)
    files.known.set(name, {
      kept: keepEntry(frame),
      sequence: frame.sequence,
      version,
      slot: place.slot,
      durableSlot: place.durableSlot,
      isNameDurable: place.isNameDurable,
      capacity: place.capacity,
      inode: place.inode,
      lookedAt: place.lookedAt,
      stats: undefined,
      look: undefined,
    })
    return version
  }

  async function openNew(name: string, file: string): Promise<number | undefined> {
    for (let tries = 1; ; tries++) {
      try {
        return await files.open.makeRoom(() => fs.open(file, CREATE_FLAGS, 0o600))
      } catch (error) {
        if (codeOf(error) === 'EEXIST') return undefined
        if (codeOf(error) !== 'ENOENT' || tries === MOST_TRIES) {
          throw storeError('write a session', error)
        }
        await directory.makeShard(name)
      }
    }
  }
}
