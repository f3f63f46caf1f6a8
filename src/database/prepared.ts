import { createHash } from 'node:crypto'
import type { SQL } from 'drizzle-orm'
import { is, Placeholder } from 'drizzle-orm'
import type { Statement } from './database.ts'
import { render } from './database.ts'

/** A statement that is rendered once, and called with values for its placeholders. */
export type Prepared = (values: Readonly<Record<string, unknown>>) => Statement

export interface StatementOptions {
  /** Lane of a look-up, a statement that an index answers for all values; undefined for other statements. */
  readonly lane?: string
  /** Whether the look-ups may take long. */
  readonly slow?: boolean
  /** Whether one plan suits all values, so that the statement is prepared. Default: true for look-ups. */
  readonly planned?: boolean
  /** Whether its rows may stay bytes. */
  readonly keepsBytes?: true
}

export function prepare(
  statement: SQL,
  { lane, slow = false, planned = lane !== undefined, keepsBytes }: StatementOptions = {},
): Prepared {
  const { text, values: params } = render(statement)
  const places = params.map((param) => (is(param, Placeholder) ? { name: param.name } : { constant: param }))
  const name = planned ? nameOf(text) : undefined
  const lookUp = lane === undefined ? undefined : { lane, slow }
  return (values) => ({
    text,
    values: places.map(({ name, constant }) => (name === undefined ? constant : values[name])),
    name,
    lookUp,
    ...(keepsBytes === undefined ? {} : { keepsBytes }),
  })
}

/** The server truncates names to 63 bytes. */
function nameOf(text: string): string {
  return `sipis_${createHash('sha256').update(text).digest('hex').slice(0, 16)}`
}
