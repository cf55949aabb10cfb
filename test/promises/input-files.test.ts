import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  copyFileSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { dirname } from 'node:path'
import test from 'ava'
import { openNeighbour } from '../support/default-store.ts'
import { onlyFile, sessionFiles } from '../support/files.ts'
import { dataOf, PAGES } from '../support/pages.ts'
import { deleteDirectory, makeTemporaryDirectory } from '../support/temporary-directory.ts'
import { eventsOf, openWebsite } from '../support/website.ts'

const DAMAGES: Readonly<Record<string, (file: string) => void>> = {
  'every bit of which was flipped': (file) => {
    const bytes = readFileSync(file)
    for (let index = 0; index < bytes.length; index += 1) bytes[index] = ~(bytes[index] ?? 0)
    writeFileSync(file, bytes)
  },
  'that was cut off in the middle': (file) => truncateSync(file, statSync(file).size >> 1),
  'that was cut off to nothing': (file) => truncateSync(file, 0),
  'that holds something else': (file) => writeFileSync(file, '{"user":"admin"}'),
  'that grew beyond measure': (file) => truncateSync(file, 2 ** 31),
  'in whose place is a symbolic link to it': (file) => {
    renameSync(file, `${file}.moved`)
    symlinkSync(`${file}.moved`, file)
  },
  'in whose place is a directory': (file) => {
    rmSync(file)
    mkdirSync(file)
  },
  'in whose place is a FIFO': (file) => {
    rmSync(file)
    execFileSync('mkfifo', [file])
  },
}

for (const [what, damage] of Object.entries(DAMAGES)) {
  test(`a session file ${what} is no session, is left alone, and told of once`, async (t) => {
    if (process.platform === 'win32') {
      t.log('skipped: Windows has no such files')
      t.pass()
      return
    }
    const directory = makeTemporaryDirectory(t)
    await openNeighbour(t, directory)
    const site = await openWebsite(t, PAGES, { directory })
    const browser = site.visit()
    await browser.get('/count')
    const file = onlyFile(directory)
    damage(file)
    const before = lstatSync(file)
    for (let index = 0; index < 3; index += 1) {
      const page = await browser.get('/show')
      t.is(page.status, 200)
      t.is(page.text, '{}')
      t.deepEqual(page.setCookies, [])
    }
    const after = lstatSync(file)
    t.deepEqual([after.ino, after.size, after.mtimeMs], [before.ino, before.size, before.mtimeMs])
    t.deepEqual(eventsOf(site), ['create', 'corrupt'])
    t.is((await site.visit().get('/count')).text, '1')
    t.is((await browser.get('/count')).text, '1')
    t.deepEqual(await dataOf(browser), { views: 1 })
  })
}

test('every place of a session file where a bit is flipped: the version before it, or nothing', async (t) => {
  const directory = makeTemporaryDirectory(t)
  await openNeighbour(t, directory)

  const site = await openWebsite(t, PAGES, { directory })
  const browser = site.visit()
  await browser.get('/count')
  await browser.get('/count')
  const file = onlyFile(directory)
  const bytes = readFileSync(file)
  for (let index = 0; index < bytes.length; index += 61) {
    const bad = Buffer.from(bytes)
    bad.writeUInt8(bad.readUInt8(index) ^ 4, index)
    writeFileSync(file, bad)
    const page = await browser.get('/show')
    t.is(page.status, 200)
    t.true(['{}', '{"views":1}', '{"views":2}'].includes(page.text), `byte ${index}: ${page.text}`)
  }
})

test('the file of one session in the place of another opens for neither', async (t) => {
  const directory = makeTemporaryDirectory(t)
  await openNeighbour(t, directory)

  const site = await openWebsite(t, PAGES, { directory })
  const [ann, bob] = [site.visit(), site.visit()]
  await ann.get('/sign-in?user=ann')
  const annsFile = onlyFile(directory)
  await bob.get('/sign-in?user=bob')
  const bobsFile = sessionFiles(directory).find((file) => file !== annsFile) ?? ''
  copyFileSync(annsFile, bobsFile)
  t.deepEqual(await dataOf(bob), {})
  t.deepEqual(await dataOf(ann), { user: 'ann' })
  t.is(eventsOf(site).filter((name) => name === 'corrupt').length, 1)
})

test('a file that goes away is no session, and no event', async (t) => {
  const directory = makeTemporaryDirectory(t)
  await openNeighbour(t, directory)

  const site = await openWebsite(t, PAGES, { directory })
  const browser = site.visit()
  await browser.get('/count')
  deleteDirectory(dirname(onlyFile(directory)))
  t.deepEqual(await dataOf(browser), {})
  t.deepEqual(eventsOf(site), ['create'])
  t.is((await browser.get('/count')).text, '1')
})

test('bytes added to a session file change nothing a visitor can see, or end the session', async (t) => {
  const directory = makeTemporaryDirectory(t)
  await openNeighbour(t, directory)

  const site = await openWebsite(t, PAGES, { directory })
  const browser = site.visit()
  await browser.get('/count')
  appendFileSync(onlyFile(directory), 'more')
  t.true(['{}', '{"views":1}'].includes((await browser.get('/show')).text))
})
