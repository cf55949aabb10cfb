import type { FileSystem } from '../file-system.ts'

/**
 * What a file system is, as far as it matters who else may be on it.
 *
 * - `local`: one kernel serves it, so that what it says of a socket there holds for every process.
 * - `network`: known to be served by another machine, or by a program, where the reply to a rename
 *   can get lost.
 * - `unknown`: any other.
 */
export type Locality = 'local' | 'network' | 'unknown'

/** Of statfs(2) and the kernel's `magic.h`. */
const LOCAL: ReadonlySet<number> = new Set([
  0xef53, // ext2, ext3, ext4
  0x58465342, // xfs
  0x9123683e, // btrfs
  0x794c7630, // overlay
  0x01021994, // tmpfs
  0x2fc12fc1, // zfs
  0xf2f52010, // f2fs
  0xca451a4e, // bcachefs
])

const NETWORK: ReadonlySet<number> = new Set([
  0x6969, // nfs
  0x517b, // smb
  0xff534d42, // cifs
  0xfe534d42, // smb2
  0x65735546, // fuse, which virtiofs is too
  0x01021997, // 9p
  0x00c36400, // ceph
  0x5346414f, // afs
  0x6b414653, // kafs
  0x73757245, // coda
  0x0bd00bd0, // lustre
  0x47504653, // gpfs
  0x01161970, // gfs2
  0x7461636f, // ocfs2
  0x786f4256, // vboxsf
])

/** Tells where `directory` is. Never rejects: what cannot be told is unknown. */
export async function findLocality(fs: FileSystem, directory: string): Promise<Locality> {
  try {
    // 32 bits, which a 32-bit kernel gives with a sign.
    const type = Number(BigInt.asUintN(32, await fs.statfs(directory)))
    return LOCAL.has(type) ? 'local' : NETWORK.has(type) ? 'network' : 'unknown'
  } catch {
    return 'unknown'
  }
}
