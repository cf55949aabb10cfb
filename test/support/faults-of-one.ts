import { setImmediate } from 'node:timers/promises'
import { SessionError } from '../../lib/errors.ts'
import type { Entry } from '../../lib/store.ts'
import {
  answering,
  type Fault,
  KEEP,
  makeQueue,
  reading,
  showing,
  storing,
} from './spoiled-store.ts'

const RENEWING = 'a version is stale as soon as the bytes, the expiry or the subject are others'
const AGAIN = 'again runs the change once more, on what is the newest entry when after has settled'
const NEWEST = 'a change is given the newest entry, whole'
const GONE = 'a removed entry stays removed while others save what they find'

/** Stores that are wrong in what one caller sees. */
export const faultsOfOne: readonly Fault[] = [
  {
    fault: 'null for what is missing',
    spoil: (right) => ({
      read: async (name, known) => (await right.read(name, known)) ?? (null as never),
    }),
    caughtBy: ['what was never stored is undefined, to a read and to a change'],
  },
  {
    fault: 'a length of 16 bits',
    spoil: (right) =>
      storing(right, (entry) => ({ ...entry, bytes: entry.bytes.subarray(0, 65_535) })),
    caughtBy: ['entries of 0 to 70,000 bytes come back byte for byte'],
  },
  {
    fault: 'bytes kept as text',
    spoil: (right) =>
      storing(right, (entry) => ({
        ...entry,
        bytes: Buffer.from(Buffer.from(entry.bytes).toString()),
      })),
    caughtBy: ['entries of 0 to 70,000 bytes come back byte for byte'],
  },
  {
    fault: 'an expiry of whole seconds',
    spoil: (right) =>
      storing(right, (entry) => ({ ...entry, expires: Math.floor(entry.expires / 1000) * 1000 })),
    caughtBy: ['an expiry comes back to the millisecond, up to 2^53 - 1'],
  },
  {
    fault: 'a subject that outlives its entry',
    spoil: (right) =>
      storing(right, (entry, before) => ({ ...entry, subject: entry.subject ?? before?.subject })),
    caughtBy: [
      'a subject of up to 64 printable ASCII characters comes back, and goes when it is left out',
    ],
  },
  {
    fault: 'damaged for what has expired',
    spoil: (right) =>
      reading(right, (found) => (found.entry.expires < Date.now() ? 'damaged' : found)),
    caughtBy: ['an entry that has expired is given back whole or is gone, and can be replaced'],
  },
  {
    fault: 'a tail of the longer entry that was there before',
    spoil: (right) =>
      storing(right, (entry, before) => {
        const tail = before?.bytes.subarray(entry.bytes.length) ?? new Uint8Array()
        return { ...entry, bytes: Buffer.concat([entry.bytes, tail]) }
      }),
    caughtBy: ['an entry replaced by a shorter or a longer one leaves nothing of itself'],
  },
  {
    fault: 'nothing for whoever knows the version',
    spoil: (right) => ({
      read: async (name, known) => (known === undefined ? right.read(name) : undefined),
    }),
    caughtBy: ['a read with the version it gave answers unchanged or the same entry'],
  },
  {
    fault: 'unchanged for whoever knows any version',
    spoil: (right) => ({
      read: async (name, known) => (known === undefined ? right.read(name) : 'unchanged'),
    }),
    caughtBy: [
      'what was never stored is undefined, to a read and to a change',
      RENEWING,
      'a version is stale when its entry was removed',
      'a version given by update() stands for the entry that it stored or kept',
      'a version given by parallel updates never stands for the entry of another',
      'a version goes stale when another instance changes the entry',
      'a damaged entry is damaged to a read and to a change, and stays as it is',
      'what a sweep removed is gone for whoever knows its version',
    ],
  },
  {
    fault: 'versions made of the bytes alone',
    spoil: (right) => ({
      read: async (name, known) => {
        const found = await right.read(name)
        if (typeof found !== 'object') return found
        const version = Buffer.from(found.entry.bytes).toString('hex')
        return version === known ? 'unchanged' : { ...found, version }
      },
    }),
    caughtBy: [RENEWING],
  },
  {
    fault: 'a version of nothing',
    spoil: (right) => ({
      update: async (name, change) => ({ version: 'none', ...(await right.update(name, change)) }),
    }),
    caughtBy: ['update() gives no version when there is no entry'],
  },
  {
    fault: 'durable writes that come later',
    spoil: (right) => ({
      update: async (name, change, options) => {
        if (!options?.durable) return right.update(name, change)
        void setImmediate()
          .then(() => right.update(name, change))
          .catch(() => {})
        return {}
      },
    }),
    caughtBy: ['replace creates what is missing, durable or not', 'remove removes, also durably'],
  },
  {
    fault: 'a change that is given the first entry for ever',
    spoil: (right) => {
      const first = new Map<string, Entry>()
      return showing(right, (current, name) => {
        if (typeof current === 'object') first.set(name, first.get(name) ?? current)
        return current && first.get(name)
      })
    },
    caughtBy: [NEWEST, AGAIN, '50 parallel updates of one entry count 50'],
  },
  {
    fault: 'keep that creates',
    spoil: (right) =>
      answering(right, (answer, current) =>
        answer.kind === 'keep' && current === undefined
          ? { kind: 'replace', entry: { bytes: new Uint8Array(), expires: 1 } }
          : answer,
      ),
    caughtBy: ['keep writes nothing', GONE],
  },
  {
    fault: 'removed entries that become empty ones',
    spoil: (right) =>
      answering(right, (answer) =>
        answer.kind === 'remove'
          ? { kind: 'replace', entry: { bytes: new Uint8Array(), expires: 0 } }
          : answer,
      ),
    caughtBy: [
      'remove removes, also durably',
      'removing what is missing succeeds, once or twice',
      GONE,
    ],
  },
  {
    fault: 'no removal of what is missing',
    spoil: (right) =>
      answering(right, (answer, current) => {
        if (answer.kind === 'remove' && !current) throw new Error('ENOENT')
        return answer
      }),
    caughtBy: ['removing what is missing succeeds, once or twice'],
  },
  {
    fault: 'a removal that takes everything along',
    spoil: (right, table) =>
      answering(right, (answer) => {
        if (answer.kind === 'remove') table.rows.clear()
        return answer
      }),
    caughtBy: ['an entry removed is gone alone'],
  },
  {
    fault: 'errors of a change that are swallowed',
    spoil: (right) => ({
      update: (name, change) =>
        right.update(name, (current) => {
          try {
            return change(current)
          } catch {
            return KEEP
          }
        }),
    }),
    caughtBy: [
      'the error of a change that throws is passed on as it is, and nothing is written',
      'after a change that threw the next one works',
      'a change that throws fails alone among parallel ones',
      'again followed by keep or by an error writes nothing',
    ],
  },
  {
    fault: 'errors of a change that are wrapped',
    spoil: (right) => ({
      update: (name, change) =>
        right.update(name, change).catch((cause: unknown) => {
          throw new SessionError('ERR_SESSION_STORE', 'The update failed', { cause })
        }),
    }),
    caughtBy: ['the error of a change that throws is passed on as it is, and nothing is written'],
  },
  {
    fault: 'a queue that ends with the first error',
    spoil: (right) => {
      let last: Promise<unknown> = Promise.resolve()
      return {
        update: (name, change) => {
          const next = last.then(() => right.update(name, change))
          last = next
          return next
        },
      }
    },
    caughtBy: [
      'after a change that threw the next one works',
      'a change that throws fails alone among parallel ones',
    ],
  },
  {
    fault: 'again taken for keep',
    spoil: (right) =>
      answering(right, (answer) => (answer.kind === 'again' ? { kind: 'keep' } : answer)),
    caughtBy: [
      AGAIN,
      'again runs the change once more when after rejects',
      'again followed by keep or by an error writes nothing',
    ],
  },
  {
    fault: 'again that does not wait',
    spoil: (right) => ({
      update: (name, change) =>
        right.update(name, (current) => {
          let answer = change(current)
          while (answer.kind === 'again') answer = change(current)
          return answer
        }),
    }),
    caughtBy: [AGAIN],
  },
  {
    fault: 'again that keeps the entry locked',
    spoil: (right) => {
      const enqueue = makeQueue()
      return { update: (name, change) => enqueue(() => right.update(name, change)) }
    },
    caughtBy: [AGAIN],
  },
  {
    fault: 'the rejection of after passed on',
    spoil: (right) => ({
      update: async (name, change) => {
        let after: unknown
        const updated = await right.update(name, (current) => {
          const answer = change(current)
          if (answer.kind === 'again') after = answer.after
          return answer
        })
        await after
        return updated
      },
    }),
    caughtBy: ['again runs the change once more when after rejects'],
  },
  {
    fault: 'buffers that are shared with the caller',
    spoil: (right) => {
      const kept = new Map<string, Entry>()
      return {
        ...reading(right, (found, name) => ({ ...found, entry: kept.get(name) })),
        update: (name, change) =>
          right.update(name, (current) => {
            const answer = change(kept.get(name) ?? current)
            if (answer.kind === 'replace') kept.set(name, answer.entry)
            return answer
          }),
      }
    },
    caughtBy: [
      'the buffer of a caller can be used again once update() has resolved',
      'what a store gave out can be written on, and the store does not see it',
    ],
  },
]
