import DataLoader from 'dataloader'
import { sql } from 'drizzle-orm'
import type { Database } from '../database/database.ts'
import { DatabaseError } from '../database/database-error.ts'
import type { MessageContents, MessageRow, Projection } from '../versions/projection.ts'
import type { Owned } from './collection.ts'
import type { Usage } from './usage.ts'

/**
 * Headers or bodies of messages. They may be megabytes long, so they are read only when asked for, and only after their
 * lengths, which came with the messages, were found to fit into what the operation may read.
 */
export type MessageContentsLoader = Readonly<
  Record<keyof MessageContents, (message: Owned<MessageRow>) => Promise<string>>
>

export function openMessageContents(database: Database, projection: Projection, usage: Usage): MessageContentsLoader {
  const headers = openContent(database, projection, 'headers')
  const body = openContent(database, projection, 'body')
  return {
    async headers(message) {
      usage.spend(message.headersBytes)
      return headers.load(message)
    },
    async body(message) {
      usage.spend(message.bodyBytes)
      return body.load(message)
    },
  }
}

function openContent(database: Database, { messages, keyArray }: Projection, name: keyof MessageContents) {
  const { contents, columns, table, ofKey } = messages
  return new DataLoader<Owned<MessageRow>, string, string>(
    async (asked) => {
      const keys = sql.param(asked.map(({ owner }) => owner.key))
      const rowids = sql.param(asked.map(({ rowid }) => rowid))
      const times = sql.param(asked.map(({ time }) => time))
      const found = await database.query(sql`SELECT k.n, ${contents[name].sql}
        FROM unnest(${keys}::${keyArray}, ${rowids}::bigint[], ${times}::timestamptz[]) WITH ORDINALITY AS k(key, rowid, time, n)
        JOIN ${table} ON ${ofKey(sql`k.key`)} AND ${columns.time.sql} = k.time AND ${columns.rowid.sql} = k.rowid`)
      const byNumber = new Map(found.map(([n, text = null]) => [Number(n), contents[name].parse(text)]))
      return asked.map((_, index) => byNumber.get(index + 1) ?? gone())
    },
    { cacheKeyFn: ({ owner, rowid }) => `${rowid}\n${owner.key}` },
  )
}

function gone(): Error {
  return new DatabaseError('unavailable', 'COLLECTED', 'a message was collected while it was read')
}
