import { sql } from 'drizzle-orm'
import type { Database } from '../database/database.ts'
import { decoder, selectList, width } from '../versions/columns.ts'
import type { Projection, SelectorRow, SettingRow } from '../versions/projection.ts'
import { batched, grouped } from './batched.ts'
import { openStatements } from './statements.ts'

export interface Settings {
  /** The newest entry of each name that the selector has, sorted by name. */
  ofNames(owner: SelectorRow, names: readonly string[]): Promise<SettingRow[]>
}

interface Asked {
  readonly owner: SelectorRow
  readonly names: readonly string[]
}

/** What does not depend on the operation is made here, once; the answer opens the settings for an operation. */
export function prepareSettings({ settings, keyArray }: Projection): (database: Database) => Settings {
  const { table, ofKey, rowid, columns } = settings
  const decode = decoder(columns)
  const lookUps = openStatements({ lane: 'calls' })
  const numberAt = width(columns)
  const statementOf = (keys: readonly string[], names: readonly string[]) =>
    lookUps('settings', [], { keys, names }, () => {
      const [asked, wanted] = [sql.placeholder('keys'), sql.placeholder('names')]
      return sql`SELECT DISTINCT ON (k.n, ${columns.name.sql}) ${selectList(columns)}, k.n
        FROM unnest(${asked}::${keyArray}) WITH ORDINALITY AS k(key, n)
        JOIN ${table} ON ${ofKey(sql`k.key`)} AND ${columns.name.sql} = ANY(${wanted}::text[])
        ORDER BY k.n, ${columns.name.sql}, ${rowid} DESC`
    })

  return (database) => {
    const load = batched<Asked, SettingRow[]>(askedKey, async (asked) => {
      const names = [...new Set(asked.flatMap((one) => one.names))]
      const found = await database.query(
        statementOf(
          asked.map(({ owner }) => owner.key),
          names,
        ),
      )
      return grouped(found, asked.length, numberAt).map((rows, index) =>
        rows.map((values) => decode(values, 0, null)).filter(({ name }) => asked[index]?.names.includes(name)),
      )
    })
    return { ofNames: (owner, names) => (names.length === 0 ? Promise.resolve([]) : load({ owner, names })) }
  }
}

function askedKey({ owner, names }: Asked): string {
  return JSON.stringify([owner.key, names])
}
