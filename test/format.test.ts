import { readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { open, seal } from '../lib/envelope.ts'
import { nameOf, toSessionId } from '../lib/id.ts'
import { KeyFile } from '../lib/key-file.ts'
import { decodeRecord, encodeRecord } from '../lib/record.ts'
import { deriveByFormat, openByFormat, sealByFormat } from './support/format.ts'
import { ringOf } from './support/keys.ts'

const page = readFileSync(new URL('../../docs/format.md', import.meta.url), 'utf8')
const example = readExample()
const { master, id, salt, envelope } = {
  master: bytesOf('master'),
  id: bytesOf('id'),
  salt: bytesOf('salt'),
  envelope: bytesOf('envelope'),
}
const sessionId = toSessionId(id)
const sealed = { master, context: textOf('context'), id }

test('the worked example of docs/format.md is what lib makes', async (t) => {
  const ring = await ringOf(sealed.context, master)
  const { primary } = ring
  t.deepEqual(primary.id, bytesOf('kid'))
  t.deepEqual(primary.seal.export(), bytesOf('K_seal'))
  t.deepEqual(primary.cookie.export(), bytesOf('K_cookie'))
  t.is(ring.signId(sessionId), textOf('cookie'))
  t.is(nameOf(id), textOf('name'))
  t.deepEqual(
    seal(primary, sessionId, textOf('record'), () => salt),
    envelope,
  )
  t.is(open(ring, sessionId, envelope)?.text, textOf('record'))
  const record = decodeRecord(textOf('record'))
  t.is(record && encodeRecord(record), textOf('record'))
})

test('the worked example of docs/format.md is what its rules make', (t) => {
  t.deepEqual(sealByFormat(sealed, salt, textOf('record')), envelope)
  t.deepEqual(openByFormat(sealed, envelope), { text: textOf('record') })
  const { key, commitment } = deriveByFormat(sealed, envelope.subarray(0, 44))
  t.deepEqual(key, bytesOf('key'))
  t.deepEqual(commitment, bytesOf('commitment'))
})

test('the fields of docs/format.md follow each other and are where the example has them', (t) => {
  const fields = [...page.matchAll(/^\| (\d+) +\| (\d+) +\| (\w+) +\|/gm)]
  t.deepEqual(
    fields.map(([, , , name]) => name),
    ['magic', 'version', 'reserved', 'kid', 'salt', 'commitment'],
  )
  let end = 0
  for (const [, offset, size, name = ''] of fields) {
    t.is(Number(offset), end, name)
    end += Number(size)
    const field = envelope.subarray(Number(offset), end)
    if (example.has(name)) t.deepEqual(field, bytesOf(name), name)
  }
  t.is(end, 76)
})

test('the key ring of docs/format.md is one', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'sessions-'))
  t.teardown(() => rm(directory, { recursive: true, force: true }))
  const ring = /```json\n(.*?)```/s.exec(page)?.[1] ?? ''
  await mkdir(join(directory, 'keys'), { mode: 0o700 })
  await writeFile(join(directory, 'keys/keyring.json'), ring, { mode: 0o600 })
  t.deepEqual(await new KeyFile(join(directory, 'keys')).load(), [master])
})

/** The lines of the last code block: a name and its value; a line that begins with spaces goes on with the value. */
function readExample(): ReadonlyMap<string, string> {
  const block = [...page.matchAll(/```text\n(.*?)\n```/gs)].at(-1)?.[1] ?? ''
  const lines = block.replace(/\n +/g, '').split('\n')
  return new Map(lines.map((line) => [line.slice(0, 11).trim(), line.slice(11)]))
}

function textOf(name: string): string {
  const value = example.get(name)
  if (value === undefined) throw new Error(`docs/format.md has no line ${name} in its example`)
  return value
}

function bytesOf(name: string): Buffer {
  return Buffer.from(textOf(name), 'hex')
}
