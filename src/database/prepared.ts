import { createHash } from 'node:crypto'
import type { SQL } from 'drizzle-orm'
import { is, Placeholder } from 'drizzle-orm'
import type { Statement } from './database.ts'
import { render } from './database.ts'

/** A statement whose text is made once; each time, values are given for its placeholders. */
export type Prepared = (values: Readonly<Record<string, unknown>>) => Statement

/** With a lane it is a look-up: a statement that an index answers, whatever the values. */
export function prepare(statement: SQL, lane?: string): Prepared {
  const { text, values: params } = render(statement)
  const places = params.map((param) => (is(param, Placeholder) ? { name: param.name } : { constant: param }))
  const lookUp = lane === undefined ? undefined : { lane, name: nameOf(text) }
  return (values) => ({
    text,
    values: places.map(({ name, constant }) => (name === undefined ? constant : values[name])),
    lookUp,
  })
}

/** The server keeps at most 63 bytes of a name. */
function nameOf(text: string): string {
  return `sipis_${createHash('sha256').update(text).digest('hex').slice(0, 16)}`
}
