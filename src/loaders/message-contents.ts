import { sql } from 'drizzle-orm'
import type { Database } from '../database/database.ts'
import { DatabaseError } from '../database/database-error.ts'
import type { MessageContents, MessageRow, Projection } from '../versions/projection.ts'
import { batched, grouped } from './batched.ts'
import type { Owned } from './collection.ts'
import { openStatements } from './statements.ts'
import type { Usage } from './usage.ts'

/**
 * Headers or bodies of messages. They may be megabytes long, so they are read only when asked for, and only after their
 * lengths, which came with the messages, were found to fit into what the operation may read.
 */
export type MessageContentsLoader = Readonly<
  Record<keyof MessageContents, (message: Owned<MessageRow>) => Promise<string>>
>

/** What does not depend on the operation is made here, once; the answer opens the loader for an operation. */
export function prepareMessageContents(
  projection: Projection,
): (database: Database, usage: Usage) => MessageContentsLoader {
  const openHeaders = prepareContent(projection, 'headers')
  const openBody = prepareContent(projection, 'body')
  return (database, usage) => {
    const headers = openHeaders(database)
    const body = openBody(database)
    return {
      async headers(message) {
        usage.spend(message.headersBytes)
        return headers(message)
      },
      async body(message) {
        usage.spend(message.bodyBytes)
        return body(message)
      },
    }
  }
}

function prepareContent({ messages, keyArray }: Projection, name: keyof MessageContents) {
  const { contents, columns, table, ofKey } = messages
  // A lane of its own, for what is megabytes long holds up whatever comes behind it.
  const lookUps = openStatements({ lane: 'contents' })
  const statementOf = (asked: readonly Owned<MessageRow>[]) => {
    const keys = asked.map(({ owner }) => owner.key)
    const rowids = asked.map(({ rowid }) => rowid)
    const times = asked.map(({ time }) => time)
    return lookUps('contents', [], { keys, rowids, times }, () => {
      const [key, rowid, time] = ['keys', 'rowids', 'times'].map((one) => sql.placeholder(one))
      return sql`SELECT ${contents[name].sql}, k.n
        FROM unnest(${key}::${keyArray}, ${rowid}::bigint[], ${time}::timestamptz[]) WITH ORDINALITY AS k(key, rowid, time, n)
        JOIN ${table} ON ${ofKey(sql`k.key`)} AND ${columns.time.sql} = k.time AND ${columns.rowid.sql} = k.rowid`
    })
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
