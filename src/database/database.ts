import type { SQL } from 'drizzle-orm'
import { PgDialect } from 'drizzle-orm/pg-core'

/** A value as PostgreSQL prints it, because only text keeps 64-bit integers, microseconds and infinity. */
export type Value = string | null

/** The values of a row. */
export type Values = Pick<readonly Value[], number | 'length' | typeof Symbol.iterator>

/** A read-only database: a PostgreSQL server or the embedded one. */
export interface Database {
  /**
   * Runs one statement and returns its rows as arrays of text. Rejects as soon as the signal is aborted, and cancels the statement
   * on the server.
   *
   * @throws DatabaseError and no other error
   */
  query(statement: SQL | Statement, signal?: AbortSignal): Promise<Values[]>
  /**
   * Listens for notifications, on a connection of its own. Undefined for the embedded database.
   *
   * @returns a function that ends it; undefined behind a pooler and on a standby, where it is not possible
   */
  listen?(channel: string, heard: Heard): Promise<(() => void) | undefined>
  /**
   * The statements of one operation go to one server as long as it answers: a standby, where one is usable. Undefined if there is one
   * server only.
   */
  forOperation?(): Database
  /** The lowest xmin of all servers a moment ago: what is above it may be missing where an operation reads. Undefined without standbys. */
  lowestXmin?(): Promise<bigint | undefined>
  /** How often an operation has gone on to another server, which may be behind the one before. Undefined if there is one server only. */
  moves?(): number
  close(): Promise<void>
}

export interface Heard {
  readonly onNotify: (payload: string) => void
  /** Called once, when the connection has ended. */
  readonly onLost: () => void
}

export interface Statement {
  readonly text: string
  readonly values: readonly unknown[]
  /** Name of the prepared statement, equal for equal texts; undefined if PostgreSQL should plan for the values. */
  readonly name?: string | undefined
  /** Set if an index answers the statement for all values, so that it may share a connection with others. */
  readonly lookUp?: LookUp | undefined
  /** Set if it reads many rows to answer with few: it runs in the one session for that, with more memory and a short time limit. */
  readonly isStatistic?: true
  /** Set if its rows may stay the bytes that the server has sent: values are decoded when they are read. */
  readonly keepsBytes?: true
  /** Size of its rows, if known before it runs. */
  readonly expectedBytes?: number
}

export interface LookUp {
  /** Look-ups of one lane share a connection and wait for one another; those of another lane do not. */
  readonly lane: string
  /** Whether it may take long although an index answers it. The same for all look-ups of a lane. */
  readonly slow?: boolean
}

const dialect = new PgDialect()

/** Renders a statement with numbered parameters. Drizzle quotes names; values never become part of the text. */
export function render(statement: SQL | Statement): Statement {
  if ('text' in statement) return statement
  const { sql, params } = dialect.sqlToQuery(statement)
  return { text: sql, values: params }
}

/** Quotes a text as a literal, for statements that do not accept parameters. */
export function literal(value: string): string {
  return `'${value.replaceAll("'", "''")}'`
}
