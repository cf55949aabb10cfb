import { setImmediate } from 'node:timers/promises'
import type { Row, Table } from './table-store.ts'

/**
 * Plays the database beneath a {@link TableStore}: every statement takes a turn of the event loop,
 * and is atomic.
 */
export class MemoryTable implements Table {
  readonly rows: Map<string, Row> = new Map<string, Row>()
  #isDown = false

  async select(name: string): Promise<Row | undefined> {
    await this.#travel()
    return this.rows.get(name)
  }

  async insert(row: Row): Promise<boolean> {
    await this.#travel()
    if (this.rows.has(row.name)) return false
    this.rows.set(row.name, row)
    return true
  }

  async replace(row: Row, revision: string): Promise<boolean> {
    await this.#travel()
    if (this.rows.get(row.name)?.revision !== revision) return false
    this.rows.set(row.name, row)
    return true
  }

  async remove(name: string, revision: string): Promise<boolean> {
    await this.#travel()
    return this.rows.get(name)?.revision === revision && this.rows.delete(name)
  }

  async *list(): AsyncGenerator<Row, void, undefined> {
    await this.#travel()
    for (const row of [...this.rows.values()]) yield row
  }

  /** Spoils a row, as a careless `UPDATE` by hand would. */
  damage(name: string): void {
    const row = this.rows.get(name)
    if (row) this.rows.set(name, { ...row, expires: Number.NaN })
  }

  /** Ends every connection, for good. */
  shutDown(): void {
    this.#isDown = true
  }

  async #travel(): Promise<void> {
    await setImmediate()
    if (this.#isDown) throw new Error('connect ECONNREFUSED')
  }
}
