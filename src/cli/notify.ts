import type { Client } from 'pg'
import type { DatabaseFlags } from '../config/database-target.ts'
import { requireDatabase } from '../config/database-target.ts'
import type { Environment } from '../config/environment.ts'
import { connectProblem } from '../database/connect-problem.ts'
import { openPool } from '../database/pool.ts'
import { databaseError } from '../errors/database-error.ts'
import { Problem } from '../errors/problem.ts'
import type { Detected } from '../sipis/detect.ts'
import { detect } from '../sipis/detect.ts'
import { findTriggers, installTriggers, removeTriggers } from '../tools/notify/triggers.ts'
import { openWriter } from '../tools/writer.ts'
import type { Output } from './output.ts'

export type NotifyAction = 'install' | 'remove' | 'status'

/**
 * Installs, removes or shows the triggers that tell gateways of new events at once.
 *
 * @throws Problem if the database is not SIPIS's, the role does not own the tables, or another session holds a lock for too long
 */
export async function notify(
  action: NotifyAction,
  flags: DatabaseFlags,
  environment: Environment,
  output: Output,
): Promise<void> {
  const { connection, label } = requireDatabase(flags, environment)
  try {
    const found = await detected(connection)
    await using writer = await openWriter(connection, `sipis-gateway notify ${action}`)
    if (action === 'install') await install(writer.client, found, output)
    if (action === 'remove') await removeTriggers(writer.client, found.schemas)
    const states = await findTriggers(writer.client, found.schemas)
    for (const { table, isInstalled } of states)
      output.print(`${table}: ${isInstalled ? 'installed' : 'not installed'}`)
  } catch (error) {
    throw error instanceof Problem ? error : problemOf(label, error)
  }
}

async function detected(connection: Parameters<typeof openWriter>[0]): Promise<Detected> {
  const database = openPool({
    connection,
    maxConnections: 1,
    connectTimeoutMs: 10_000,
    statementTimeoutMs: 10_000,
    applicationName: 'sipis-gateway notify',
  })
  try {
    return await detect(database)
  } finally {
    await database.close()
  }
}

async function install(client: Client, { version, schemas }: Detected, output: Output): Promise<void> {
  const { rows } = await client.query<{ setting: string }>(
    `SELECT current_setting('max_prepared_transactions') AS setting`,
  )
  const { setting = '0' } = rows[0] ?? {}
  if (setting !== '0') {
    output.print(
      `max_prepared_transactions is ${setting}. The triggers send nothing while it is not 0, because a transaction that has sent a notification cannot be prepared.`,
    )
  }
  await installTriggers(client, version, schemas)
}

function problemOf(label: string, error: unknown): Problem {
  const failure = databaseError(error)
  if (failure.code === '42501') {
    return new Problem(
      `The role may not make triggers on the tables of ${label}. Nothing was changed. Run the command as their owner.`,
    )
  }
  if (failure.code === '55P03') {
    return new Problem(
      `Could not lock a table of ${label} within 5 s: another session is using it. Nothing was changed. Try again later.`,
    )
  }
  return connectProblem(label, failure)
}
