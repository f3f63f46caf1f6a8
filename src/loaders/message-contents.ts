import { sql } from 'drizzle-orm'
import type { Database, Statement } from '../database/database.ts'
import { DatabaseError } from '../database/database-error.ts'
import type { MessageContents, MessageRow, Projection } from '../versions/projection.ts'
import { batched, grouped } from './batched.ts'
import type { Owned } from './collection.ts'
import { openStatements } from './statements.ts'

/**
 * Headers or bodies of messages. They may be megabytes long, so they are read only when asked for, and only after their
 * lengths, which came with the messages, were found to fit into what the operation may read.
 */
export type MessageContentsLoader = Readonly<
  Record<keyof MessageContents, (message: Owned<MessageRow>) => Promise<string>>
>

/** What does not depend on the operation is made here, once; the answer opens the loader for an operation. */
export function prepareMessageContents(projection: Projection): (database: Database) => MessageContentsLoader {
  const openHeaders = prepareContent(projection, 'headers')
  const openBody = prepareContent(projection, 'body')
  return (database) => ({ headers: openHeaders(database), body: openBody(database) })
}

function prepareContent({ messages, keyArray }: Projection, name: keyof MessageContents) {
  const { contents, columns, table, ofKey } = messages
  // A lane of its own, for what is megabytes long holds up whatever comes behind it.
  const lookUps = openStatements({ lane: 'contents', slow: true })
  const bytesOf: (message: MessageRow) => number =
    name === 'body' ? ({ bodyBytes }) => bodyBytes : ({ headersBytes }) => headersBytes
  const statementOf = (asked: readonly Owned<MessageRow>[]): Statement => {
    const keys = asked.map(({ owner }) => owner.key)
    const rowids = asked.map(({ rowid }) => rowid)
    const times = asked.map(({ time }) => time)
    const statement = lookUps('contents', [], { keys, rowids, times }, () => {
      const [key, rowid, time] = ['keys', 'rowids', 'times'].map((one) => sql.placeholder(one))
      return sql`SELECT ${contents[name].sql}, k.n
        FROM unnest(${key}::${keyArray}, ${rowid}::bigint[], ${time}::timestamptz[]) WITH ORDINALITY AS k(key, rowid, time, n)
        JOIN ${table} ON ${ofKey(sql`k.key`)} AND ${columns.time.sql} = k.time AND ${columns.rowid.sql} = k.rowid`
    })
    return { ...statement, expectedBytes: asked.reduce((sum, message) => sum + bytesOf(message), 0) }
  }

  return (database: Database) =>
    batched<Owned<MessageRow>, string>(
      ({ owner, rowid, time }) => JSON.stringify([rowid, time, owner.key]),
      async (asked) => {
        const found = await database.query(statementOf(asked))
        return grouped(found, asked.length, 1).map(([row]) =>
          row === undefined ? gone() : contents[name].parse(row[0] ?? null),
        )
      },
    )
}

function gone(): Error {
  return new DatabaseError('unavailable', 'COLLECTED', 'a message was collected while it was read')
}
