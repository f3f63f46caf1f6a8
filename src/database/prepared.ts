import { createHash } from 'node:crypto'
import type { SQL } from 'drizzle-orm'
import { is, Placeholder } from 'drizzle-orm'
import type { Statement } from './database.ts'
import { render } from './database.ts'

/** A statement whose text is made once; each time, values are given for its placeholders. */
export type Prepared = (values: Readonly<Record<string, unknown>>) => Statement

/** How statements travel. */
export interface Travel {
  /** With a lane they are look-ups: statements that an index answers, whatever the values. */
  readonly lane?: string
  /** Whether these look-ups may take long. */
  readonly slow?: boolean
  /** Whether one plan is good for all values, so that it pays to keep it. Of look-ups it always is. */
  readonly planned?: boolean
}

export function prepare(statement: SQL, { lane, slow = false, planned = lane !== undefined }: Travel = {}): Prepared {
  const { text, values: params } = render(statement)
  const places = params.map((param) => (is(param, Placeholder) ? { name: param.name } : { constant: param }))
  const name = planned ? nameOf(text) : undefined
  const lookUp = lane === undefined ? undefined : { lane, slow }
  return (values) => ({
    text,
    values: places.map(({ name, constant }) => (name === undefined ? constant : values[name])),
    name,
    lookUp,
  })
}

/** The server keeps at most 63 bytes of a name. */
function nameOf(text: string): string {
  return `sipis_${createHash('sha256').update(text).digest('hex').slice(0, 16)}`
}
