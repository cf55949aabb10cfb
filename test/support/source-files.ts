import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize, sep } from 'node:path'
import { projectDirectory } from './project.ts'

/** One import of a source file. */
export interface Import {
  /** A file's path from the project's top, or the name of a package. */
  readonly target: string
  /** `true` when nothing of it is left at run time. */
  readonly typeOnly: boolean
}

/** A source file as the rules of the architecture see it. */
export interface SourceFile {
  /** From the project's top, with `/`. */
  readonly path: string
  readonly lines: readonly string[]
  readonly imports: readonly Import[]
}

/** Every TypeScript file below a folder of the project. */
export function readSourceFiles(folder: string): SourceFile[] {
  return readdirSync(join(projectDirectory, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => {
      const path = join(folder, name).replaceAll(sep, '/')
      return parseSourceFile(path, readFileSync(join(projectDirectory, path), 'utf8'))
    })
}

const STATEMENT = /^(?:import|export)\s+(type\s)?([^'"();=]*?)\bfrom\s+'([^']+)'/gm
const SIDE_EFFECT = /^import\s+'([^']+)'/gm
const INLINE = /\b(?:import|require)\(\s*'([^']+)'\s*\)(\.\w)?/g

/** Finds the imports of a source text: statements, re-exports, and calls of `import()` and `require()`. */
export function parseSourceFile(path: string, text: string): SourceFile {
  const code = text.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '')
  const imports: Import[] = []
  const add = (specifier: string, typeOnly: boolean): void => {
    const target = specifier.startsWith('.')
      ? normalize(join(dirname(path), specifier)).replaceAll(sep, '/')
      : specifier
    imports.push({ target, typeOnly })
  }
  for (const [, type, names = '', specifier = ''] of code.matchAll(STATEMENT)) {
    add(specifier, type !== undefined || importsOnlyTypes(names))
  }
  for (const [, specifier = ''] of code.matchAll(SIDE_EFFECT)) add(specifier, false)
  // `import('x').Name` without a call or an await around it can only be a type.
  for (const match of code.matchAll(INLINE)) {
    const awaited = /await\s+$/.test(code.slice(0, match.index))
    add(match[1] ?? '', match[2] !== undefined && /\.[A-Z]$/.test(match[2]) && !awaited)
  }
  return { path, lines: text.trimEnd().split('\n'), imports }
}

function importsOnlyTypes(names: string): boolean {
  const list = /^\s*\{([\s\S]*)\}\s*$/.exec(names)?.[1]
  if (list === undefined) return false
  const parts = list.split(',').filter((name) => name.trim())
  return parts.length > 0 && parts.every((name) => name.trim().startsWith('type '))
}
