/** One key and its neighbours in the order of use. */
interface Link<Value> {
  readonly key: string
  readonly value: Value
  older: Link<Value> | undefined
  newer: Link<Value> | undefined
}

/**
 * A map that knows what was not looked up for the longest time, without a search: a `Map` alone
 * steps over the places of all that was deleted before its oldest key.
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
    if (link !== this.#newest) {
      this.#unlink(link)
      this.#append(link)
    }
    return link.value
  }

  /** Returns what was there before. */
  set(key: string, value: Value): Value | undefined {
    const before = this.#links.get(key)
    if (before !== undefined) this.#unlink(before)
    const link = { key, value, older: undefined, newer: undefined }
    this.#links.set(key, link)
    this.#append(link)
    return before?.value
  }

  /** Returns what was there. */
  delete(key: string): Value | undefined {
    const link = this.#links.get(key)
    if (link === undefined) return undefined
    this.#links.delete(key)
    this.#unlink(link)
    return link.value
  }

  /** Deletes what was not looked up or set for the longest time, and returns it. */
  deleteOldest(): Value | undefined {
    return this.#oldest && this.delete(this.#oldest.key)
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
