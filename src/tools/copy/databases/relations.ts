/** Rejects what stands in the place of a table and cannot be read or written as a whole. */
import { render } from '../../../database/database.ts'
import { searchedSchemas } from '../../../database/search-path.ts'
import { Problem } from '../../../errors/problem.ts'
import { tablesOf } from '../../../sipis/schemas.ts'
import type { Session } from './session.ts'
import { inPlace } from './session.ts'

const kinds: Readonly<Record<string, string>> = {
  v: 'a view',
  m: 'a materialized view',
  f: 'a foreign table',
}

interface Relation {
  readonly name: string
  readonly path: string
  readonly kind: string
  readonly readable: boolean
  /** Whether a policy of row level security applies to the role. */
  readonly restricted: boolean
  readonly hasForeignPart: boolean
}

/** @throws Problem if a table is hidden, is not a table, cannot be read, or shows only part of its rows to the role */
export async function refuseRelations(session: Session, names: readonly string[]): Promise<void> {
  const relations = await relationsOf(session, names)
  const [[role] = []] = await session.query('SELECT quote_ident(current_user)')
  const where = inPlace(session)
  for (const { name, path, kind, hasForeignPart } of relations) {
    const what = kinds[kind] ?? (hasForeignPart ? 'partly a foreign table' : undefined)
    if (what === undefined) continue
    throw new Problem(
      `${name} of ${where} (${path}) is ${what}, which may hide rows and has no snapshot. Only tables are copied: name the database that has the table itself, or set search_path to its schema.`,
      'NOT_A_TABLE',
    )
  }
  const unreadable = relations.filter(({ readable }) => !readable).map(({ path }) => path)
  if (unreadable.length > 0) {
    throw new Problem(
      `The role ${role} may not read ${unreadable.join(', ')} of ${where}. Run as the owner: GRANT SELECT ON ${unreadable.join(', ')} TO ${role};`,
      'MISSING_PRIVILEGE',
    )
  }
  const restricted = relations.filter((one) => one.restricted).map(({ path }) => path)
  if (restricted.length > 0) {
    throw new Problem(
      `Row level security hides rows of ${restricted.join(', ')} of ${where} from the role ${role}. Connect as a role with BYPASSRLS, such as a superuser, or as an owner without FORCE ROW LEVEL SECURITY.`,
      'ROW_SECURITY',
    )
  }
  await refuseHidden(session, names, String(role))
}

async function relationsOf({ query, schemas }: Session, names: readonly string[]): Promise<Relation[]> {
  const tables = render(tablesOf(schemas, names))
  const rows = await query(
    `SELECT name, path, c.relkind, has_table_privilege(c.oid, 'SELECT'), row_security_active(c.oid), (
        WITH RECURSIVE parts AS (
          SELECT i.inhrelid FROM pg_inherits i WHERE i.inhparent = c.oid
          UNION SELECT i.inhrelid FROM pg_inherits i JOIN parts ON parts.inhrelid = i.inhparent
        ) SELECT EXISTS (SELECT FROM parts JOIN pg_class p ON p.oid = parts.inhrelid AND p.relkind = 'f'))
      FROM ${tables.text} JOIN pg_class c ON c.oid = to_regclass(path) ORDER BY n`,
    tables.values,
  )
  return rows.map(([name, path, kind, readable, restricted, hasForeignPart]) => ({
    name: String(name),
    path: String(path),
    kind: String(kind),
    readable: readable === 't',
    restricted: restricted === 't',
    hasForeignPart: hasForeignPart === 't',
  }))
}

/** A table in a schema that the role may not use seems to be absent. */
async function refuseHidden(session: Session, names: readonly string[], role: string): Promise<void> {
  const absent = names.filter((name) => !session.schemas.has(name))
  const hidden = await session.query(
    `SELECT quote_ident(n.nspname), format('%I.%I', n.nspname, c.relname) FROM pg_class c
      JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relname = ANY($1) AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT has_schema_privilege(n.oid, 'USAGE')
      ORDER BY 2 LIMIT 1`,
    [absent],
  )
  const [[schema, path] = []] = hidden
  if (path === undefined) return
  throw new Problem(
    `The role ${role} may not look into schema ${schema} of ${inPlace(session)}, which has ${path}. Run as the owner: GRANT USAGE ON SCHEMA ${schema} TO ${role};`,
    'MISSING_PRIVILEGE',
  )
}

/** Tables of these names in schemas that are not searched. */
export async function tablesElsewhere({ query, schemas }: Session, names: readonly string[]): Promise<string[]> {
  const rows = await query(
    `SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relname = ANY($1) AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT n.nspname = ANY(${render(searchedSchemas).text}) ORDER BY 1`,
    [names.filter((name) => !schemas.has(name))],
  )
  return rows.map(([path]) => String(path))
}
