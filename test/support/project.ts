import { fileURLToPath } from 'node:url'

/** The project's top folder, as an absolute path: tests run from `dist/test`. */
export const projectDirectory: string = fileURLToPath(new URL('../../../', import.meta.url))
