import { sql } from 'drizzle-orm'
import type { Database } from '../database/database.ts'
import { decoder, selectList, width } from '../sipis/columns.ts'
import type { Projection, SelectorRow, SettingRow } from '../sipis/projection.ts'
import { batched, eachAlone, grouped } from './batched.ts'
import { lanes } from './lanes.ts'
import { createStatements } from './statements.ts'

export interface Settings {
  /** Reads the newest entry of each name, sorted by name. Names without an entry are left out. */
  ofNames(owner: SelectorRow, names: readonly string[]): Promise<SettingRow[]>
}

interface SettingsKey {
  readonly owner: SelectorRow
  readonly names: readonly string[]
}

/** Prepares decoders and statements once per projection; the returned function creates the loader of one operation. */
export function prepareSettings({ settings, keyArray }: Projection): (database: Database) => Settings {
  const { table, ofKey, rowid, columns } = settings
  const decode = decoder(columns)
  const lookUps = createStatements(lanes.calls)
  const numberAt = width(columns)
  const statementOf = (keys: readonly string[], names: readonly string[]) =>
    lookUps('settings', [], { keys, names }, () => {
      const [keyList, nameList] = [sql.placeholder('keys'), sql.placeholder('names')]
      return sql`SELECT DISTINCT ON (k.n, ${columns.name.sql}) ${selectList(columns)}, k.n
        FROM unnest(${keyList}::${keyArray}) WITH ORDINALITY AS k(key, n)
        JOIN ${table} ON ${ofKey(sql`k.key`)} AND ${columns.name.sql} = ANY(${nameList}::text[])
        ORDER BY k.n, ${columns.name.sql}, ${rowid} DESC`
    })

  return (database) => {
    const load = batched<SettingsKey, SettingRow[]>(cacheKeyOf, async (keys) => {
      const names = [...new Set(keys.flatMap((one) => one.names))]
      const found = await database.query(
        statementOf(
          keys.map(({ owner }) => owner.key),
          names,
        ),
      )
      return eachAlone(grouped(found, keys.length, numberAt), (rows, index) =>
        rows.map((values) => decode(values, 0, null)).filter(({ name }) => keys[index]?.names.includes(name)),
      )
    })
    return { ofNames: (owner, names) => (names.length === 0 ? Promise.resolve([]) : load({ owner, names })) }
  }
}

function cacheKeyOf({ owner, names }: SettingsKey): string {
  return JSON.stringify([owner.key, names])
}
