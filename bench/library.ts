import type * as Library from '../dist/lib/index.js'
import type * as Frame from '../dist/stores/file/frame.js'

async function load<T>(path: string): Promise<T> {
  return import(new URL(`../../dist/${path}`, import.meta.url).href)
}

/** The library as it was built last, from `../dist`. */
export const { MemoryStore, session }: typeof Library = await load('lib/index.js')

/** How a session file is laid out: for files that are made without a visitor. */
export const { decodeFile, encodeFile }: typeof Frame = await load('stores/file/frame.js')
