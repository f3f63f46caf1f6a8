import { sql } from 'drizzle-orm'
import type { Database } from '../database/database.ts'
import { decoder, selectList, width } from '../sipis/columns.ts'
import type { Projection, SelectorRow } from '../sipis/projection.ts'
import { batched, eachAlone, grouped } from './batched.ts'
import { lanes } from './lanes.ts'
import { createStatements } from './statements.ts'

/** Only for a database that has servers (`Detected.hasServers`). */
export interface Servers {
  /** Name of the SIPIS process that runs the instance of a selector, from its newest entry; null if none is recorded. */
  ofSelector(owner: SelectorRow): Promise<string | null>
}

/** Prepares decoders and statements once per projection; the returned function creates the loader of one operation. */
export function prepareServers({ servers, keyArray }: Projection): (database: Database) => Servers {
  const { table, ofKey, isServer, rowid, columns } = servers
  const decode = decoder(columns)
  const numberAt = width(columns)
  const lookUps = createStatements(lanes.calls)
  const statementOf = (keys: readonly string[]) =>
    lookUps('servers', [], { keys }, () => {
      return sql`SELECT DISTINCT ON (k.n) ${selectList(columns)}, k.n
        FROM unnest(${sql.placeholder('keys')}::${keyArray}) WITH ORDINALITY AS k(key, n)
        JOIN ${table} ON ${ofKey(sql`k.key`)} AND ${isServer} ORDER BY k.n, ${rowid} DESC`
    })
  return (database) => ({
    ofSelector: batched<SelectorRow, string | null>(
      ({ key }) => key,
      async (owners) => {
        const found = await database.query(statementOf(owners.map(({ key }) => key)))
        return eachAlone(grouped(found, owners.length, numberAt), ([values]) =>
          values === undefined ? null : decode(values, 0, null).server,
        )
      },
    ),
  })
}
