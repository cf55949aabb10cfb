/** What one request does to its session. `mix` is nine reads, then a write. */
export type Operation = 'read' | 'write' | 'create' | 'mix' | 'update'

/** The data of a session as every server's handler sees it. */
// biome-ignore lint/suspicious/noExplicitAny: each framework has its own idea of the values
export type VisitData = Record<string, any>

const TOKEN = 'pXc2V3mDhV0oYk1nqT7b9w'

let created = 0

/**
 * The handler that every server runs, whatever keeps its sessions. Answers with the number of
 * writes the session has seen, so that the load can tell whether each of them counted.
 */
export function visit(path: string, session: VisitData, items: readonly object[]): string {
  switch (path) {
    case '/write':
      session.count += 1
      return String(session.count)
    case '/create':
      Object.assign(session, createData(items))
      return String(session.count)
    default:
      return String(session.count)
  }
}

/** A session of about 200 bytes of JSON, and the items. */
export function createData(items: readonly object[]): VisitData {
  created += 1
  return {
    user: { id: created, name: `Visitor ${created}`, roles: ['reader'] },
    locale: 'en-GB',
    theme: 'dark',
    token: TOKEN,
    visited: '2026-01-01T12:00:00.000Z',
    items,
    count: 0,
  }
}

/** As many items as make a session of about `bytes` bytes. */
export function createItems(bytes: number): object[] {
  const items: object[] = []
  const length = (): number => JSON.stringify(createData(items)).length
  while (length() < bytes) {
    const id = 100_000 + items.length
    items.push({ id, title: 'The Hound of the Baskervilles', price: 1290 })
  }
  created = 0
  return items
}
