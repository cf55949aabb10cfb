import { type Mutant, mutantsOf } from './mutant.ts'

/** Faults in the right to be alone: who has it, who gives it up, and when. */
export const tenancyMutants: readonly Mutant[] = [
  ...mutantsOf('stores/file/tenancy/sole-right.ts', 'test/stores/file/tenancy/sole-right.test.ts', [
    {
      what: 'a newcomer is answered while commits in place are under way',
      find: '    if (this.#begun > 0) await new Promise<void>((resolve) => this.#waiting.push(resolve))\n',
      replace: '',
    },
    {
      what: 'a newcomer is answered when the first of several commits has ended',
      find: '      if (this.#begun > 0) return\n',
      replace: '',
    },
    {
      what: 'who has promised that nobody is alone goes on being alone',
      find: '      this.#isHeld = false\n',
      replace: '',
    },
    {
      what: 'what was known is not forgotten before a newcomer is answered',
      find: '    await this.#onChange()\n  }\n}',
      replace: '  }\n}',
    },
    {
      what: 'what was known in one tenure is known in the next',
      find: '    await this.#onChange()\n    if',
      replace: '    if',
    },
    {
      what: 'a newcomer that was answered during the claim is not heeded',
      find: 'this.#promises === promises && !signal.aborted',
      replace: '!signal.aborted',
    },
    {
      what: 'the right is taken while what relied on it is still under way',
      find: '    while (this.#ending) await this.#ending\n',
      replace: '',
    },
    {
      what: 'the right is taken by who is leaving',
      find: 'this.#promises === promises && !signal.aborted',
      replace: 'this.#promises === promises',
    },
    {
      what: 'what relied on the right does not count once it is given up',
      find: 'this.#isHeld || this.#ending !== undefined',
      replace: 'this.#isHeld',
    },
  ]),
  ...mutantsOf('stores/file/tenancy/tenancy.ts', 'test/stores/file/tenancy/tenancy.test.ts', [
    {
      what: 'sessions are touched before the one who is alone was asked',
      find: 'if (asked.length === 0) return true',
      replace: 'return true',
    },
    {
      what: 'no answer is an answer',
      find: 'answers.then((each) => each.every(Boolean))',
      replace: 'answers.then(() => true)',
      test: 'test/stores/file/tenancy/mending.test.ts',
    },
    {
      what: 'the one who is alone is not waited for any longer than a pause',
      find: 'await paused\n    return false',
      replace: 'await paused\n    return true',
    },
    {
      what: 'who leaves does not wait for the commits in place',
      find: '    await this.#right.end()\n    const seats',
      replace: '    const seats',
    },
    {
      what: 'who leaves stays on the register',
      find: 'await this.#membership.strike(seats).then(',
      replace: 'await Promise.resolve().then(',
    },
    {
      what: 'the socket is removed though the entry stays',
      find: 'for (const seat of seats) await seat.close(removed)',
      replace: 'for (const seat of seats) await seat.close(true)',
      test: 'test/stores/file/tenancy/leaving.test.ts',
    },
    {
      what: 'the socket goes before the entry',
      find: '    const removed = await this.#membership',
      replace:
        '    for (const seat of seats) await seat.close(true)\n    const removed = await this.#membership',
      test: 'test/stores/file/tenancy/leaving.test.ts',
    },
    {
      what: 'a register deleted by hand is not missed',
      find: "!stands || typeof content === 'string' || !isOnRegister(content, seat.tenant)",
      replace: '!stands',
      test: 'test/stores/file/tenancy/mending.test.ts',
    },
    {
      what: 'a socket deleted by hand is not missed',
      find: '!stands || typeof content',
      replace: 'typeof content',
      test: 'test/stores/file/tenancy/mending.test.ts',
    },
    {
      what: 'who is off the register goes on being alone',
      find: 'this.#joined = false\n    await this.#right.end()\n    if (!this.#leaving)',
      replace: 'this.#joined = false\n    if (!this.#leaving)',
      test: 'test/stores/file/tenancy/mending.test.ts',
    },
    {
      what: 'a register that names another sole is ignored',
      find: 'this.isSole && (content.shared || !isNamedSole(content, seat.tenant))',
      replace: 'this.isSole && content.shared',
      test: 'test/stores/file/tenancy/register.test.ts',
    },
    {
      what: 'one who can ask nobody is not seen',
      find: 'this.isSole && (content.shared || !isNamedSole(content, seat.tenant))',
      replace: 'this.isSole && !isNamedSole(content, seat.tenant)',
      test: 'test/stores/file/tenancy/place.test.ts',
    },
    {
      what: 'the register is trusted for ever',
      find: 'monotonic() - this.#lookedAt <= TRUSTED_MILLISECONDS',
      replace: 'monotonic() >= this.#lookedAt',
      test: 'test/stores/file/tenancy/mending.test.ts',
    },
  ]),
  ...mutantsOf('stores/file/tenancy/membership.ts', 'test/stores/file/tenancy/orders.test.ts', [
    {
      what: 'promises given during a claim do not count against it',
      find: 'right.take(promises, signal)',
      replace: 'right.take(right.promises, signal)',
    },
    {
      what: 'an answer counts for one who was off the register since',
      find: '      if (renewal.isNew) seat.peers.forgetAnswers()\n',
      replace: '',
    },
    {
      what: 'who was struck off while it asked is in all the same',
      find: '    return isEntered\n',
      replace: '    return true\n',
      test: 'test/stores/file/tenancy/register-file.test.ts',
    },
    {
      what: 'who asked one clears the names of all',
      find: '!asked.includes(name)',
      replace: 'asked === undefined',
      test: 'test/stores/file/tenancy/register-file.test.ts',
    },
    {
      what: 'the sockets of the dead stay for ever',
      find: '      if (seat.tenant && seat.place) await removeDeadSockets(seat.place, written)\n',
      replace: '',
      test: 'test/stores/file/tenancy/register.test.ts',
    },
  ]),
]
