import DataLoader from 'dataloader'
import { sql } from 'drizzle-orm'
import type { Database } from '../database/database.ts'
import { decoder, selectList } from '../versions/columns.ts'
import type { Projection, SelectorRow, SettingRow } from '../versions/projection.ts'

export interface Settings {
  /** The newest entry of each name that the selector has, sorted by name. */
  ofNames(owner: SelectorRow, names: readonly string[]): Promise<SettingRow[]>
}

interface Asked {
  readonly owner: SelectorRow
  readonly names: readonly string[]
}

export function openSettings(database: Database, { settings, keyArray }: Projection): Settings {
  const { table, ofKey, rowid, columns } = settings
  const decode = decoder(columns)
  const loader = new DataLoader<Asked, SettingRow[], string>(
    async (asked) => {
      const keys = sql.param(asked.map(({ owner }) => owner.key))
      const names = sql.param([...new Set(asked.flatMap((one) => one.names))])
      const found = await database.query(sql`SELECT DISTINCT ON (k.n, ${columns.name.sql}) k.n, ${selectList(columns)}
        FROM unnest(${keys}::${keyArray}) WITH ORDINALITY AS k(key, n)
        JOIN ${table} ON ${ofKey(sql`k.key`)} AND ${columns.name.sql} = ANY(${names}::text[])
        ORDER BY k.n, ${columns.name.sql}, ${rowid} DESC`)
      const ofParent = Map.groupBy(found, ([n]) => Number(n))
      return asked.map((one, index) =>
        (ofParent.get(index + 1) ?? [])
          .map((values) => decode(values, 1))
          .filter(({ name }) => one.names.includes(name)),
      )
    },
    { cacheKeyFn: ({ owner, names }) => JSON.stringify([owner.key, names]) },
  )
  return { ofNames: (owner, names) => (names.length === 0 ? Promise.resolve([]) : loader.load({ owner, names })) }
}
