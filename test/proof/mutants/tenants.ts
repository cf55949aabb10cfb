import { type Mutant, mutantsOf } from './mutant.ts'

/** Faults in who is taken for whom: alive, dead, on the register, to be asked. */
export const tenantMutants: readonly Mutant[] = [
  ...mutantsOf('stores/file/tenancy/peers.ts', 'test/stores/file/tenancy/peers.test.ts', [
    {
      what: 'a refused socket proves something on whatever file system',
      find: "code === 'ECONNREFUSED' && local",
      replace: "code === 'ECONNREFUSED'",
    },
    {
      what: 'a thread is dead while its last system calls run',
      find: "thread === undefined || thread === '0' || rebooted",
      replace: 'code !== undefined',
    },
    {
      what: 'a missing socket proves that its tenant is dead',
      find: ' && (rebooted || tenant.directory !== inode)',
      replace: '',
    },
    {
      what: 'after a copy of the directory the dead stay for ever',
      find: '(rebooted || tenant.directory !== inode)',
      replace: 'rebooted',
    },
    {
      what: 'whoever cannot be reached is dead',
      find: "=== 'dead' ? 'dead' : 'unknown'",
      replace: "=== 'alive' ? 'unknown' : 'dead'",
    },
    {
      what: 'the end of a connection is an answer',
      find: 'peer.settle(false)',
      replace: 'peer.settle(true)',
    },
    {
      what: 'an answer to an old question is taken for one to the next',
      find: '      this.#peers.delete(name)\n      void',
      replace: '      peer.answer = undefined\n      void',
    },
    {
      what: 'nobody notices the end of another',
      find: '          if (!this.#closed) this.#options.onEnd()\n',
      replace: '',
    },
  ]),
  ...mutantsOf('stores/file/tenancy/seat.ts', 'test/stores/file/tenancy/tenancy.test.ts', [
    {
      what: 'the answer is sent before the commits in place have ended',
      find: 'void onQuestion().then(() => visitor.send(ANSWER))',
      replace: '{\n        void onQuestion()\n        visitor.send(ANSWER)\n      }',
    },
    {
      what: 'one is alone on a file system that says nothing of others',
      find: 'place && local\n',
      replace: 'place\n',
      test: 'test/stores/file/tenancy/place.test.ts',
    },
  ]),
  ...mutantsOf('stores/file/tenancy/renewal.ts', 'test/stores/file/tenancy/renewal.test.ts', [
    {
      what: 'whoever is not proven alive is displaced',
      find: "verdicts[index] !== 'dead'",
      replace: "verdicts[index] === 'alive'",
    },
    {
      what: 'who is missing from the register enters it again as if nobody had come since',
      find: '  if (isNew && isJoined) return undefined\n',
      replace: '',
    },
    {
      what: 'who is not alone says so',
      find: 'self !== undefined && living.length === 0 && !shared && !isSole',
      replace: 'self !== undefined && !shared && !isSole',
    },
    {
      what: 'one is alone where somebody was whom nobody can ask',
      find: 'living.length === 0 && !shared && !isSole',
      replace: 'living.length === 0 && !isSole',
    },
    {
      what: 'who still finishes what it began in place is not asked any more',
      find: '!isSole && isNamedSole(register, self)',
      replace: 'isNamedSole(register, self)',
    },
  ]),
  ...mutantsOf('stores/file/tenancy/register.ts', 'test/stores/file/tenancy/register.test.ts', [
    {
      what: 'the register of a later version is made anew',
      find: "return 'later version'",
      replace: "return 'damaged'",
    },
  ]),
  ...mutantsOf('stores/file/tenancy/register-file.ts', 'test/stores/file/tenancy/tenancy.test.ts', [
    {
      what: 'who was fenced takes its entry for written',
      find: "if (codeOf(error) === 'ENOENT') return false",
      replace: "if (codeOf(error) === 'ENOENT') return true",
      test: 'test/stores/file/tenancy/register-file.test.ts',
    },
    {
      what: 'a register that is lost names nobody',
      find: "typeof content === 'string' ? this.#options.rebuild() : content",
      replace: "typeof content === 'string' ? { tenants: [], sole: [], shared: false } : content",
      test: 'test/stores/file/tenancy/mending.test.ts',
    },
  ]),
  ...mutantsOf('stores/file/tenancy/litter.ts', 'test/stores/file/tenancy/litter.test.ts', [
    {
      what: 'of those found by their sockets nobody is asked',
      find: 'sole: tenants.map(({ name }) => name)',
      replace: 'sole: []',
      test: 'test/stores/file/tenancy/mending.test.ts',
    },
    {
      what: 'a socket that answers is removed',
      find: '    connection.close()\n',
      replace:
        '    connection.close()\n    await place.environment.fs.unlink(join(place.directory, file))\n',
    },
    {
      what: 'a socket of which nobody can tell is removed',
      find: "    if (codeOf(error) !== 'ECONNREFUSED') return\n",
      replace: '',
    },
  ]),
  ...mutantsOf('stores/file/tenancy/endpoint.ts', 'test/stores/file/tenancy/tenancy.test.ts', [
    {
      what: 'another socket under our name is taken for ours',
      find: 'stats.isSocket() && stats.ino === ino',
      replace: 'stats.isSocket()',
      test: 'test/stores/file/tenancy/mending.test.ts',
    },
    {
      what: 'the socket of one who left stays',
      find: "ignoring(['ENOENT'], fs.unlink(path))",
      replace: 'Promise.resolve()',
    },
    {
      what: 'others may connect to the socket',
      find: '      await fs.chmod(unfinished, 0o600)\n',
      replace: '',
    },
  ]),
  ...mutantsOf('stores/file/tenancy/place.ts', 'test/stores/file/tenancy/place.test.ts', [
    {
      what: 'a short path that leads elsewhere is used',
      find: 'found?.ino !== own.ino || found.dev !== own.dev',
      replace: 'found === null',
    },
  ]),
  ...mutantsOf('stores/file/tenancy/sockets.ts', 'test/stores/file/tenancy/tenancy.test.ts', [
    {
      what: 'the primary of a cluster owns the socket, and outlives the worker',
      find: 'exclusive: true',
      replace: 'exclusive: false',
    },
    {
      what: 'a process with nothing else to do never ends',
      find: '        server.unref()\n',
      replace: '',
    },
  ]),
  ...mutantsOf('stores/file/deletion.ts', 'test/stores/file/deletion.test.ts', [
    {
      what: 'what was deleted meanwhile is tried 25 times',
      find: ' || tries === TRIES',
      replace: ' || tries === TRIES * TRIES',
    },
    {
      what: 'an error of ours does not tell that something was deleted',
      find: 'error instanceof SessionError ? error.cause : error',
      replace: 'error',
    },
  ]),
  ...mutantsOf('stores/file/tenancy/tenancy.ts', 'test/stores/file/deletion.test.ts', [
    {
      what: 'who enters a register that is deleted meanwhile fails',
      find: 'retryDeleted(() => this.#tryToJoin(pause))',
      replace: 'this.#tryToJoin(pause)',
    },
  ]),
  ...mutantsOf('stores/file.ts', 'test/stores/file/deletion.test.ts', [
    {
      what: 'a commit fails when the directory that was just made is deleted',
      find: 'retryDeleted(() => this.#prepareAndEnter())',
      replace: 'this.#prepareAndEnter()',
    },
    {
      what: 'a directory that was deleted before it was entered is never made again',
      find: '      this.#directory.forget()\n',
      replace: '',
    },
    {
      what: 'a store is not ready when its directory was deleted',
      find: '        await this.#directory.restore()\n',
      replace: '',
    },
    {
      what: 'a read fails when the directory is deleted meanwhile',
      find: 'const tenant = await this.#enterThere()\n      tenant',
      replace:
        "const tenant = await this.#enterThere().catch(() => Promise.reject(new Error('gone')))\n      tenant",
    },
  ]),
  ...mutantsOf('stores/file/data-directory.ts', 'test/stores/file/directory.test.ts', [
    {
      what: 'a read gets into a directory that is about to be refused',
      find: 'if (this.#inspected) return true',
      replace: 'if (this.#inspected || this.#prepared !== undefined) return true',
    },
  ]),
]
