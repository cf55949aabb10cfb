import { deepStrictEqual } from 'node:assert/strict'
import test from 'ava'
import fc from 'fast-check'
import { SessionCookie } from '../../lib/cookie.ts'
import { nameOf, toSessionId } from '../../lib/id.ts'
import type { Keyring } from '../../lib/keyring.ts'
import { resolveOptions } from '../../lib/options.ts'
import { SealedStore } from '../../lib/sealed-store.ts'
import { Disk } from '../support/disk.ts'
import { openEngine, WAYS, type Way } from '../support/engine.ts'
import {
  frameByFormat,
  idByFormat,
  openByFormat,
  recordByFormat,
  repairByFormat,
  sealByFormat,
} from '../support/format.ts'
import { keyOf, ringOf } from '../support/keys.ts'
import { isWhole } from '../support/proof.ts'
import {
  ANN,
  CONTEXT,
  FILES,
  header,
  MASTERS,
  mutation,
  recordText,
  slotOf,
  textMutation,
} from '../support/tampering.ts'

/** Half as many files by each way and records, twice as many headers. */
const RUNS = isWhole ? 20_000 : 300
const SEED = Number(process.env.WIRE_SEED ?? Date.now() % 1e9)
const CHECKED = { numRuns: RUNS, seed: SEED, includeErrorInReport: true }

/** Reads Ann's session as the library does. */
async function readByLibrary(way: Way, ring: Keyring, file: Buffer): Promise<unknown> {
  const disk = new Disk()
  const name = nameOf(ANN)
  await disk.mkdir(disk.data, 0o700)
  await disk.mkdir(`${disk.data}/sid`, 0o700)
  await disk.mkdir(`${disk.data}/sid/${name.slice(0, 2)}`, 0o700)
  disk.put(`${disk.data}/sid/${name.slice(0, 2)}/${name}.session`, file)
  const { store, close } = openEngine({ disk, way })
  if (way === 'overwrite') await store.ready()
  const read = await new SealedStore(store, ring, (length) => Buffer.alloc(length), 0).read(
    toSessionId(ANN),
  )
  await close()
  if (typeof read !== 'object') return undefined
  const { known: _, ...record } = read.record
  return { ...record, data: JSON.parse(record.data) }
}

/** Reads it as the page on the format says. */
function readByFormat(file: Buffer): unknown {
  const frame = frameByFormat(file)
  if (!frame || frame.isTombstone) return undefined
  for (const master of MASTERS) {
    const opened = openByFormat({ master, context: CONTEXT, id: ANN }, frame.envelope)
    if (typeof opened === 'object') return recordByFormat(opened.text)
  }
  return undefined
}

for (const way of WAYS) {
  test(`a session file that was tampered with is read, by ${way}, as the page on the format says`, async (t) => {
    const ring = await ringOf(CONTEXT, ...MASTERS)
    let accepted = 0
    const property = fc.asyncProperty(
      fc.nat(FILES.length - 1),
      fc.array(mutation, { maxLength: 4 }),
      fc.constantFrom(true, true, true, false),
      async (index, mutations, isRepaired) => {
        const whole = Buffer.from(FILES[index] as Buffer)
        const file = mutations.reduce<Buffer>((left, mutate) => mutate(left), whole)
        if (isRepaired) repairByFormat(file)
        const wanted = readByFormat(file)
        deepStrictEqual(await readByLibrary(way, ring, file), wanted, file.toString('hex'))
        if (wanted !== undefined) accepted += 1
      },
    )
    await fc.assert(property, { ...CHECKED, numRuns: RUNS / 2 })
    t.log(`WIRE_SEED=${SEED}, ${accepted} of ${RUNS / 2} are sessions still`)
    t.true(accepted > 0 && accepted < RUNS / 2)
  })
}

test('whatever a good key has sealed is a session if the page on the format says so', async (t) => {
  const ring = await ringOf(CONTEXT, ...MASTERS)
  let accepted = 0
  const property = fc.asyncProperty(recordText, async (text) => {
    const sealed = { master: MASTERS[0], context: CONTEXT, id: ANN }
    const slot = slotOf(sealByFormat(sealed, keyOf(text), text), 1)
    const file = Buffer.concat([slot, Buffer.alloc(2048)])
    repairByFormat(file)
    const wanted = recordByFormat(text)
    deepStrictEqual(await readByLibrary('replace', ring, file), wanted)
    if (wanted) accepted += 1
  })
  await fc.assert(property, { ...CHECKED, numRuns: RUNS / 2 })
  t.log(`WIRE_SEED=${SEED}, ${accepted} of ${RUNS / 2} are records`)
  t.true(accepted > 0 && accepted < RUNS / 2)
})

test('a Cookie header that was tampered with gives the session that the plain rules give', async (t) => {
  const ring = await ringOf(CONTEXT, ...MASTERS)
  const reader = new SessionCookie(resolveOptions().cookie, false, () => undefined)
  let accepted = 0
  const property = fc.property(
    header,
    fc.array(textMutation, { maxLength: 3 }),
    (text, mutations) => {
      const given = mutations.reduce((left, mutate) => mutate(left), text)
      const request = {
        headers: { host: 'localhost', cookie: given },
        socket: { remoteAddress: '127.0.0.1' },
        httpVersion: '1.1',
      }
      const read = reader.read(reader.values(request as never), ring)
      const wanted = idByFormat(given, 'sid', MASTERS, CONTEXT)
      deepStrictEqual(read.kind === 'valid' ? read.id.bytes : undefined, wanted)
      if (wanted) accepted += 1
    },
  )
  fc.assert(property, { ...CHECKED, numRuns: RUNS * 2 })
  t.log(`WIRE_SEED=${SEED}, ${accepted} of ${RUNS * 2} are cookies still`)
  t.true(accepted > 0 && accepted < RUNS * 2)
})
