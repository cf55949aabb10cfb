import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { projectDirectory } from './support/project.ts'
import { parseSourceFile, readSourceFiles, type SourceFile } from './support/source-files.ts'

/** Which floor each file of `lib/` stands on, the ground floor first. A new file is entered here: imports never point up. */
const FLOORS: readonly (readonly string[])[] = [
  ['errors', 'id', 'duration', 'store', 'recent-map', 'byte-text'],
  ['keyring', 'secret', 'weakness', 'key-file', 'key-file-publish'],
  [
    'envelope',
    'record',
    'serializer',
    'plain-data',
    'json-text',
    'known-data',
    'merge',
    'draft',
    'identity',
    'expiry',
    'events',
    'data',
    'transform',
  ],
  ['vault', 'sealed-store', 'record-cache'],
  [
    'session',
    'cookie',
    'cookie-options',
    'options',
    'option-check',
    'wire',
    'sweeper',
    'visit',
    'working-copy',
    'operation-queue',
    'show',
    'response',
  ],
  ['middleware', 'exchange', 'service', 'environment'],
  ['index', 'assembly'],
]

/** The suite for stores stands beside the library: it may know the ground floor, as a store does. */
const SUITE = /^lib\/testing(\.ts$|\/)/

/** What only these files may import at run time. Everything else that is not a file of ours is in `FREE`. */
const RESERVED: Readonly<Record<string, RegExp>> = {
  'node:net': /^stores\/file\/tenancy\/sockets\.ts$/,
  // The status texts of 503 and 500, and the monotonic clock: each has one place.
  'node:http': /^lib\/middleware\.ts$/,
  'node:perf_hooks': /^(lib|stores\/file)\/environment\.ts$/,
  'node:crypto': /^lib\/(id|keyring|secret|key-file|envelope)\.ts$/,
  // Every call of the file store goes through one adapter, so that each can be made to fail.
  'node:fs': /^(stores\/file\/file-system|lib\/key-file)\.ts$/,
  'node:fs/promises': /^(stores\/file\/file-system|lib\/key-file)\.ts$/,
  'proper-lockfile': /^(stores\/file|lib\/key-file\.ts$)/,
}

const FREE = [
  'node:async_hooks',
  'node:buffer',
  'node:events',
  'node:path',
  'node:timers/promises',
  'node:url',
  'node:util',
]

const MOST_LINES = 300

const lib = readSourceFiles('lib')
const stores = readSourceFiles('stores')
const files = [...lib, ...stores]

function floorOf(path: string): number {
  if (path.startsWith('stores/') || SUITE.test(path)) return 1
  const name = path.replace(/^lib\/|\.ts$/g, '')
  return FLOORS.findIndex((floor) => floor.includes(name))
}

function ownImports({ imports }: SourceFile): string[] {
  return imports.map(({ target }) => target).filter((target) => /^(lib|stores)\//.test(target))
}

test('every file of lib stands on a floor', (t) => {
  t.true(files.length > 0)
  t.deepEqual(
    lib.map(({ path }) => path).filter((path) => floorOf(path) < 0),
    [],
    'enter the file into FLOORS',
  )
})

test('imports never point up', (t) => {
  const upward = files.flatMap((file) =>
    ownImports(file)
      .filter((target) => floorOf(target) > floorOf(file.path))
      .map((target) => `${file.path} → ${target}`),
  )
  t.deepEqual(upward, [])
})

test('there are no import cycles', (t) => {
  const graph = new Map(files.map((file) => [file.path, ownImports(file)]))
  const done = new Set<string>()
  const cycles: string[] = []
  const visit = (path: string, trail: readonly string[]): void => {
    if (trail.includes(path)) cycles.push([...trail.slice(trail.indexOf(path)), path].join(' → '))
    if (trail.includes(path) || done.has(path)) return
    for (const target of graph.get(path) ?? []) visit(target, [...trail, path])
    done.add(path)
  }
  for (const path of graph.keys()) visit(path, [])
  t.deepEqual(cycles, [])
})

test('a store knows its own files and the ground floor, and so does the suite for stores', (t) => {
  const apart = files.filter(({ path }) => familyOf(path) !== 'lib')
  t.true(apart.length > 0)
  const strangers = apart.flatMap((file) =>
    ownImports(file)
      .filter((target) => familyOf(target) !== familyOf(file.path) && floorOf(target) !== 0)
      .map((target) => `${file.path} → ${target}`),
  )
  t.deepEqual(strangers, [])
})

test('nothing of the library needs the suite for stores', (t) => {
  const needing = files.filter(
    (file) => !SUITE.test(file.path) && ownImports(file).some((path) => SUITE.test(path)),
  )
  t.deepEqual(
    needing.map(({ path }) => path),
    [],
  )
})

/** `'stores/file'` is a store with the files in its folder. */
function familyOf(path: string): string {
  return SUITE.test(path) ? 'suite' : (/^stores\/[a-z]+/.exec(path)?.[0] ?? 'lib')
}

/** What the key file shares with the file store, so that the two agree on what a private directory is. */
const SHARED_WITH_KEY_FILE = ['stores/file/data-directory.ts', 'stores/file/file-system.ts']

test('only the top floor knows a store, and the key file the making of directories', (t) => {
  const knowing = lib
    .filter(({ path }) => floorOf(path) < FLOORS.length - 1)
    .flatMap((file) =>
      ownImports(file)
        .filter((target) => target.startsWith('stores/'))
        .map((target) => `${file.path} → ${target}`),
    )
  t.deepEqual(
    knowing,
    SHARED_WITH_KEY_FILE.map((target) => `lib/key-file.ts → ${target}`),
  )
})

test('koa is imported as a type only', (t) => {
  const atRunTime = files.filter(({ imports }) =>
    imports.some(({ target, typeOnly }) => /^koa(\/|$)/.test(target) && !typeOnly),
  )
  t.deepEqual(
    atRunTime.map(({ path }) => path),
    [],
  )
})

test('cryptography, files and locks stay where they belong, and nothing else is used', (t) => {
  const misplaced = files.flatMap(({ path, imports }) =>
    imports
      .filter(({ target, typeOnly }) => !typeOnly && !/^(lib|stores)\//.test(target))
      .filter(({ target }) => !(RESERVED[target]?.test(path) ?? isFree(path, target)))
      .map(({ target }) => `${path} → ${target}`),
  )
  t.deepEqual(misplaced, [])
})

/** The file store also talks to other processes; the store suite needs what tests need. */
function isFree(path: string, target: string): boolean {
  if (FREE.includes(target)) return true
  if (path.startsWith('stores/file')) return target.startsWith('node:')
  return path.startsWith('lib/testing') && ['node:assert', 'node:assert/strict'].includes(target)
}

test('no file is longer than one can read in one go, no test either', (t) => {
  const others = ['test', 'example'].flatMap(readSourceFiles)
  t.true(others.length > 0)
  const long = [...files, ...others].filter(({ lines }) => lines.length > MOST_LINES)
  t.deepEqual(
    long.map(({ path, lines }) => `${path}: ${lines.length}`),
    [],
  )
})

test('proper-lockfile is the only runtime dependency', (t) => {
  const manifest = JSON.parse(readFileSync(join(projectDirectory, 'package.json'), 'utf8'))
  t.deepEqual(Object.keys(manifest.dependencies), ['proper-lockfile'])
  t.is(manifest.optionalDependencies, undefined)
})

const EXPORT =
  /^export (?:default |declare |abstract |async )*(?:function|const|class|interface|type) (\w+)/
const MEMBER = /^ {2}(?:readonly )?\w+\??(?:\(|<|:)/

test('every exported name has a doc comment, and so has every option a user can set', (t) => {
  const names = publicNames()
  t.true(names.has('SessionOptions') && names.has('CookieOptions'))
  const bare = files.flatMap(({ path, lines }) => {
    let isPublicOptions = false
    return lines.flatMap((line, index) => {
      const name = EXPORT.exec(line)?.[1]
      if (name !== undefined) isPublicOptions = /Options$/.test(name) && names.has(name)
      const wanted = name !== undefined || (isPublicOptions && MEMBER.test(line))
      return wanted && !isDocumented(lines, index, name) ? [`${path}:${index + 1}`] : []
    })
  })
  t.deepEqual(bare, [])
})

/** What `lib/index.ts` gives to others. */
function publicNames(): Set<string> {
  const text = lib.find(({ path }) => path === 'lib/index.ts')?.lines.join('\n') ?? ''
  const lists = [...text.matchAll(/^export (?:type )?\{([^}]*)\}/gm)].map(([, list = '']) => list)
  return new Set(lists.join().match(/\b[A-Z]\w*/g))
}

/** A further signature is documented at the first, and a directive of the linter may stand between. */
function isDocumented(lines: readonly string[], index: number, name: string | undefined): boolean {
  const before = lines.slice(0, index).filter((line) => !line.startsWith('// biome-ignore '))
  if (/\*\/\s*$/.test(before.at(-1) ?? '')) return true
  return name !== undefined && before.some((line) => line.startsWith(`export function ${name}(`))
}

test('exports have names: there is no default export', (t) => {
  const nameless = files.filter(({ lines }) => lines.some((line) => /^export default\b/.test(line)))
  t.deepEqual(
    nameless.map(({ path }) => path),
    [],
  )
})

test('the reader of imports sees every kind of import', (t) => {
  const text = `
/** import x from 'in-a-comment' */
import a, { type B } from './a.ts'
import type { C } from '../stores/c.ts'
import { type D, type E } from 'd'
import {
  f,
  type G,
} from 'node:f'
export * from './h.ts'
export type { I } from './i.ts'
import 'j'
type K = import('node:k').KeyObject
const l = await import('l')
const m = (await import('m')).Name
const n = require('n')
`
  t.deepEqual(parseSourceFile('lib/x.ts', text).imports, [
    { target: 'lib/a.ts', typeOnly: false },
    { target: 'stores/c.ts', typeOnly: true },
    { target: 'd', typeOnly: true },
    { target: 'node:f', typeOnly: false },
    { target: 'lib/h.ts', typeOnly: false },
    { target: 'lib/i.ts', typeOnly: true },
    { target: 'j', typeOnly: false },
    { target: 'node:k', typeOnly: true },
    { target: 'l', typeOnly: false },
    { target: 'm', typeOnly: false },
    { target: 'n', typeOnly: false },
  ])
})
