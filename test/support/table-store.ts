import {
  type ChangeFunction,
  type Entry,
  type Found,
  type ListedEntry,
  SessionError,
  type Store,
  type SweepOptions,
  type SweepReport,
  type Updated,
  type Version,
} from 'koa-sealed-session'

/** A row of the table `sessions`, whose primary key is `name`. */
export interface Row {
  readonly name: string
  readonly revision: string
  readonly bytes: Uint8Array
  readonly expires: number
  readonly subject: string | null
  readonly changed: number
}

/**
 * The statements, to be sent by the client that you use. Each is atomic in the database; no
 * transaction is needed.
 */
export interface Table {
  /** `SELECT * FROM sessions WHERE name = $1` */
  select(name: string): Promise<Row | undefined>
  /** `INSERT INTO sessions … ON CONFLICT DO NOTHING`; true when a row was inserted */
  insert(row: Row): Promise<boolean>
  /** `UPDATE sessions SET … WHERE name = $1 AND revision = $2`; true when a row matched */
  replace(row: Row, revision: string): Promise<boolean>
  /** `DELETE FROM sessions WHERE name = $1 AND revision = $2`; true when a row matched */
  remove(name: string, revision: string): Promise<boolean>
  /** `SELECT * FROM sessions`, with a cursor */
  list(): AsyncIterable<Row>
}

/** Sessions in a table of a database that many processes share. */
export class TableStore implements Store {
  readonly #table: Table
  readonly #begun = new Set<Promise<unknown>>()
  #closed = false

  constructor(table: Table) {
    this.#table = table
  }

  async read(name: string, known?: Version): Promise<Found | 'unchanged' | 'damaged' | undefined> {
    this.#check(name)
    const row = await ask(this.#table.select(name))
    if (row === undefined || isDamaged(row)) return row && 'damaged'
    return row.revision === known ? 'unchanged' : { entry: entryOf(row), version: row.revision }
  }

  async update(name: string, change: ChangeFunction): Promise<Updated> {
    this.#check(name)
    const updated = this.#apply(name, change)
    this.#begun.add(updated)
    return updated.finally(() => this.#begun.delete(updated))
  }

  async *entries(): AsyncGenerator<ListedEntry, void, undefined> {
    this.#checkOpen()
    for await (const row of this.#rows()) {
      const { name, expires, subject } = row
      if (isDamaged(row)) yield { name, expires: 0, damaged: true }
      else yield { name, expires, subject: subject ?? undefined }
    }
  }

  async sweep({ now, grace, damagedAfter, signal }: SweepOptions): Promise<SweepReport> {
    this.#checkOpen()
    const count = { scanned: 0, removed: 0, damaged: 0, litter: 0, failed: 0, skipped: false }
    for await (const row of this.#rows()) {
      if (signal?.aborted) break
      count.scanned += 1
      const damaged = isDamaged(row)
      const due = damaged ? now - row.changed >= damagedAfter : now - row.expires >= grace
      if (due && (await ask(this.#table.remove(row.name, row.revision)))) count.removed += 1
      else if (damaged) count.damaged += 1
    }
    return count
  }

  async close(): Promise<void> {
    this.#closed = true
    await Promise.allSettled(this.#begun)
  }

  async #apply(name: string, change: ChangeFunction): Promise<Updated> {
    for (let attempt = 0; attempt < 1000; attempt += 1) {
      const row = await ask(this.#table.select(name))
      const damaged = row !== undefined && isDamaged(row)
      const wanted = change(damaged ? 'damaged' : row && entryOf(row))
      if (wanted.kind === 'keep') return { version: damaged ? undefined : row?.revision }
      if (wanted.kind === 'again') {
        await Promise.allSettled([wanted.after])
        continue
      }
      if (wanted.kind === 'remove') {
        if (!row || (await write(this.#table.remove(name, row.revision)))) return {}
        continue
      }
      if (damaged) throw new SessionError('ERR_SESSION_STORE', 'A damaged entry is not replaced')
      const next = rowOf(name, wanted.entry)
      const written = row ? this.#table.replace(next, row.revision) : this.#table.insert(next)
      if (await write(written)) return { version: next.revision }
    }
    throw new SessionError('ERR_SESSION_LOCK_TIMEOUT', 'Others changed the entry each time')
  }

  async *#rows(): AsyncGenerator<Row, void, undefined> {
    const rows = this.#table.list()[Symbol.asyncIterator]()
    try {
      for (let next = await ask(rows.next()); !next.done; next = await ask(rows.next())) {
        yield next.value
      }
    } finally {
      await rows.return?.()
    }
  }

  #check(name: string): void {
    this.#checkOpen()
    if (typeof name === 'string' && /^[0-9a-f]{64}$/.test(name)) return
    throw new SessionError('ERR_SESSION_OPTION', 'Expected 64 lowercase hexadecimal digits')
  }

  #checkOpen(): void {
    if (this.#closed) throw new SessionError('ERR_SESSION_CLOSED', 'This store is closed')
  }
}

// A revision is never used twice, so that a row removed and inserted anew does not pass for the one
// that was read.
function rowOf(name: string, { bytes, expires, subject }: Entry): Row {
  const revision = crypto.randomUUID()
  const row = { name, revision, bytes: new Uint8Array(bytes), expires, changed: Date.now() }
  return { ...row, subject: subject ?? null }
}

function entryOf({ bytes, expires, subject }: Row): Entry {
  return { bytes: new Uint8Array(bytes), expires, subject: subject ?? undefined }
}

function isDamaged({ bytes, expires }: Row): boolean {
  return !(bytes instanceof Uint8Array && Number.isSafeInteger(expires))
}

async function ask<T>(answer: Promise<T>): Promise<T> {
  return answer.catch((cause: unknown) => {
    throw new SessionError('ERR_SESSION_STORE', 'The database did not answer', { cause })
  })
}

async function write<T>(answer: Promise<T>): Promise<T> {
  return answer.catch((cause: unknown) => {
    const options = { cause, committed: 'unknown' } as const
    throw new SessionError('ERR_SESSION_STORE', 'The database did not confirm a write', options)
  })
}
