import { getTableName, isTable } from 'drizzle-orm'
import type { Client } from 'pg'
import type { DatabaseFlags, Environment } from '../config.ts'
import { requireDatabase } from '../config.ts'
import { connectProblem } from '../database/connect-problem.ts'
import { databaseError } from '../database/database-error.ts'
import { openWriter } from '../database/writer.ts'
import { Problem } from '../problem.ts'
import { migrateServer, migrationsSchema } from '../versions/migrations.ts'
import type { SchemaVersion } from '../versions/projection.ts'
import * as v1 from '../versions/v1/tables.ts'
import * as v2 from '../versions/v2/tables.ts'
import type { Output } from './output.ts'

export interface InitFlags extends DatabaseFlags {
  readonly schema: 'v1' | 'v2'
}

const versions = { v1: 'V1', v2: 'V2' } as const

/** Makes SIPIS's tables in an empty database; done again, it changes nothing. */
export async function init(flags: InitFlags, environment: Environment, output: Output): Promise<void> {
  const { connection, label } = requireDatabase(flags, environment)
  const version = versions[flags.schema]
  try {
    await using writer = await openWriter(connection, 'sipis-gateway init')
    const { client } = writer
    const done = await appliedVersion(client)
    if (done === undefined) await refuseForeignTables(client, label)
    else if (done !== version) {
      throw new Problem(
        `${label} already holds schema ${done.toLowerCase()}. Use another database for ${flags.schema}.`,
      )
    }
    await migrateServer(client, version)
    output.print(
      done === undefined
        ? `Made the tables of schema ${flags.schema} in ${label}.`
        : `${label} already holds schema ${flags.schema}; it is up to date.`,
    )
  } catch (error) {
    throw error instanceof Problem ? error : connectProblem(label, databaseError(causeOf(error)))
  }
}

/** The version that an earlier init made here; undefined where there was none. */
async function appliedVersion(client: Client): Promise<SchemaVersion | undefined> {
  const { rows } = await client.query<{ made: boolean; v1: boolean }>(
    `SELECT to_regclass($1) IS NOT NULL AS made,
      EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('sipcalls') AND attname = 'id') AS v1`,
    [`${migrationsSchema}.__drizzle_migrations`],
  )
  const [found] = rows
  if (found?.made !== true) return undefined
  return found.v1 ? 'V1' : 'V2'
}

async function refuseForeignTables(client: Client, label: string): Promise<void> {
  const names = [...new Set([...tableNames(v1), ...tableNames(v2)])]
  const { rows } = await client.query<{ name: string }>(
    'SELECT name FROM unnest($1::text[]) AS name WHERE to_regclass(name) IS NOT NULL ORDER BY 1',
    [names],
  )
  if (rows.length === 0) return
  throw new Problem(
    `${label} already has ${rows.map(({ name }) => name).join(', ')}, which sipis-gateway did not make. ` +
      'Nothing was changed. Use an empty database.',
  )
}

function tableNames(tables: Readonly<Record<string, unknown>>): string[] {
  return Object.values(tables).flatMap((table) => (isTable(table) ? [getTableName(table)] : []))
}

/** Drizzle wraps the driver's error into one that shows parameters. */
function causeOf(error: unknown): unknown {
  return error instanceof Error && error.cause !== undefined ? error.cause : error
}
