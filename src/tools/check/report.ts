/** Examines a database, and gives advice on serving and migrating it. */
import { sql } from 'drizzle-orm'
import type { Database } from '../../database/database.ts'
import type { Detected } from '../../sipis/detect.ts'
import { detect } from '../../sipis/detect.ts'
import type { Duplicates } from '../../sipis/duplicates.ts'
import { findDuplicates } from '../../sipis/duplicates.ts'
import { wantedIndexes } from '../../sipis/indexes.ts'
import type { SchemaVersion } from '../../sipis/schema-version.ts'
import type { Schemas } from '../../sipis/schemas.ts'
import { tablesOf } from '../../sipis/schemas.ts'
import { describedTables } from '../../sipis/versions.ts'
import type { CopyPreview } from '../copy/report/preview.ts'
import { previews } from '../copy/report/preview.ts'
import { changesAdvice } from './changes.ts'
import { foreignCreators } from './creators.ts'
import type { Advice } from './indexes.ts'
import { indexAdvice } from './indexes.ts'
import type { Role } from './role.ts'
import { findRole, readOnlyRoleStatements } from './role.ts'
import { rowSecuritySentence, tablesWithHiddenRows } from './row-security.ts'

export interface TableSize {
  readonly name: string
  /** PostgreSQL's own estimate; null if the table has never been analyzed. */
  readonly rows: number | null
  readonly bytes: number
}

export interface Report {
  readonly target: string
  readonly schemaVersion: SchemaVersion
  readonly serverVersion: string
  readonly encoding: string
  readonly timeZone: string
  readonly role: Role
  readonly tables: readonly TableSize[]
  readonly advice: readonly Advice[]
  /** Duplicates that readers do not expect. */
  readonly duplicates: readonly Duplicates[]
  /** What `copy` would reject; null for the newest version, from which nothing is copied. */
  readonly migration: CopyPreview | null
}

/**
 * Examines a database for `check`.
 *
 * @param onTable called before a table is scanned
 * @param timeoutMs time limit for each table that is read as a whole
 * @throws Problem if it is not a database of SIPIS
 */
export async function examine(
  database: Database,
  target: string,
  onTable: (table: string) => void,
  timeoutMs = 600_000,
): Promise<Report> {
  const detected = await detect(database)
  const { version, serverVersion, encoding, schemas } = detected
  const [server] = await database.query(sql`SELECT reset_val FROM pg_settings WHERE name = 'TimeZone'`)
  const role = await findRole(database, schemas)
  return {
    target,
    schemaVersion: version,
    serverVersion,
    encoding,
    timeZone: server?.[0] ?? 'unknown',
    role,
    tables: await tableSizes(database, detected),
    advice: [
      ...(await indexAdvice(database, wantedIndexes[version], schemas)),
      ...(await rowSecurityAdvice(database, detected, role)),
      ...(await creatorAdvice(database, schemas)),
      ...(await changesAdvice(database)),
      ...(role.superuser || role.mayWrite ? [await readOnlyRole(database, detected)] : []),
    ],
    duplicates: await findDuplicates(database, detected, timeoutMs),
    migration: await previews[version](database, detected, { label: target, timeoutMs, onTable }),
  }
}

async function readOnlyRole(database: Database, detected: Detected): Promise<Advice> {
  return {
    code: 'ROLE_WRITABLE',
    reason: 'The gateway only reads, so a read-only role is safer. As the owner of the database:',
    statement: (await readOnlyRoleStatements(database, detected)).join('\n    '),
  }
}

async function rowSecurityAdvice(database: Database, detected: Detected, { name }: Role): Promise<Advice[]> {
  const tables = await tablesWithHiddenRows(database, detected)
  if (tables.length === 0) return []
  const [[role = ''] = []] = await database.query(sql`SELECT quote_ident(current_user)`)
  return [
    {
      code: 'ROWS_HIDDEN',
      reason: `${rowSecuritySentence(name, tables)} To bypass it, as a superuser:`,
      statement: `ALTER ROLE ${role} BYPASSRLS;`,
    },
  ]
}

async function creatorAdvice(database: Database, schemas: Schemas): Promise<Advice[]> {
  const creators = await foreignCreators(database, schemas)
  return creators.map(({ schema, roles }) => ({
    code: 'SCHEMA_WRITABLE',
    reason: `${roles.join(', ')} may create functions and tables in the schema ${schema}, where names are looked up. Only its owner should.`,
    statement: `REVOKE CREATE ON SCHEMA ${schema} FROM ${roles.join(', ')};`,
  }))
}

async function tableSizes(database: Database, { version, schemas }: Detected): Promise<TableSize[]> {
  const published = describedTables[version].filter((table) => table.published).map(({ name }) => name)
  const rows = await database.query(sql`SELECT name, nullif(c.reltuples, -1)::bigint, pg_total_relation_size(c.oid)
    FROM ${tablesOf(schemas, published)} JOIN pg_class c ON c.oid = to_regclass(path) ORDER BY n`)
  return rows.map(([name, count, bytes]) => ({
    name: String(name),
    rows: count == null ? null : Number(count),
    bytes: Number(bytes),
  }))
}
