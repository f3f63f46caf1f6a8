/** Creates the secondary indexes of the target after its rows, which takes a fraction of the time. */
import { Problem } from '../../../errors/problem.ts'
import { qualifiedName } from '../../../sipis/schemas.ts'
import type { Session } from '../databases/session.ts'
import { inPlace } from '../databases/session.ts'

export interface DroppedIndex {
  readonly table: string
  /** Quoted, with its schema. */
  readonly name: string
  readonly definition: string
}

/**
 * Drops the indexes that can be created again exactly as they are; the others stay. Within the transaction of the copy, so that a failure
 * leaves them all.
 */
export async function dropIndexes({ query, schemas }: Session, tables: readonly string[]): Promise<DroppedIndex[]> {
  const dropped: DroppedIndex[] = []
  for (const table of tables) {
    const indexes = await query(replaceable, [qualifiedName(schemas, table)])
    for (const [name, definition] of indexes) {
      await query(`DROP INDEX ${name}`)
      dropped.push({ table, name: String(name), definition: String(definition) })
    }
  }
  return dropped
}

/** @param onTable called before each index, with its table */
export async function createIndexes(
  session: Session,
  indexes: readonly DroppedIndex[],
  onTable: (table: string) => void,
): Promise<void> {
  for (const { table, name, definition } of indexes) {
    onTable(table)
    await session.query(definition)
    const [[created] = []] = await session.query('SELECT pg_get_indexdef(to_regclass($1))', [name])
    if (created === definition) continue
    throw new Problem(
      `The index ${name} of ${inPlace(session)} cannot be created as it was. Nothing was written: source and target are unchanged.`,
      'INDEX_CHANGED',
    )
  }
}

/** Not those of constraints, nor any with a property that its definition does not have. */
const replaceable = `SELECT format('%I.%I', n.nspname, i.relname), pg_get_indexdef(i.oid)
  FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid
  JOIN pg_namespace n ON n.oid = i.relnamespace
  WHERE x.indrelid = to_regclass($1) AND t.relkind = 'r' AND NOT t.relispartition AND i.relkind = 'i'
  AND x.indisvalid AND x.indisready AND NOT (x.indisunique OR x.indisexclusion OR x.indisclustered OR x.indisreplident)
  AND i.reltablespace = 0 AND pg_has_role(t.relowner, 'USAGE') AND has_schema_privilege(n.oid, 'CREATE')
  AND obj_description(i.oid, 'pg_class') IS NULL
  AND NOT EXISTS (SELECT FROM pg_seclabel l WHERE l.classoid = 'pg_class'::regclass AND l.objoid = i.oid)
  AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.oid)
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = i.oid)
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = i.oid AND d.deptype NOT IN ('n', 'a'))
  AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = i.oid AND coalesce(a.attstattarget, -1) >= 0)
  ORDER BY 1`
