import { type Mutant, mutantsOf } from './mutant.ts'

/** Faults in the commit in place, in what is known of files, and in what brings them to the disk. */
export const fileMutants: readonly Mutant[] = [
  ...mutantsOf('stores/file/overwrite.ts', 'test/stores/file/overwrite.test.ts', [
    {
      what: 'the newest version is overwritten, so that a kill can take both',
      find: 'const slot = otherSlot(known.slot)',
      replace: 'const { slot } = known',
    },
    {
      what: 'the slot goes by parity',
      find: 'const slot = otherSlot(known.slot)',
      replace: 'const slot = frame.sequence % 2 === 0 ? 0 : 1',
    },
    {
      what: 'a slot that was written is not on the disk',
      find: '      if (decision.durable) await fs.fdatasync(descriptor)\n',
      replace: '',
    },
    {
      what: 'a new file is not on the disk',
      find: '      if (durable) await fs.fdatasync(descriptor)\n',
      replace: '',
    },
    {
      what: 'a durable commit is written over before what followed it is on the disk',
      find: '      if (isGuarded) await fs.fdatasync(descriptor)\n',
      replace: '',
    },
    {
      what: 'the name of a file that was made without is not on the disk after a durable commit',
      find: 'if (decision.durable && !known.isNameDurable) {',
      replace: 'if (decision.durable && known.isNameDurable) {',
    },
    {
      what: 'a file is written in place though nobody knows what of it is on the disk',
      find: '      suspects.add(name)\n',
      replace: '',
      test: 'test/stores/file/overwrite-failures.test.ts',
    },
    {
      what: 'a durable commit that was once written over is synced for ever',
      find: 'isGuarded ? undefined : known.durableSlot',
      replace: 'known.durableSlot',
    },
    {
      what: 'the name of a new file is not on the disk',
      find: '    if (durable) await syncName(directory, highWater, name)\n    const capacity',
      replace: '    const capacity',
    },
    {
      what: 'a removal is not on the disk',
      find: '    // Also when it was missing: whoever unlinked it may have ended before that was on the disk.\n    if (durable) await syncName(directory, highWater, name)\n',
      replace: '',
    },
    {
      what: 'a failed fsync is taken for a write',
      find: 'return writeAnew(name, frame, decision, deadline, error)',
      replace: 'return remember(name, frame, { ...known, slot, stats: undefined })',
      test: 'test/stores/file/overwrite-failures.test.ts',
    },
    {
      what: 'when nobody knows what is on the disk, nobody is told so',
      find: "throw storeError('write a session', cause, { committed: 'unknown' })",
      replace: "throw storeError('write a session', cause)",
      test: 'test/stores/file/overwrite-failures.test.ts',
    },
    {
      what: 'a file put back after its removal is a session',
      find: '      highWater.note(name, known.sequence + 1)\n',
      replace: '',
    },
    {
      what: 'a new session is readable for others',
      find: '      if (!arePrivate) await makePrivate(descriptor)\n',
      replace: '',
    },
    {
      what: 'a new session that could not be written whole stays',
      find: 'const isLeft = await fs.unlink(file).then(',
      replace: 'const isLeft = await Promise.resolve().then(',
      test: 'test/stores/file/overwrite-failures.test.ts',
    },
    {
      what: 'a damaged file is taken for none',
      find: "if (found !== 'missing') return replace(...parameters)",
      replace: "if (found === 'tombstone') return replace(...parameters)",
    },
    {
      what: 'a change is not given the version of what it is given',
      find: 'decide(restoreEntry(known.kept), known.version)',
      replace: 'decide(restoreEntry(known.kept))',
      test: 'test/stores/file/current-version.test.ts',
    },
  ]),
  ...mutantsOf('stores/file/sole-files.ts', 'test/stores/file/sole-files.test.ts', [
    {
      what: 'a backup that is a link to the file is written to',
      find: ' && stats.nlink === 1n',
      replace: '',
      test: 'test/stores/file/overwrite.test.ts',
    },
    {
      what: 'another file in the place of ours is written to',
      find: '      stats.ino === known.inode &&\n',
      replace: '',
    },
    {
      what: 'a file is not kept open once it was looked at',
      find: '    if (known.inode !== undefined && !this.open.has(name)) {',
      replace: '    if (known.inode === undefined && !this.open.has(name)) {',
    },
    {
      what: 'a file that is deleted by hand is never missed',
      find: 'const TRUST_MILLISECONDS = 1000',
      replace: 'const TRUST_MILLISECONDS = Infinity',
    },
    {
      what: 'a file that was restored by hand is not noticed',
      find: '? isSameState(before, stats)',
      replace: '? before !== undefined',
    },
    {
      what: 'a file that took the place of a new one is taken for it',
      find: ': stats.ino === known.inode && stats.size',
      replace: ': stats.size',
    },
    {
      what: 'what was known outlives the tenure',
      find: '    this.known.clear()\n',
      replace: '',
    },
    {
      what: 'open files outlive the tenure',
      find: '    await this.open.closeAll()\n',
      replace: '',
    },
    {
      what: 'a version that was read is forgotten: an older one that is put back is not noticed',
      find: '      highWater.note(name, frame.sequence)\n',
      replace: '',
    },
    {
      what: 'an older version that was put back is read',
      find: 'const entry = entryOf(reading, mark)',
      replace: 'const entry = entryOf(reading, 0)',
      test: 'test/stores/file/overwrite.test.ts',
    },
    {
      what: 'a file that is not there can be missed by who reads, not by who looks',
      find: "if (codeOf(error) === 'ENOENT') return false",
      replace: "if (codeOf(error) === 'ENOENT') return true",
    },
    {
      what: 'a file that others may read stays so',
      find: '!isSame || !isNobodyElses(stats)',
      replace: '!isSame',
    },
    {
      what: 'a link that was made to an open file is not noticed',
      find: '!isSame || !isNobodyElses(stats)',
      replace: '!isSame || !isPrivate(stats)',
      test: 'test/stores/file/overwrite.test.ts',
    },
  ]),
  ...mutantsOf('stores/file/open-files.ts', 'test/stores/file/sole-files.test.ts', [
    {
      what: 'a file opened while a tenure ends stays open',
      find: '    if (closings === this.#closings) this.keep(name, descriptor, inode)',
      replace: '    if (closings <= this.#closings) this.keep(name, descriptor, inode)',
    },
    {
      what: 'a look makes room for itself',
      find: '    if (this.#files.size >= this.#capacity) return\n',
      replace: '',
    },
  ]),
  ...mutantsOf('stores/file/known-files.ts', 'test/stores/file/known-files.test.ts', [
    {
      what: 'a read that began before a commit ended hides it',
      find: '      if (!isCurrent) return\n',
      replace: '',
    },
  ]),
  ...mutantsOf('stores/file/tenant.ts', 'test/stores/file/tenant.test.ts', [
    {
      what: 'what is known is current without a look at the register',
      find: '!tenancy.isSole || tenancy.confirm() !== undefined',
      replace: '!tenancy.isSole',
      test: 'test/stores/file/current-version.test.ts',
    },
    {
      what: 'whatever is known under a name is current',
      find: '?.version === version\n',
      replace: '?.version !== undefined\n',
      test: 'test/stores/file/current-version.test.ts',
    },
    {
      what: 'what was read before a replacement is remembered',
      find: '          this.#files.forget(name)\n',
      replace: '',
    },
    {
      what: 'nothing is forgotten when the tenure ends',
      find: 'onTenureEnd: () => this.#files.end(),',
      replace: 'onTenureEnd: async () => {},',
    },
    {
      what: 'a commit in place is not counted as begun until it has ended',
      find: '        return await overwrite(name, decide, deadline)\n',
      replace: '        return overwrite(name, decide, deadline)\n',
    },
  ]),
  ...mutantsOf('stores/file/removal.ts', 'test/stores/file/overwrite-failures.test.ts', [
    {
      what: 'a removal of which nobody can tell is told as a failure',
      find: "({ committed: 'unknown' } as const)",
      replace: '{}',
    },
    {
      what: 'on a full disk everything is a removal',
      find: '  if (decision.entry) throw failure\n',
      replace: '',
      test: 'test/stores/file/replace.test.ts',
    },
    {
      what: 'a sign-out on a full disk is not on the disk',
      find: '  if (decision.durable) await syncName(directory, highWater, name)\n',
      replace: '',
      test: 'test/stores/file/replace.test.ts',
    },
  ]),
  ...mutantsOf('stores/file/directory-sync.ts', 'test/stores/file/directory-sync.test.ts', [
    {
      what: 'a commit takes the fsync that began before it for its own',
      find: '    return syncs.pending\n',
      replace: '    return syncs.running\n',
    },
    {
      what: 'a directory is not brought to the disk',
      find: '      await this.#fs.fsync(descriptor)\n',
      replace: '',
    },
  ]),
  ...mutantsOf('stores/file/data-directory.ts', 'test/stores/file/durability.test.ts', [
    {
      what: 'what is above a shard is not brought to the disk',
      find: '[this.#sync.sync(shard), this.#anchor(shard)]',
      replace: '[this.#sync.sync(shard)]',
    },
  ]),
  ...mutantsOf('stores/file/queue.ts', 'test/stores/file/durability.test.ts', [
    {
      what: 'a durable commit that joins others is not durable',
      find: 'this.waiting.some((one) => one.durable)',
      replace: 'this.waiting.every((one) => one.durable)',
    },
  ]),
]
