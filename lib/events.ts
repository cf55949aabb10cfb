import { EventEmitter } from 'node:events'
import type { SessionError } from './errors.ts'

/** What happens to sessions, and what an event says of it. Never an id, a value or a key. */
export interface SessionEvents {
  /** A session was stored for the first time. */
  create: { readonly ref: string }
  /** A change of a session was stored. */
  save: { readonly ref: string }
  /** The activity of a session was stored, and nothing else of it. */
  touch: { readonly ref: string }
  /**
   * A session has a new id: `ref` is the new handle, absent when nothing is stored under it yet.
   */
  regenerate: { readonly ref?: string; readonly formerRef: string }
  /** A session was ended. */
  destroy: { readonly ref: string }
  /** A visitor came back with a session that is over. */
  expire: { readonly ref: string }
  /**
   * A change could not be stored, since the session had been destroyed or had expired meanwhile.
   */
  gone: { readonly ref: string }
  /** A parallel request changed the same key, and was overruled. */
  conflict: { readonly ref: string; readonly key: string }
  /**
   * A cookie was refused: it has no right form, no right signature, or two valid ones came at once.
   */
  forged: { readonly reason: 'malformed' | 'signature' | 'ambiguous' }
  /**
   * A stored session does not open: damaged, exchanged, or sealed under a key we do not have. Once
   * each.
   */
  corrupt: { readonly ref: string; readonly reason: 'damaged' | 'unopened' | 'unknown-key' }
  /** Something failed that no response could tell of. */
  error: SessionError
}

/** The name of an event. */
export type SessionEventName = keyof SessionEvents

/**
 * Somebody who wants to know. What a listener throws becomes a process warning: it cannot harm a
 * request.
 */
export type SessionListener<Name extends SessionEventName> = (event: SessionEvents[Name]) => unknown

/** Tells of an event. */
export type Emit = <Name extends SessionEventName>(name: Name, event: SessionEvents[Name]) => void

/** The events of one `session()`. */
export class SessionEmitter {
  readonly #emitter = new EventEmitter()
  readonly #trace: ((text: string) => void) | undefined

  /** `trace` is given a line of text an event, for debugging. Default: nobody is. */
  constructor(trace?: (text: string) => void) {
    this.#trace = trace
    this.#emitter.setMaxListeners(0)
  }

  on<Name extends SessionEventName>(name: Name, listener: SessionListener<Name>): void {
    this.#emitter.on(name, listener)
  }

  off<Name extends SessionEventName>(name: Name, listener: SessionListener<Name>): void {
    this.#emitter.off(name, listener)
  }

  /** Whether anybody listens. */
  has(name: SessionEventName): boolean {
    return this.#emitter.listenerCount(name) > 0
  }

  /** Tells every listener. Never throws. */
  emit: Emit = (name, event) => {
    this.#trace?.(`${name} ${event instanceof Error ? `${event.code}` : JSON.stringify(event)}`)
    if (!this.has(name)) return
    for (const listener of this.#emitter.listeners(name)) {
      new Promise((resolve) => resolve(listener(event))).catch((error: unknown) => {
        const reason = error instanceof Error ? error.message : `a ${typeof error}`
        process.emitWarning(`A listener of the session event '${name}' failed: ${reason}`)
      })
    }
  }
}
