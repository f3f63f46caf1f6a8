/** Warnings about a source that do not prevent a copy. */
import type { SchemaVersion } from '../../../sipis/schema-version.ts'
import type { Schemas } from '../../../sipis/schemas.ts'
import { qualifiedName } from '../../../sipis/schemas.ts'
import { describedTables } from '../../../sipis/versions.ts'
import type { Source } from '../databases/session.ts'
import type { CopyTable } from '../plan/plan.ts'
import { serverCountStatements } from '../plan/plan.ts'

export function absentWarnings(plan: readonly CopyTable[], schemas: Schemas): string[] {
  const absent = plan.filter(({ name }) => !schemas.has(name))
  return absent.map(({ name }) => `The source has no table ${name}; none of its rows are copied.`)
}

/** Columns that were added to a known table, which the target has no place for. */
export async function columnWarnings(
  { query, schemas }: Source,
  names: readonly string[],
  version: SchemaVersion,
): Promise<string[]> {
  const warnings: string[] = []
  for (const name of names) {
    const path = qualifiedName(schemas, name)
    const known = describedTables[version].find((table) => table.name === name)?.columns ?? []
    const added = await query(
      `SELECT attname, quote_ident(attname) FROM pg_attribute
        WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped AND NOT attname = ANY($2) ORDER BY attnum`,
      [path, known],
    )
    for (const [column, quoted] of added) {
      const [[values] = []] = await query(`SELECT count(${quoted}) FROM ${path}`)
      warnings.push(`${name} has a column ${column} that SIPIS 4 does not know; its ${values} values are not copied.`)
    }
  }
  return warnings
}

/** The source must have the table restart. */
export async function serverWarnings({ query, schemas }: Source): Promise<string[]> {
  const statements = serverCountStatements(qualifiedName(schemas, 'restart'))
  const [[existing] = []] = await query(statements.existing)
  const [[disagreeing] = []] = await query(statements.disagreeing)
  const warnings: string[] = []
  if (existing !== '0')
    warnings.push(
      `${existing} selectors already have an entry named "server"; it is kept, and restart.server is not copied.`,
    )
  if (disagreeing !== '0')
    warnings.push(
      `The restart entries of ${disagreeing} selectors disagree about the server; that of the newest entry is used.`,
    )
  return warnings
}

/** Tables whose writers the role may not block, which --execute does. */
export async function freezeWarnings({ query, schemas }: Source, names: readonly string[]): Promise<string[]> {
  const rows = await query(
    `SELECT path, quote_ident(current_user) FROM unnest($1::text[]) AS t(path)
      WHERE NOT has_table_privilege(to_regclass(path), 'UPDATE, DELETE, TRUNCATE')`,
    [names.map((name) => qualifiedName(schemas, name))],
  )
  if (rows.length === 0) return []
  const paths = rows.map(([path]) => path).join(', ')
  return [
    `The role ${rows[0]?.[1]} may not block writers of ${paths} of the source: --execute needs GRANT UPDATE on them, or --no-freeze.`,
  ]
}
