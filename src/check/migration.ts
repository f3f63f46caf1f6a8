/** Rows of a v1 database that will trouble a migration to v2: counted, never changed. */
import { sql } from 'drizzle-orm'
import type { Database } from '../database/database.ts'
import { isNotUtf8 } from '../database/utf8.ts'
import type { Schemas } from '../versions/schemas.ts'
import { qualified, qualifiedName, tablesOf } from '../versions/schemas.ts'

export interface Trouble {
  readonly table: string
  readonly reason: string
  readonly rows: number
}

interface Question {
  readonly table: string
  readonly reason: string
  /** A condition on the table's rows, in SQL. */
  readonly condition: string
}

const questionsIn = (schemas: Schemas): readonly Question[] => [
  { table: 'selectors', reason: 'selector is null', condition: 'selector IS NULL' },
  ...['tokens', 'sipcalls', 'siptextmessages', 'data', 'restart'].map((table) => ({
    table,
    reason: 'its selector is null',
    condition: `id IN (SELECT id FROM ${qualifiedName(schemas, 'selectors')} WHERE selector IS NULL)`,
  })),
  {
    table: 'pushtests',
    reason: 'its selector is gone',
    condition: `NOT EXISTS (SELECT FROM ${qualifiedName(schemas, 'selectors')} s WHERE s.id = pushtests.id AND s.selector IS NOT NULL)`,
  },
  { table: 'data', reason: 'id is null', condition: 'id IS NULL' },
  { table: 'data', reason: 'name is null', condition: 'name IS NULL' },
  { table: 'restart', reason: 'name is longer than 64', condition: 'length(name) > 64' },
  {
    table: 'restart',
    reason: 'server would become a second entry named "server"',
    condition: `server IS NOT NULL AND EXISTS (SELECT FROM ${qualifiedName(schemas, 'restart')} r WHERE r.id = restart.id AND r.name = 'server')`,
  },
  {
    table: 'sipcalls',
    reason: 'a part that v2 requires is null and becomes empty',
    condition: 'num_nulls(scheme, userdisplayname, username, domain, domainport, callid) > 0',
  },
  {
    table: 'siptextmessages',
    reason: 'a part that v2 requires is null and becomes empty',
    condition:
      'num_nulls(scheme, userdisplayname, username, domain, domainport, msgid, contenttype, headers, body) > 0',
  },
]

const textColumns: Readonly<Record<string, readonly string[]>> = {
  selectors: ['selector'],
  tokens: ['token', 'appid'],
  sipcalls: ['scheme', 'userdisplayname', 'username', 'domain', 'callid'],
  siptextmessages: ['scheme', 'userdisplayname', 'username', 'domain', 'msgid', 'contenttype', 'headers', 'body'],
  pushtests: ['pushid', 'platform'],
  data: ['name', 'value', 'longvalue'],
  restart: ['name', 'value', 'server', 'longvalue'],
}

function notUtf8(table: string, columns: readonly string[]): Question {
  const condition = columns.map(isNotUtf8).join(' OR ')
  return { table, reason: 'a text is not valid UTF-8', condition }
}

/** Only what troubles; tables that the role may not read, or that are not there, are left out. */
export async function findTroubles(
  database: Database,
  encoding: string,
  schemas: Schemas,
  looking: (table: string) => void,
): Promise<Trouble[]> {
  const readable = await readableTables(database, schemas)
  const asked = [
    ...questionsIn(schemas),
    ...(encoding === 'SQL_ASCII' ? Object.entries(textColumns).map(([table, columns]) => notUtf8(table, columns)) : []),
  ].filter(({ table }) => readable.has(table))
  const troubles: Trouble[] = []
  for (const [table, ofTable] of Map.groupBy(asked, (question) => question.table)) {
    looking(table)
    // One scan of the table answers all questions about it.
    const counts = ofTable.map(({ condition }) => `count(*) FILTER (WHERE ${condition})`).join(', ')
    const [found] = await database.query(sql`SELECT ${sql.raw(counts)} FROM ${qualified(schemas, table)}`)
    troubles.push(...ofTable.map(({ reason }, index) => ({ table, reason, rows: Number(found?.[index]) })))
  }
  return troubles.filter(({ rows }) => rows > 0)
}

async function readableTables(database: Database, schemas: Schemas): Promise<Set<string>> {
  const rows = await database.query(sql`SELECT name FROM ${tablesOf(schemas, Object.keys(textColumns))}
    WHERE has_table_privilege(to_regclass(path), 'SELECT')`)
  return new Set(rows.map(([name]) => String(name)))
}
