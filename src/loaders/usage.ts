import type { Database, Value } from '../database/database.ts'
import { DatabaseError } from '../database/database-error.ts'

/** What one operation has read so far: the audit log tells it, and the bytes are bounded. */
export interface Usage {
  rows: number
  /** The selectors of which something was read. */
  readonly selectors: Set<string>
  /** Fails with a DatabaseError once the operation has taken more bytes than it may. */
  spend(bytes: number): void
}

export function openUsage(maxBytes: number): Usage {
  let bytes = 0
  return {
    rows: 0,
    selectors: new Set(),
    spend(more) {
      bytes += more
      if (bytes > maxBytes) throw new DatabaseError('excessive', 'BYTES', `more than ${maxBytes} bytes were read`)
    },
  }
}

/** The database as one operation sees it: what it reads is counted, and when the signal is given its statements end. */
export function metered(database: Database, usage: Usage, signal: AbortSignal | undefined): Database {
  return {
    async query(statement) {
      const rows = await database.query(statement, signal)
      usage.rows += rows.length
      usage.spend(lengthOf(rows))
      return rows
    },
    close: () => database.close(),
  }
}

/** Characters stand for bytes here: near enough for a bound, and free. */
function lengthOf(rows: readonly Value[][]): number {
  let length = 0
  for (const row of rows) for (const value of row) length += value?.length ?? 0
  return length
}
