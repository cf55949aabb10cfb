import { codeOf } from '../file-system.ts'
import type { Verdict } from '../owner.ts'
import { connectTo, type Place, socketOf } from './place.ts'
import type { Tenant } from './register.ts'
import type { Connection } from './sockets.ts'

/** What a newcomer asks: to be told when nothing that was begun in place is still under way. */
export const QUESTION = 'share'
/** The answer: the store is shared from now on, and every commit begun before is done. */
export const ANSWER = 'shared'

interface Peer {
  readonly connection: Promise<Connection>
  answer: Promise<boolean> | undefined
  /** Settles the answer: whether there was one. */
  settle: (answered: boolean) => void
}

/** How to judge tenants, and whom to tell. */
export interface PeersOptions {
  /** `undefined` where no socket is possible. */
  readonly place: Place | undefined
  /** Whether the kernel's refusal holds for every process that uses the store. */
  readonly local: boolean
  /** The inode number of the directory of the sockets. */
  readonly inode: string
  /** What `identify()` of our owner gives. */
  readonly owner: string
  readonly judgeOwner: (owner: string) => Promise<Verdict>
  /** A connection that was there has ended. */
  readonly onEnd: () => void
}

const IDENTITY = /^t-([0-9a-f]{8})-\d+-\d+-\d+-(\d+)$/

/** The other tenants, as seen from here: each is connected to once, and stays so. */
export class Peers {
  readonly #options: PeersOptions
  readonly #peers = new Map<string, Peer>()
  #closed = false

  constructor(options: PeersOptions) {
    this.#options = options
  }

  /**
   * What has become of a tenant. Dead is only what the kernel says is: nobody is displaced because
   * it was slow.
   */
  async judge(tenant: Tenant): Promise<Verdict> {
    let code: string | undefined
    try {
      await this.#reach(tenant.name).connection
      return 'alive'
    } catch (error) {
      code = codeOf(error)
    }
    const { local, owner, inode, judgeOwner } = this.#options
    const [, boot, thread] = IDENTITY.exec(tenant.owner) ?? []
    const rebooted = boot !== undefined && boot !== bootOf(owner)
    if (code === 'ECONNREFUSED' && local) {
      // A process ends with its last system call, and its sockets only then. A thread that is
      // terminated loses them while its calls are still running.
      if (thread === undefined || thread === '0' || rebooted) return 'dead'
    }
    // A socket can be deleted under a living tenant, but not be there after a reboot or in a copy.
    if (code === 'ENOENT' && local && (rebooted || tenant.directory !== inode)) return 'dead'
    return (await judgeOwner(tenant.owner)) === 'dead' ? 'dead' : 'unknown'
  }

  /**
   * Asks a tenant to share the store. Resolves to whether it has answered, at whatever time; not,
   * when it cannot be reached or has ended. Asked once until `forgetAnswers()`.
   */
  async ask(name: string): Promise<boolean> {
    const peer = this.#reach(name)
    peer.answer ??= new Promise((resolve) => {
      peer.settle = resolve
      peer.connection.then(
        (connection) => connection.send(QUESTION),
        () => resolve(false),
      )
    })
    return peer.answer
  }

  /** An answer holds as long as we were on the register all the time. */
  forgetAnswers(): void {
    for (const [name, peer] of this.#peers) {
      if (!peer.answer) continue
      // An answer under way to the old question would be taken for one to the next.
      this.#peers.delete(name)
      void peer.connection.then(
        (connection) => connection.close(),
        () => {},
      )
    }
  }

  close(): void {
    this.#closed = true
    for (const { connection } of this.#peers.values()) {
      connection.then(
        (each) => each.close(),
        () => {},
      )
    }
  }

  #reach(name: string): Peer {
    const known = this.#peers.get(name)
    if (known) return known
    const peer: Peer = {
      connection: this.#connect(name, {
        line: (line) => {
          if (line === ANSWER) peer.settle(true)
        },
        end: () => {
          peer.settle(false)
          this.#forget(name, peer)
          if (!this.#closed) this.#options.onEnd()
        },
      }),
      answer: undefined,
      settle: () => {},
    }
    this.#peers.set(name, peer)
    peer.connection.catch(() => this.#forget(name, peer))
    return peer
  }

  async #connect(
    name: string,
    handlers: { line(line: string): void; end(): void },
  ): Promise<Connection> {
    const { place } = this.#options
    if (!place) throw new Error('There are no sockets here')
    return connectTo(place, socketOf(name), handlers)
  }

  #forget(name: string, peer: Peer): void {
    if (this.#peers.get(name) === peer) this.#peers.delete(name)
  }
}

function bootOf(owner: string): string | undefined {
  return IDENTITY.exec(owner)?.[1]
}
