import { join } from 'node:path'
import { codeOf, ignoring } from '../file-system.ts'
import { connectTo, type Place, SOCKET, socketOf, UNFINISHED_SOCKET } from './place.ts'
import type { Register, Tenant } from './register.ts'
import type { Seat } from './seat.ts'

/**
 * Who is there, told by the sockets alone, when the register is lost. Nobody knows which of them is
 * sole, so each may be.
 */
export async function rebuildRegister(
  { environment: { fs }, directory }: Pick<Place, 'environment' | 'directory'>,
  { tenant: self, peers, inode }: Pick<Seat, 'tenant' | 'peers' | 'inode'>,
): Promise<Register> {
  const found = (await fs.readdir(directory)).flatMap((file): Tenant[] => {
    const name = SOCKET.exec(file)?.[1]
    return name === undefined || name === self?.name ? [] : [{ name, owner: '', directory: inode }]
  })
  const judged = await Promise.all(
    found.map(async (tenant) => {
      const verdict = await peers.judge(tenant)
      if (verdict !== 'unknown') return verdict === 'alive'
      // Its owner or who cleans up after it has just removed it.
      const path = join(directory, socketOf(tenant.name))
      return fs.lstat(path).then(
        () => true,
        (error: unknown) => codeOf(error) !== 'ENOENT',
      )
    }),
  )
  const tenants = found.filter((_tenant, index) => judged[index])
  return { tenants, sole: tenants.map(({ name }) => name), shared: false }
}

/**
 * Removes the sockets of the dead: refused, and not on the register, which names every tenant.
 * Never rejects: the next one tries again.
 */
export async function removeDeadSockets(place: Place, register: Register): Promise<void> {
  const { fs } = place.environment
  const names = new Set(register.tenants.map(({ name }) => name))
  const files = await fs.readdir(place.directory).catch(() => [])
  const left = files.filter((file) => {
    const name = SOCKET.exec(file)?.[1]
    return name === undefined ? UNFINISHED_SOCKET.test(file) : !names.has(name)
  })
  await Promise.all(left.map((file) => removeIfRefused(place, file).catch(() => {})))
}

async function removeIfRefused(place: Place, file: string): Promise<void> {
  try {
    const connection = await connectTo(place, file, { line: () => {}, end: () => {} })
    connection.close()
  } catch (error) {
    if (codeOf(error) !== 'ECONNREFUSED') return
    await ignoring(['ENOENT'], place.environment.fs.unlink(join(place.directory, file)))
  }
}
