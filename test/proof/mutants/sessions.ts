import { type Mutant, mutantsOf } from './mutant.ts'

/** Faults in the life of a session: merged, renewed, moved, destroyed, over, remembered. */
export const sessionMutants: readonly Mutant[] = [
  ...mutantsOf('lib/merge.ts', 'test/merge.test.ts', [
    {
      what: 'a key that was deleted stays',
      find: 'if (value === undefined) merged.delete(key)\n    else merged.set(key, value)',
      replace: 'if (value !== undefined) merged.set(key, value)',
    },
    {
      what: 'a key that was not changed goes over what others stored',
      find: '    if (value === before) continue\n',
      replace: '',
    },
    {
      what: 'what both changed alike is a conflict',
      find: 'other !== before && other !== value',
      replace: 'other !== before',
    },
    {
      what: 'what one side changed is a conflict',
      find: 'other !== before && other !== value',
      replace: 'other !== value',
    },
    {
      what: 'where both changed a key the earlier commit wins',
      find: 'conflicts.push(key)\n',
      replace: '{ conflicts.push(key); continue }\n',
    },
  ]),
  ...mutantsOf('lib/draft.ts', 'test/draft.test.ts', [
    {
      what: 'the draft goes over whatever others stored',
      find: 'newest.data === base.data\n',
      replace: 'newest !== undefined\n',
    },
    {
      what: 'the text of the draft is stored in place of the merged one',
      find: 'values === draft.values && draft.text !== undefined',
      replace: 'draft.text !== undefined',
    },
    {
      what: 'a merge may grow a session without end',
      find: '  checkSize(values, text, maxBytes)\n',
      replace: '',
    },
    {
      what: 'a limit that another request set is undone',
      find: 'merged: theirs, conflicts: NONE',
      replace: 'merged: base, conflicts: NONE',
    },
    {
      what: 'activity is put back',
      find: 'Math.max(active, now)',
      replace: 'now',
    },
    {
      what: 'limits that both changed are no conflict',
      find: 'text(theirs) !== text(base) && text(mine) !== text(theirs)',
      replace: 'false',
    },
    {
      what: 'a sign-in is not looked for',
      find: 'conditions.isSignIn?.(values) ?? false',
      replace: 'false',
    },
  ]),
  ...mutantsOf('lib/expiry.ts', 'test/expiry.test.ts', [
    {
      what: 'the absolute deadline is not held',
      find: 'return Math.min(deadline, Math.ceil(active + idle + renewalInterval(idle)))',
      replace: 'return Math.ceil(active + idle + renewalInterval(idle))',
    },
    {
      what: 'the idle time is not held',
      find: 'return Math.min(deadline, Math.ceil(active + idle + renewalInterval(idle)))',
      replace: 'return deadline',
    },
    {
      what: 'somebody is put out early, since his last request was not stored',
      find: 'active + idle + renewalInterval(idle)',
      replace: 'active + idle',
    },
    {
      what: 'a session lives in the moment of its end',
      find: 'now >= endOf(lifetime)',
      replace: 'now > endOf(lifetime)',
    },
    {
      what: 'a deadline that was set falls back under a new id',
      find: 'deadline: Math.max(limits.deadline, now + defaults.absolute)',
      replace: 'deadline: now + defaults.absolute',
    },
  ]),
  ...mutantsOf('lib/record.ts', 'test/record.test.ts', [
    {
      what: '__proto__ is loaded',
      find: '  if (mayHoldProto(text)) dropProto(value)\n',
      replace: '',
    },
    {
      what: '__proto__ is loaded where it is written with an escape',
      find: ' || text.includes(ESCAPE)',
      replace: '',
    },
  ]),
  ...mutantsOf('lib/json-text.ts', 'test/json-text.test.ts', [
    {
      what: 'a quote behind an escaped backslash does not end a string',
      find: 'backslashes % 2 === 1',
      replace: 'backslashes > 0',
    },
    {
      what: 'a comma or bracket in a string ends a value',
      find: '        position = skipString(text, position) - 1\n',
      replace: '',
    },
    {
      what: 'a key with an escape is another key',
      find: 'key.includes(BACKSLASH) ? JSON.parse(text.slice(start, end)) : key',
      replace: 'key',
    },
  ]),
  ...mutantsOf('lib/vault.ts', 'test/vault.test.ts', [
    {
      what: 'a session that is over is loaded',
      find: 'if (isExpired(read.record, this.#options.now())) {',
      replace: 'if (read.record === undefined) {',
    },
    {
      what: 'a session that is over is told at once',
      find: 'if (read === undefined || isExpired(read.record, this.#options.now())) return undefined',
      replace: 'if (read === undefined) return undefined',
    },
    {
      what: 'a commit revives a session that is over',
      find: "if (!this.#isThere(newest)) return 'keep'\n      const merged",
      replace: "if (typeof newest !== 'object') return 'keep'\n      const merged",
    },
    {
      what: 'a new session goes over one that is there',
      find: "return taken ? 'keep' : record",
      replace: 'return record',
    },
    {
      what: 'a sign-in is stored under the old id',
      find: "return merged.signedIn ? 'keep' : merged.record",
      replace: 'return merged.record',
    },
    {
      what: 'a commit lays itself over what it began with, and loses what others stored',
      find: 'mergeDraft(base.record, draft, newest, now(), maxBytes, conditions)',
      replace: 'mergeDraft(base.record, draft, base.record, now(), maxBytes, conditions)',
    },
    {
      what: 'a commit is not durable',
      find: 'change, durable)\n    const { merged }',
      replace: 'change, false)\n    const { merged }',
    },
    {
      what: 'a touch puts old values back',
      find: 'newest.created, active, newest.data)',
      replace: 'newest.created, active, base.record.data)',
    },
    {
      what: 'a touch puts activity back',
      find: 'Math.max(newest.active, now())',
      replace: 'now()',
    },
    {
      what: 'a session that is destroyed may come back after a power cut',
      find: '      true,\n    )\n    return existed',
      replace: '      false,\n    )\n    return existed',
    },
    {
      what: 'a session that does not open cannot be destroyed',
      find: 'existed = newest !== undefined\n',
      replace: "existed = typeof newest === 'object'\n",
    },
  ]),
  ...mutantsOf('lib/vault.ts', 'test/vault-rotation.test.ts', [
    {
      what: 'the new id is not on the disk before the old one is removed',
      find: 'createId(this.#options.random), true)',
      replace: 'createId(this.#options.random), false)',
    },
    {
      what: 'the old id is removed though it has changed since',
      find: 'const same = encodeRecord(newest) === encodeRecord(expected)',
      replace: 'const same = true',
    },
    {
      what: 'what changed meanwhile is not on the disk before the old id is removed',
      find: '() => again.record, true)',
      replace: '() => again.record, false)',
    },
    {
      what: 'a session that was destroyed meanwhile lives on under its new id',
      find: '      await this.#remove(next.id)\n      return this.#gone(base.id)',
      replace: '      return this.#gone(base.id)',
    },
    {
      what: 'both ids are removed when nobody knows about the old one',
      find: 'if (!unknown) await this.#remove(id)',
      replace: 'await this.#remove(id)',
    },
    {
      what: 'both ids stay when the old one could not be removed',
      find: 'if (!unknown) await this.#remove(id)',
      replace: 'if (unknown) await this.#remove(id)',
    },
    {
      what: 'a session that ends during its rotation is revived',
      find: "if (!this.#isThere(newest)) return 'keep'\n        const same",
      replace: "if (typeof newest !== 'object') return 'keep'\n        const same",
    },
    {
      what: 'the old id may come back after a power cut',
      find: '      true,\n    )\n    return outcome',
      replace: '      false,\n    )\n    return outcome',
    },
  ]),
  ...mutantsOf('lib/sealed-store.ts', 'test/sealed-store.test.ts', [
    {
      what: 'what is remembered outlives its key',
      find: 'cached === undefined || this.#keyring.holds(cached.key)',
      replace: 'cached !== null',
      test: 'test/sealed-store-cache.test.ts',
    },
    {
      what: 'an update goes by what is remembered, not by what is there',
      find: 'sealed === cached?.sealed ? cached',
      replace: 'cached !== undefined ? cached',
      test: 'test/sealed-store-cache.test.ts',
    },
    {
      what: 'what does not open is overwritten',
      find: "opened === undefined ? 'unopened' : opened",
      replace: 'opened === undefined ? undefined : opened',
    },
    {
      what: 'after a write of unknown outcome what is remembered still counts',
      find: 'this.#cache.delete(id.name)\n      throw error',
      replace: 'throw error',
      test: 'test/sealed-store-cache.test.ts',
    },
    {
      what: 'a session sealed under an old key is not sealed anew',
      find: 'isStale: key !== this.#keyring.primary',
      replace: 'isStale: false',
    },
    {
      what: 'the store is not told to be durable',
      find: 'changeEntry, { durable })',
      replace: 'changeEntry, {})',
    },
    {
      what: 'an unknown key does not have the ring asked again',
      find: 'if (this.#isForeign(found.entry)) await this.#keyring.refresh()',
      replace: '',
    },
    {
      what: 'a ring that cannot be asked makes a session none',
      find: '      if (refusal !== undefined) throw refusal.error\n',
      replace: '',
    },
  ]),
]
