import { type Mutant, mutantsOf } from './mutant.ts'

/** Faults in the fenced lock, and in the commit that replaces a file under it. */
export const lockMutants: readonly Mutant[] = [
  ...mutantsOf('stores/file/lock.ts', 'test/stores/file/lock.test.ts', [
    {
      what: 'two tokens in one lock are two holders',
      find: 'names.length === 1 && names[0] === name',
      replace: 'names.includes(name)',
    },
    {
      what: 'a token of ours that was left behind locks us out',
      find: "this.#held.has(token) ? 'alive' : 'dead'",
      replace: "'alive'",
      test: 'test/stores/file/faults.test.ts',
    },
    {
      what: 'a lock that we hold is taken for a dead one',
      find: '    this.#held.add(name)\n',
      replace: '',
      test: 'test/stores/file/lock-holders.test.ts',
    },
    {
      what: 'a wall clock that jumps makes a lock stale',
      find: 'adaptFileSystem(environment.fs, AGELESS)',
      replace: 'adaptFileSystem(environment.fs)',
    },
    {
      what: 'who has no time to wait never breaks a dead lock',
      find: '(polls > 1 || late > 0) &&',
      replace: 'polls > 1 &&',
    },
    {
      what: 'a token whose lock was broken is an error',
      find: "      if (codeOf(error) === 'ENOENT') return 'busy'\n      throw error\n    }\n    const tenure",
      replace: '      throw error\n    }\n    const tenure',
      test: 'test/stores/file/lock-holders.test.ts',
    },
  ]),
  ...mutantsOf('stores/file/lockfile.ts', 'test/stores/file/lockfile.test.ts', [
    {
      what: 'who renews the lock of a sweep takes it for lost',
      find: 'Math.round(Number(mtimeNs) / 1e6)',
      replace: 'Number(mtimeNs / 1_000_000n)',
    },
  ]),
  ...mutantsOf('stores/file/lock-watch.ts', 'test/stores/file/lock.test.ts', [
    {
      what: 'a lock is broken without the removal of its tokens',
      find: 'for (const token of tokens) await',
      replace: 'for (const token of []) await',
    },
    {
      what: 'with the token of a dead one that of a live one is removed',
      find: 'stale ? names : dead)',
      replace: 'names)',
      test: 'test/stores/file/lock-holders.test.ts',
    },
    {
      what: 'whoever is not proven alive is dead',
      find: "verdicts[index] === 'dead'",
      replace: "verdicts[index] !== 'alive'",
    },
    {
      what: 'a lock that changes hands is taken for one that stands still',
      find: 'sight?.state !== state',
      replace: 'sight === undefined',
    },
    {
      what: 'a live holder is not given its time',
      find: "verdicts.includes('alive') ? STALE_ALIVE_MILLISECONDS : STALE_MILLISECONDS",
      replace: 'STALE_EMPTY_MILLISECONDS',
    },
    {
      what: 'a lock whose maker was killed at once is never broken',
      find: 'if (verdicts.length === 0) return STALE_EMPTY_MILLISECONDS',
      replace: 'if (verdicts.length === 0) return Infinity',
    },
  ]),
  ...mutantsOf('stores/file/tenure.ts', 'test/stores/file/lock.test.ts', [
    {
      what: 'a lock that is let go keeps its token',
      find: '      await fs.unlink(token).catch(() => {})\n',
      replace: '',
    },
    {
      what: 'the token is closed twice: the second time it is another file of this process',
      find: '    if (!open) return\n',
      replace: '',
      test: 'test/stores/file/lock-holders.test.ts',
    },
    {
      what: 'a lock that proper-lockfile cannot remove is left',
      find: '    await fs.rmdir(lock).catch(() => {})\n',
      replace: '',
      test: 'test/stores/file/faults.test.ts',
    },
  ]),
  ...mutantsOf('stores/file/replace.ts', 'test/stores/file/lock.test.ts', [
    {
      what: 'who was fenced takes its commit for done',
      find: "if (codeOf(error) === 'ENOENT') return 'fenced'",
      replace: "if (codeOf(error) === 'ENOENT') return 'committed'",
    },
    {
      what: 'who was fenced gives up in place of beginning again',
      find: "return published === 'fenced' ? 'fenced' : { version: undefined }",
      replace: 'return { version: undefined }',
    },
    {
      what: 'a removal leaves its tombstone behind',
      find: '    if (frame.tombstone) await fs.unlink(paths.file).catch(() => {})\n',
      replace: '',
    },
  ]),
  ...mutantsOf('stores/file/replace.ts', 'test/stores/file/durability.test.ts', [
    {
      what: 'the new file is not on the disk before it gets its name',
      find: '      if (durable) await fs.fdatasync(tenure.descriptor)\n',
      replace: '',
    },
    {
      what: 'the new name is not on the disk before the commit resolves',
      find: 'tenure.release()])\n    if (decision.durable) await syncName',
      replace: 'tenure.release()])\n    if (decision === undefined) await syncName',
    },
    {
      what: 'a removal that somebody did not finish is not brought to the disk',
      find: 'await tenure.abandon()\n      if (decision.durable) await syncName',
      replace: 'await tenure.abandon()\n      if (decision === undefined) await syncName',
      test: 'test/stores/file/replace.test.ts',
    },
  ]),
  ...mutantsOf('stores/file/replace.ts', 'test/stores/file/faults.test.ts', [
    {
      what: 'a file that was cut off without a word is published',
      find: '      if (stats.size !== BigInt(content.length)) throw shortWrite()\n',
      replace: '',
    },
    {
      what: 'a rename that failed and happened is told as a failure',
      find: 'isSameFrame(reading.frame, frame)',
      replace: 'reading === undefined',
    },
    {
      what: 'a rename that failed and did not happen is told as a commit',
      find: 'if (await exists(fs, tenure.token)) throw error\n',
      replace: "if (await exists(fs, tenure.token)) return 'committed'\n",
    },
    {
      what: 'whatever stands there after a rename of unknown outcome is ours',
      find: 'isSameFrame(reading.frame, frame)',
      replace: 'reading !== undefined',
      test: 'test/stores/file/replace.test.ts',
    },
    {
      what: 'after an unknown outcome the version that stands there is damage',
      find: '      highWater.forget(name)\n      throw storeError',
      replace: '      throw storeError',
    },
    {
      what: 'nobody can sign out on a full disk',
      find: 'if (!frame.tombstone || !isDiskFull(error)) throw error',
      replace: 'throw error',
      test: 'test/stores/file/faults.test.ts',
    },
  ]),
  ...mutantsOf('stores/file/replace.ts', 'test/stores/file/damage.test.ts', [
    {
      what: 'a commit may number itself below what was seen',
      find: 'frameAfter(Math.max(newest, highWater.get(name)), decision)',
      replace: 'frameAfter(newest, decision)',
      test: 'test/stores/file/replace.test.ts',
    },
    {
      what: 'what a commit stored is forgotten: a copy put back is not noticed',
      find: '    highWater.note(name, frame.sequence)\n    // The tombstone',
      replace: '    // The tombstone',
    },
    {
      what: 'a session is stored readable for others',
      find: '      if (!isPrivate(stats)) await fs.fchmod(tenure.descriptor, 0o600)\n',
      replace: '',
      test: 'test/stores/file/replace.test.ts',
    },
  ]),
  ...mutantsOf('stores/file/commit.ts', 'test/stores/file/damage.test.ts', [
    {
      what: 'an older version that was put back is taken for the newest',
      find: " || reading.frame.sequence < mark) return 'damaged'",
      replace: ") return 'damaged'",
    },
    {
      what: 'a session that was removed is still there until its file is',
      find: '  if (tombstone) return undefined\n',
      replace: '',
      test: 'test/stores/file/sweep.test.ts',
    },
    {
      what: 'a failed fsync of the directory is told as a plain failure',
      find: "error, { committed: 'unknown' })",
      replace: 'error, {})',
      test: 'test/stores/file/faults.test.ts',
    },
  ]),
  ...mutantsOf('stores/file/version.ts', 'test/stores/file/version.test.ts', [
    {
      what: 'a change within the tick of the last one is not noticed',
      find: 'readAt - known.seen >= SETTLED_MILLISECONDS',
      replace: 'true',
    },
    {
      what: 'whoever sets the time of a changed file back is believed',
      find: '    one.mtimeNs === other.mtimeNs &&\n    one.ctimeNs === other.ctimeNs\n',
      replace: '    one.mtimeNs === other.mtimeNs\n',
    },
    {
      what: 'another file with the same times is the same',
      find: '    one.ino === other.ino &&\n',
      replace: '',
    },
  ]),
]
