/** What would make a copy fail at the target, found before any row is written. */
import { getTableColumns } from 'drizzle-orm'
import { qualifiedName } from '../../../sipis/schemas.ts'
import { sequencesOf } from '../../sequences.ts'
import { tableIn } from '../databases/catalogue.ts'
import type { Session } from '../databases/session.ts'
import { inPlace } from '../databases/session.ts'
import type { Direction } from '../plan/direction.ts'
import type { CopyTable } from '../plan/plan.ts'
import type { TableFacts } from '../plan/statements.ts'
import { isKnown } from '../plan/task.ts'

export interface Readiness {
  /** What makes the copy fail for sure. */
  readonly problems: readonly string[]
  /** What only a rehearsal can prove. */
  readonly warnings: readonly string[]
}

export async function readinessOf(
  target: Session,
  plan: readonly CopyTable[],
  facts: ReadonlyMap<string, TableFacts>,
  { tables }: Direction,
): Promise<Readiness> {
  const problems: string[] = []
  const warnings: string[] = []
  const names = plan.map(({ name }) => name)
  for (const table of plan) {
    problems.push(...(await missingPrivileges(target, table.name)), ...(await unsuitableColumns(target, table, tables)))
    const conditions = [...(await conditionsOf(target, table.name, names)), ...uncheckedKeys(table, facts)]
    warnings.push(
      ...conditions.map((what) => `${table.name} of the target has ${what}: only --rehearse proves that it fits.`),
    )
  }
  return { problems, warnings }
}

/** The privileges to lock and fill a table, and to move its sequences. */
async function missingPrivileges(target: Session, table: string): Promise<string[]> {
  const path = qualifiedName(target.schemas, table)
  const [[insert, lock, role] = []] = await target.query(
    `SELECT has_table_privilege(oid, 'INSERT'), has_table_privilege(oid, 'UPDATE, DELETE, TRUNCATE'), quote_ident(current_user)
      FROM to_regclass($1) AS t(oid)`,
    [path],
  )
  const missing = [...(insert === 't' ? [] : ['INSERT']), ...(lock === 't' ? [] : ['UPDATE'])]
  const sequences = (await sequencesOf(target.query, path)).filter(({ readable, settable }) => !(readable && settable))
  const grants = [
    ...(missing.length === 0 ? [] : [`GRANT ${missing.join(', ')} ON ${path} TO ${role};`]),
    ...sequences.map(({ name }) => `GRANT SELECT, UPDATE ON SEQUENCE ${name} TO ${role};`),
  ]
  return grants.map(
    (grant) => `The role ${role} may not fill ${table} of ${inPlace(target)}. Run as the owner: ${grant}`,
  )
}

/** Columns that a copy cannot fill, does not fill although they need a value, or that would change their values. */
async function unsuitableColumns(target: Session, table: CopyTable, tables: Direction['tables']): Promise<string[]> {
  const columns = await target.query(
    `SELECT a.attname, format_type(coalesce(nullif(t.typbasetype, 0), a.atttypid), a.atttypmod), a.attgenerated <> '',
        (a.attnotnull OR t.typnotnull) AND NOT a.atthasdef AND a.attidentity = '' AND t.typdefault IS NULL
      FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
      WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`,
    [qualifiedName(target.schemas, table.name)],
  )
  const published = new Map(
    Object.values(getTableColumns(tableIn(tables, table.name))).map((column) => [column.name, column.getSQLType()]),
  )
  return columns.flatMap(([name, type, generated, needsValue]) => {
    const where = `Column ${name} of ${table.name} in ${inPlace(target)}`
    const expected = published.get(String(name))
    if (expected === undefined) {
      return needsValue === 't'
        ? [`${where} must not be null and has no default, and a copy does not fill it: give it a default.`]
        : []
    }
    if (generated === 't') return [`${where} is generated, so a copy cannot fill it: drop its expression.`]
    return holds(String(type), expected)
      ? []
      : [`${where} has the type ${type}, which changes values; SIPIS 4 has ${expected}: correct the type.`]
  })
}

const texts = /^(text|character varying(\(\d+\))?)$/
const numbers = /^(bigint|integer|numeric)$/

function holds(type: string, expected: string): boolean {
  if (/^(text|varchar)/.test(expected)) return texts.test(type)
  if (/^(bigint|bigserial|integer|serial)/.test(expected)) return numbers.test(type)
  return type.replace(' without time zone', '') === expected
}

/** Constraints and triggers whose effect cannot be foreseen. A foreign key to selectors always holds. */
async function conditionsOf({ query, schemas }: Session, table: string, names: readonly string[]): Promise<string[]> {
  const path = qualifiedName(schemas, table)
  const rows = await query(
    `SELECT format('the constraint %I, %s', k.conname, pg_get_constraintdef(k.oid)) FROM pg_constraint k
        WHERE k.conrelid = to_regclass($1) AND (k.contype IN ('c', 'x') OR k.contype = 'f' AND k.confrelid <> to_regclass($2))
      UNION ALL SELECT format('the trigger %I', g.tgname) FROM pg_trigger g
        WHERE g.tgrelid = to_regclass($1) AND NOT g.tgisinternal AND g.tgenabled IN ('O', 'A') AND g.tgtype & 4 = 4
      UNION ALL SELECT format('the index %I with an expression or a condition', i.relname) FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
        WHERE x.indrelid = to_regclass($1) AND x.indisunique AND (x.indpred IS NOT NULL OR x.indexprs IS NOT NULL)
      UNION ALL SELECT 'partitions' FROM pg_class c WHERE c.oid = to_regclass($1) AND c.relkind = 'p'
      UNION ALL SELECT 'no protection from a crash, because it is UNLOGGED' FROM pg_class c
        WHERE c.oid = to_regclass($1) AND c.relpersistence = 'u' ORDER BY 1`,
    [path, names.includes('selectors') ? qualifiedName(schemas, 'selectors') : path],
  )
  return rows.map(([what]) => String(what))
}

function uncheckedKeys(table: CopyTable, facts: ReadonlyMap<string, TableFacts>): string[] {
  const keys = facts.get(table.name)?.uniqueKeys ?? []
  return keys.filter((key) => !isKnown(table, key)).map(({ columns }) => `a unique key over ${columns.join(', ')}`)
}
