import type { SQL } from 'drizzle-orm'
import { PgDialect } from 'drizzle-orm/pg-core'

/** A value exactly as PostgreSQL prints it: 64-bit integers, microseconds and infinity survive only as text. */
export type Value = string | null

/** All that a reader may do with a database, be it a server or the embedded one. */
export interface Database {
  /**
   * Runs one statement and gives its rows as arrays of text. Fails with a DatabaseError, and with nothing else. Once the signal
   * is given it fails at once, and the server is asked to end the statement.
   */
  query(statement: SQL | Statement, signal?: AbortSignal): Promise<Value[][]>
  close(): Promise<void>
}

export interface Statement {
  readonly text: string
  readonly values: readonly unknown[]
  /** The same for the same text, and fit for a prepared statement; undefined where a plan is to be made for the very values. */
  readonly name?: string | undefined
  /** Set where an index answers it, whatever the values: then it may share a connection with others. */
  readonly lookUp?: LookUp | undefined
  /** The bytes of its rows, where they are known before it runs. */
  readonly expectedBytes?: number
}

export interface LookUp {
  /** Look-ups of one lane share a connection and wait for one another; those of another lane do not. */
  readonly lane: string
  /** Whether it may take long although an index answers it. All of a lane are, or none. */
  readonly slow?: boolean
}

const dialect = new PgDialect()

/** The statement's text with numbered parameters. Drizzle quotes names; values never become part of the text. */
export function render(statement: SQL | Statement): Statement {
  if ('text' in statement) return statement
  const { sql, params } = dialect.sqlToQuery(statement)
  return { text: sql, values: params }
}

/** A text as a literal, for statements that take no parameters. */
export function literal(value: string): string {
  return `'${value.replaceAll("'", "''")}'`
}
