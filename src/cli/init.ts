import type { DatabaseFlags } from '../config/database-target.ts'
import { requireDatabase } from '../config/database-target.ts'
import type { Environment } from '../config/environment.ts'
import { connectProblem } from '../database/connect-problem.ts'
import { databaseError } from '../errors/database-error.ts'
import { Problem } from '../errors/problem.ts'
import { appliedVersion, migrateServer } from '../sipis/migrations.ts'
import type { SchemaVersion } from '../sipis/schema-version.ts'
import { schemaVersions } from '../sipis/schema-version.ts'
import type { Schemas } from '../sipis/schemas.ts'
import { findSchemas } from '../sipis/schemas.ts'
import { tableNames } from '../sipis/versions.ts'
import { openWriter, searchFirstSchema } from '../tools/writer.ts'
import type { Output } from './output.ts'

export interface InitFlags extends DatabaseFlags {
  readonly schema: Lowercase<SchemaVersion>
}

/**
 * Creates the SIPIS tables in an empty database. Idempotent.
 *
 * @throws Problem if the database has other tables or another schema version, or is unreachable
 */
export async function init(flags: InitFlags, environment: Environment, output: Output): Promise<void> {
  const { connection, label } = requireDatabase(flags, environment)
  const version = schemaVersions.find((known) => known.toLowerCase() === flags.schema)
  if (version === undefined) throw new Problem(`There is no schema ${flags.schema}.`)
  try {
    await using writer = await openWriter(connection, 'sipis-gateway init')
    const { client } = writer
    const query = async (text: string, values: readonly unknown[]) =>
      (await client.query<(string | null)[]>({ text, values: [...values], rowMode: 'array' })).rows
    const schemas = await findSchemas(query, tableNames)
    const done = await appliedVersion(client)
    if (done === undefined) refuseForeignTables(schemas, label)
    else if (done !== version) {
      throw new Problem(
        `${label} already holds schema ${done.toLowerCase()}. Use another database for ${flags.schema}.`,
      )
    }
    await searchFirstSchema(client, label)
    await migrateServer(client, version)
    output.print(
      done === undefined
        ? `Created the tables of schema ${flags.schema} in ${label}.`
        : `${label} already holds schema ${flags.schema}; it is up to date.`,
    )
  } catch (error) {
    throw error instanceof Problem ? error : connectProblem(label, databaseError(causeOf(error)))
  }
}

function refuseForeignTables(schemas: Schemas, label: string): void {
  if (schemas.size === 0) return
  throw new Problem(
    `${label} already has ${[...schemas.keys()].sort().join(', ')}, which sipis-gateway did not create. ` +
      'Nothing was changed. Use an empty database.',
  )
}

/** Unwraps Drizzle's error, whose message contains parameters. */
function causeOf(error: unknown): unknown {
  return error instanceof Error && error.cause !== undefined ? error.cause : error
}
