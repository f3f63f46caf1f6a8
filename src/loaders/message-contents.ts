import { sql } from 'drizzle-orm'
import type { Database, Statement } from '../database/database.ts'
import { DatabaseError } from '../errors/database-error.ts'
import type { MessageContents, MessageRow, Projection } from '../sipis/projection.ts'
import { batched, grouped } from './batched.ts'
import type { Owned } from './collection.ts'
import { lanes } from './lanes.ts'
import { createStatements } from './statements.ts'

/**
 * Reads headers and bodies of messages. They may have megabytes, so they are read only when selected, and only if their
 * sizes, which are read with the messages, fit into the byte limit of the operation.
 */
export type MessageContentsLoader = Readonly<
  Record<keyof MessageContents, (message: Owned<MessageRow>) => Promise<string>>
>

/** Prepares decoders and statements once per projection; the returned function creates the loader of one operation. */
export function prepareMessageContents(projection: Projection): (database: Database) => MessageContentsLoader {
  const createHeaders = prepareContent(projection, 'headers')
  const createBody = prepareContent(projection, 'body')
  return (database) => ({ headers: createHeaders(database), body: createBody(database) })
}

function prepareContent({ messages, keyArray }: Projection, name: keyof MessageContents) {
  const { contents, columns, table, ofKey } = messages
  const lookUps = createStatements(lanes.contents)
  const bytesOf: (message: MessageRow) => number =
    name === 'body' ? ({ bodyBytes }) => bodyBytes : ({ headersBytes }) => headersBytes
  const statementOf = (batch: readonly Owned<MessageRow>[]): Statement => {
    const keys = batch.map(({ owner }) => owner.key)
    const rowids = batch.map(({ rowid }) => rowid)
    const times = batch.map(({ time }) => time)
    const statement = lookUps('contents', [], { keys, rowids, times }, () => {
      const [key, rowid, time] = ['keys', 'rowids', 'times'].map((one) => sql.placeholder(one))
      return sql`SELECT ${contents[name].sql}, k.n
        FROM unnest(${key}::${keyArray}, ${rowid}::bigint[], ${time}::timestamptz[]) WITH ORDINALITY AS k(key, rowid, time, n)
        JOIN ${table} ON ${ofKey(sql`k.key`)} AND ${columns.time.sql} = k.time AND ${columns.rowid.sql} = k.rowid`
    })
    return { ...statement, expectedBytes: batch.reduce((sum, message) => sum + bytesOf(message), 0) }
  }

  return (database: Database) =>
    batched<Owned<MessageRow>, string>(
      ({ owner, rowid, time }) => JSON.stringify([rowid, time, owner.key]),
      async (batch) => {
        const found = await database.query(statementOf(batch))
        return grouped(found, batch.length, 1).map(([row]) =>
          row === undefined ? gone() : contents[name].parse(row[0] ?? null),
        )
      },
    )
}

function gone(): Error {
  return new DatabaseError('unavailable', 'COLLECTED', 'the message was collected before its content was read')
}
