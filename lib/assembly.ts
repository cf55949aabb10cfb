import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { FileStore } from '../stores/file.ts'
import { MemoryStore } from '../stores/memory.ts'
import type { Environment } from './environment.ts'
import { SessionError } from './errors.ts'
import { KeyFile } from './key-file.ts'
import { createKey, type KeySource } from './keyring.ts'
import { createSessions, type Sessions } from './middleware.ts'
import { type ResolvedOptions, resolveOptions, type SessionOptions } from './options.ts'
import { parseSecrets } from './secret.ts'
import { SessionService } from './service.ts'

/**
 * Puts the parts of a `session()` together: the options decide on the store and where the keys come
 * from.
 */
export function assembleSessions(options: SessionOptions, environment: Environment): Sessions {
  const resolved = resolveOptions(options)
  const directory = pathOf(resolved.directory)
  const keys = chooseKeys(resolved, directory, environment)
  const store = resolved.store ?? new FileStore({ directory, name: resolved.cookie.name })
  const service = new SessionService(resolved, store, keys, environment)
  return createSessions(service, resolved.cookie.name)
}

/** The first hit wins: the option, the environment's variables, what the store allows. */
function chooseKeys(
  { keys, store }: ResolvedOptions,
  directory: string,
  { variables, random, now, isProduction, warn }: Environment,
): KeySource {
  const { SESSION_KEYS, SESSION_SECRET } = variables
  if (keys !== undefined) return parseSecrets(keys, 'keys')
  if (SESSION_KEYS !== undefined) return parseSecrets(SESSION_KEYS, 'SESSION_KEYS')
  if (SESSION_SECRET !== undefined) return parseSecrets([SESSION_SECRET], 'SESSION_SECRET')
  if (store === undefined) {
    return new KeyFile(join(directory, 'keys'), { random, now, isProduction, warn })
  }
  if (store instanceof MemoryStore) {
    const key = createKey(random)
    return { load: () => Promise.resolve([key]) }
  }
  throw new SessionError(
    'ERR_SESSION_OPTION',
    "Expected the option 'keys' to be set, since this store may outlive the process: make a key with 'openssl rand -hex 32' and give it as keys or SESSION_KEYS",
  )
}

function pathOf(directory: string | URL): string {
  return directory instanceof URL ? fileURLToPath(directory) : resolve(directory)
}
