import { type Mutant, mutantsOf } from './mutant.ts'

/** Faults in what is told at once, in which version is whose, and in what waits its turn. */
export const versionMutants: readonly Mutant[] = [
  ...mutantsOf('lib/sealed-store.ts', 'test/sealed-store-versions.test.ts', [
    {
      what: 'what is remembered is told at once, whatever the store says',
      find: 'if (cached === undefined || !this.#isCurrent(id.name, cached.version)) return undefined',
      replace: 'if (cached === undefined) return undefined',
    },
    {
      what: 'a store that does not tell what is current is taken to say yes',
      find: 'this.#store.isCurrent?.(name, version) === true',
      replace: 'this.#store.isCurrent?.(name, version) !== false',
    },
    {
      what: 'what is remembered is told at once though its key has left the ring',
      find: 'const cached = this.#usable(id.name)\n    if (cached === undefined ||',
      replace: 'const cached = this.#cache.get(id.name)\n    if (cached === undefined ||',
    },
    {
      what: 'the version that an update is given is compared with nothing',
      find: 'version !== undefined && cached?.version === version',
      replace: 'version !== undefined && cached !== undefined',
    },
    {
      what: 'an update opens what it has the version of',
      find: 'version !== undefined && cached?.version === version',
      replace: 'version === null',
    },
  ]),
  ...mutantsOf('lib/service.ts', 'test/service-opening.test.ts', [
    {
      what: 'every session is waited for',
      find: 'const stored = known && this.#vault.recall(known.id)',
      replace: 'const stored = known && undefined',
    },
    {
      what: 'a session that is known has its cookie stay under an old key',
      find: 'this.#visitOf(wire, stored, !known?.primary)',
      replace: 'this.#visitOf(wire, stored, false)',
    },
  ]),
  ...mutantsOf('lib/cookie.ts', 'test/service-opening.test.ts', [
    {
      what: 'of two cookies the one that is known counts, unread the other',
      find: 'value === undefined || values.length > 1 ?',
      replace: 'value === undefined ?',
    },
  ]),
  ...mutantsOf('lib/events.ts', 'test/events.test.ts', [
    {
      what: 'many listeners are taken for a leak',
      find: '    this.#emitter.setMaxListeners(0)\n',
      replace: '',
    },
  ]),
  ...mutantsOf('lib/operation-queue.ts', 'test/operation-queue.test.ts', [
    {
      what: 'nobody waits for what is awaited',
      find: '    this.#last = result\n    return result',
      replace: '    return result',
    },
    {
      what: 'the first operation waits though nothing was before it',
      find: '    const result = operation()\n',
      replace: '    const result = DONE.then(operation)\n',
    },
    {
      what: 'a failure keeps what comes after it from running',
      find: '.then(turn, turn)',
      replace: '.then(turn)',
    },
  ]),
  ...mutantsOf('lib/recent-map.ts', 'test/recent-map.test.ts', [
    {
      what: 'to look something up is not to use it',
      find: '    if (!link.isUsed) link.isUsed = true\n',
      replace: '',
    },
    {
      what: 'what was used is dropped first',
      find: '      if (!link.isUsed) return this.delete(link.key)\n',
      replace: '      return this.delete(link.key)\n',
    },
  ]),
  ...mutantsOf('stores/memory.ts', 'test/stores/memory.test.ts', [
    {
      what: 'a version is current while the store is closing',
      find: 'return !this.#closed && this',
      replace: 'return this',
    },
    {
      what: 'whatever is there is current',
      find: '?.version === version\n  }',
      replace: '?.version !== undefined\n  }',
    },
    {
      what: 'what is kept can be changed by whoever is given it',
      find: 'change(found && copyEntry(found.entry), found?.version)',
      replace: 'change(found?.entry, found?.version)',
      test: 'test/stores/contract.test.ts',
    },
  ]),
  ...mutantsOf('stores/file/sole-files.ts', 'test/stores/file/recall.test.ts', [
    {
      what: 'a look that is not over is taken for one that found nothing new',
      find: 'return look === true ? known : undefined',
      replace: 'return look === false ? undefined : known',
    },
    {
      what: 'what is told at once is not looked at',
      find: 'if (known === undefined || this.#isTrusted(known)) return known',
      replace: 'if (known !== undefined || this.known === null) return known',
    },
    {
      what: 'a look at once trusts what it did not find',
      find: "return codeOf(error) === 'ENOENT' ? false : Promise.reject(error)",
      replace: "return codeOf(error) === 'ENOENT' ? true : Promise.reject(error)",
    },
    {
      what: 'a look that failed says that the file is gone',
      find: "return codeOf(error) === 'ENOENT' ? false : Promise.reject(error)",
      replace: 'return codeOf(error) === undefined',
    },
    {
      what: 'each who asks looks',
      find: '    if (known.look !== undefined) return known.look\n',
      replace: '',
    },
  ]),
  ...mutantsOf('stores/file.ts', 'test/stores/file/current-version.test.ts', [
    {
      what: 'a version is current while the store is closing',
      find: '    if (this.#closing.signal.aborted) return false\n',
      replace: '',
    },
  ]),
  ...mutantsOf('stores/file/plan.ts', 'test/stores/file/plan.test.ts', [
    {
      what: 'what a change has written has the version of before',
      find: '      currentVersion = undefined\n      author',
      replace: '      author',
    },
    {
      what: 'what a change has removed has a version',
      find: 'current = currentVersion = undefined',
      replace: 'current = undefined',
    },
    {
      what: 'no change is given a version',
      find: 'runChange(change, current, currentVersion)',
      replace: 'runChange(change, current, undefined)',
    },
  ]),
  ...mutantsOf('stores/file/queue.ts', 'test/stores/file/queue.test.ts', [
    {
      what: 'whoever counts what is under way never hears of what failed',
      find: '  waiting.onSettled()\n  waiting.reject(error)',
      replace: '  waiting.reject(error)',
    },
    {
      what: 'whoever counts what is under way never hears of what was done',
      find: '  waiting.onSettled()\n  waiting.resolve(updated)',
      replace: '  waiting.resolve(updated)',
    },
    {
      what: 'a change that is to run again counts as settled',
      find: 'this.#enqueueAfter(name, one, answer.after)',
      replace: '{ one.onSettled(); this.#enqueueAfter(name, one, answer.after) }',
    },
  ]),
]
