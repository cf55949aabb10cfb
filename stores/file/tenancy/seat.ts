import type { Environment } from '../environment.ts'
import { type Endpoint, openEndpoint } from './endpoint.ts'
import { findLocality } from './locality.ts'
import { ANSWER, Peers, QUESTION } from './peers.ts'
import type { Place } from './place.ts'
import type { Tenant } from './register.ts'
import type { Connection, Handlers } from './sockets.ts'

/** What a seat needs. */
export interface SeatOptions {
  readonly environment: Environment
  /** The directory of the tenants, which is there. */
  readonly directory: string
  /** A newcomer asks to share the store. It is answered when this resolves. */
  readonly onQuestion: () => Promise<void>
  /** Somebody's connection has ended, which may be an end of theirs. */
  readonly onEnd: () => void
}

/** Our place among those who use a store: where we can be asked, and how we ask others. */
export class Seat {
  /** `undefined` where we cannot be asked, so that nobody may be alone. */
  readonly tenant: Tenant | undefined
  /** As others look for it. */
  readonly place: Place | undefined
  readonly inode: string
  readonly peers: Peers
  readonly #endpoint: Endpoint | undefined
  readonly #visitors: ReadonlySet<Connection>

  constructor(
    tenant: Tenant | undefined,
    place: Place | undefined,
    inode: string,
    peers: Peers,
    endpoint: Endpoint | undefined,
    visitors: ReadonlySet<Connection>,
  ) {
    this.tenant = tenant
    this.place = place
    this.inode = inode
    this.peers = peers
    this.#endpoint = endpoint
    this.#visitors = visitors
  }

  /** Whether others still find us here. */
  async stands(): Promise<boolean> {
    return this.#endpoint === undefined || this.#endpoint.stands()
  }

  /** `removed`: our entry is off the register, so that our socket may go too. Never rejects. */
  async close(removed: boolean): Promise<void> {
    await this.#endpoint?.close()
    if (removed) await this.#endpoint?.remove().catch(() => {})
    this.peers.close()
    for (const visitor of this.#visitors) visitor.close()
  }
}

/**
 * Takes a seat: nobody knows of it before it is on the register. Warns of a directory on a network.
 * Rejects with the system's error.
 */
export async function openSeat(options: SeatOptions): Promise<Seat> {
  const { environment, directory, onEnd } = options
  const { fs, sockets, owner } = environment
  const identity = await owner.identify()
  const inode = String((await fs.lstat(directory)).ino)
  const locality = await findLocality(fs, directory)
  if (locality === 'network') {
    environment.warn(
      'The directory of the sessions seems to be on a network file system, where a reply can get lost and with it a change. Set `directory` to a local one, or keep sessions in Redis.',
      'KOA_SEALED_SESSION_NETWORK',
    )
  }
  const place = sockets && { environment, sockets, directory }
  const visitors = new Set<Connection>()
  const local = locality === 'local'
  const endpoint =
    place && local
      ? await openEndpoint(place, (visitor) => serve(visitor, visitors, options))
      : undefined
  const peers = new Peers({
    place,
    local,
    inode,
    owner: identity,
    judgeOwner: (each) => owner.judge(each),
    onEnd,
  })
  const tenant = endpoint && { name: endpoint.name, owner: identity, directory: inode }
  return new Seat(tenant, place, inode, peers, endpoint, visitors)
}

function serve(
  visitor: Connection,
  visitors: Set<Connection>,
  { onQuestion, onEnd }: SeatOptions,
): Handlers {
  visitors.add(visitor)
  return {
    line(line) {
      if (line === QUESTION) void onQuestion().then(() => visitor.send(ANSWER))
    },
    end() {
      visitors.delete(visitor)
      onEnd()
    },
  }
}
