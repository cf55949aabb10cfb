/** One key and its neighbours in the order of arrival. */
interface Link<Value> {
  readonly key: string
  value: Value
  /** Whether it was used since it last was the oldest. */
  isUsed: boolean
  older: Link<Value> | undefined
  newer: Link<Value> | undefined
}

/**
 * A map that knows what has not been used lately, by second chance (Corbató, 1968): what is the
 * oldest and was looked up or set since it came, or since its last chance, becomes the newest
 * instead.
 *
 * To look something up only marks it: to move it to its place in the order of use would touch four
 * neighbours, which are seldom in the processor's caches.
 */
export class RecentMap<Value> {
  readonly #links = new Map<string, Link<Value>>()
  #oldest: Link<Value> | undefined
  #newest: Link<Value> | undefined

  get size(): number {
    return this.#links.size
  }

  get(key: string): Value | undefined {
    const link = this.#links.get(key)
    if (link === undefined) return undefined
    if (!link.isUsed) link.isUsed = true
    return link.value
  }

  /** Returns what was there before. */
  set(key: string, value: Value): Value | undefined {
    const link = this.#links.get(key)
    if (link === undefined) {
      const added = { key, value, isUsed: false, older: undefined, newer: undefined }
      this.#links.set(key, added)
      this.#append(added)
      return undefined
    }
    const before = link.value
    link.value = value
    link.isUsed = true
    return before
  }

  /** Returns what was there. */
  delete(key: string): Value | undefined {
    const link = this.#links.get(key)
    if (link === undefined) return undefined
    this.#links.delete(key)
    this.#unlink(link)
    return link.value
  }

  /** Deletes what has not been used lately, and returns it: never what came last, unless it is alone. */
  deleteOldest(): Value | undefined {
    const last = this.#newest
    for (let link = this.#oldest; link !== undefined && link !== last; link = this.#oldest) {
      if (!link.isUsed) return this.delete(link.key)
      link.isUsed = false
      this.#unlink(link)
      this.#append(link)
    }
    const victim = last?.newer ?? last
    return victim && this.delete(victim.key)
  }

  #append(link: Link<Value>): void {
    link.older = this.#newest
    link.newer = undefined
    if (this.#newest === undefined) this.#oldest = link
    else this.#newest.newer = link
    this.#newest = link
  }

  #unlink({ older, newer }: Link<Value>): void {
    if (older === undefined) this.#oldest = newer
    else older.newer = newer
    if (newer === undefined) this.#newest = older
    else newer.older = older
  }
}
