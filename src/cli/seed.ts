import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Client } from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import type { DatabaseFlags } from '../config/database-target.ts'
import { requireDatabase } from '../config/database-target.ts'
import type { Environment } from '../config/environment.ts'
import { connectProblem } from '../database/connect-problem.ts'
import { openPool } from '../database/pool.ts'
import { databaseError } from '../errors/database-error.ts'
import { Problem } from '../errors/problem.ts'
import type { Detected } from '../sipis/detect.ts'
import { detect } from '../sipis/detect.ts'
import type { Schemas } from '../sipis/schemas.ts'
import { qualifiedName } from '../sipis/schemas.ts'
import { copyStatement, copyText } from '../tools/demo/copy-text.ts'
import type { DataTable } from '../tools/demo/data-set.ts'
import { dataSet } from '../tools/demo/data-set.ts'
import type { DataSetOptions } from '../tools/demo/options.ts'
import { advanceSequences } from '../tools/sequences.ts'
import { openWriter } from '../tools/writer.ts'
import type { Output } from './output.ts'
import type { Progress } from './progress.ts'
import { createProgress, volume } from './progress.ts'

export interface SeedFlags extends DatabaseFlags, DataSetOptions {}

/**
 * Writes generated rows into an empty database in one transaction.
 *
 * @throws Problem if the database has rows, is unreachable, or the command is interrupted
 */
export async function seed(flags: SeedFlags, environment: Environment, output: Output): Promise<void> {
  const { connection, label } = requireDatabase(flags, environment)
  let interrupted = false
  try {
    const { version, schemas } = await detectAt(connection)
    await using writer = await openWriter(connection, 'sipis-gateway seed')
    const { client } = writer
    void output.stopped().then(() => {
      interrupted = true
      return client.end()
    })
    const progress = createProgress(output.progress)
    const tables = dataSet(version, { ...flags, accounts: true })
    await client.query('BEGIN')
    await refuseRows(client, tables, schemas, label)
    for (const table of tables) await write(client, table, schemas, flags.selectors, progress)
    await advanceSequences(
      async (text, values = []) =>
        (await client.query<(string | null)[]>({ text, values: [...values], rowMode: 'array' })).rows,
      tables.map(({ name }) => qualifiedName(schemas, name)),
    )
    await client.query('COMMIT')
    for (const { name } of tables) await client.query(`ANALYZE ${qualifiedName(schemas, name)}`)
    const rows = tables.map((table) => `${table.rows} ${table.name}`).join(', ')
    output.print(`Wrote ${rows} into ${label}, schema ${version.toLowerCase()}.`)
  } catch (error) {
    if (interrupted) throw new Problem('Interrupted: nothing was written.')
    throw error instanceof Problem ? error : connectProblem(label, databaseError(error))
  }
}

async function detectAt(connection: Parameters<typeof openWriter>[0]): Promise<Detected> {
  const database = openPool({
    connection,
    applicationName: 'sipis-gateway seed',
    maxConnections: 1,
    connectTimeoutMs: 10_000,
    statementTimeoutMs: 60_000,
  })
  try {
    return await detect(database)
  } finally {
    await database.close()
  }
}

/** Rejects a database with rows, because generated rows could not be distinguished from real ones. */
async function refuseRows(
  client: Client,
  tables: readonly DataTable[],
  schemas: Schemas,
  label: string,
): Promise<void> {
  for (const { name } of tables) {
    const { rowCount } = await client.query(`SELECT FROM ${qualifiedName(schemas, name)} LIMIT 1`)
    if (rowCount === 0) continue
    throw new Problem(
      `${label} already has rows in ${name}. Nothing was written. Seed an empty database, created with "init".`,
    )
  }
}

async function write(
  client: Client,
  table: DataTable,
  schemas: Schemas,
  installations: number,
  progress: Progress,
): Promise<void> {
  const started = performance.now()
  progress.start(table.name, table.rows)
  try {
    const text = copyText(table, installations, (rows, bytes) =>
      progress.update(rows, volume({ rows, bytes }, table.rows, started)),
    )
    await pipeline(
      Readable.from(text),
      client.query(copyFrom(copyStatement(table, 'STDIN', qualifiedName(schemas, table.name)))),
    )
  } finally {
    progress.stop()
  }
}
