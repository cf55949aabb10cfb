import { execFile } from 'node:child_process'
import { cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { projectDirectory } from './project.ts'

const run = promisify(execFile)

/** What a program of the consumer said, and how it ended. */
export interface Outcome {
  readonly code: number
  readonly output: string
}

/** What `npm publish` would send. */
export interface PackedProject {
  /** Path of the tarball. */
  readonly tarball: string
  /** Paths in it. */
  readonly contents: readonly string[]
  /** Its size in bytes. */
  readonly size: number
}

/** Somebody else's project, with nothing in it but the packed package and what that needs. */
export interface Consumer {
  /** Writes a file into the project. */
  write(name: string, text: string): Promise<void>
  /** Runs Node.js in the project. */
  node(...args: readonly string[]): Promise<Outcome>
  /** Runs the TypeScript compiler in the project. */
  tsc(...args: readonly string[]): Promise<Outcome>
}

/** Packs this project, and gives the tarball's path. Nothing is compiled: other tests are running from those files. */
export async function packProject(directory: string): Promise<PackedProject> {
  const args = ['pack', '--ignore-scripts', '--json', '--pack-destination', directory]
  const { stdout } = await run('npm', args, { cwd: projectDirectory, timeout: 50_000 })
  const [{ filename, files, size }] = JSON.parse(stdout)
  const contents = files.map(({ path }: { path: string }) => path)
  return { tarball: join(directory, filename), contents, size }
}

/** Puts the tarball into an empty project. */
export function createConsumer(directory: string, tarball: string): Promise<Consumer> {
  const unpack = async (own: string): Promise<void> => {
    await run('tar', ['-xzf', tarball, '-C', own, '--strip-components=1'])
  }
  return installPackage(directory, unpack)
}

/**
 * Puts the declarations alone into an empty project, as they are in the tarball. `packages` are
 * further ones to link.
 */
export function createReader(
  directory: string,
  packages: readonly string[] = [],
): Promise<Consumer> {
  const copy = async (own: string): Promise<void> => {
    for (const path of ['package.json', 'dist/lib', 'dist/stores']) {
      const filter = (source: string): boolean => !/\.(js|map)$/.test(source)
      await cp(join(projectDirectory, path), join(own, path), { recursive: true, filter })
    }
  }
  return installPackage(directory, copy, packages)
}

/** Nothing is fetched: what the package depends on is linked from this project. */
async function installPackage(
  directory: string,
  putFiles: (own: string) => Promise<void>,
  packages: readonly string[] = [],
): Promise<Consumer> {
  const modules = join(directory, 'node_modules')
  const manifest = JSON.parse(await readFile(join(projectDirectory, 'package.json'), 'utf8'))
  const own = join(modules, manifest.name)
  await mkdir(own, { recursive: true })
  await putFiles(own)
  for (const name of [...Object.keys(manifest.dependencies), ...packages]) {
    await mkdir(join(modules, name, '..'), { recursive: true })
    await symlink(join(projectDirectory, 'node_modules', name), join(modules, name), 'junction')
  }
  await writeFile(join(directory, 'package.json'), '{ "private": true, "type": "module" }')
  return {
    write: (name, text) => writeFile(join(directory, name), text),
    node: (...args) => runNode(directory, args),
    tsc: (...args) =>
      runNode(directory, [join(projectDirectory, 'node_modules/typescript/bin/tsc'), ...args]),
  }
}

async function runNode(cwd: string, args: readonly string[]): Promise<Outcome> {
  try {
    const { stdout, stderr } = await run(process.execPath, args, { cwd, timeout: 30_000 })
    return { code: 0, output: stdout + stderr }
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string }
    return { code, output: stdout + stderr }
  }
}
