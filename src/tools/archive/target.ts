/** Opens the database of an archive: creates it, keeps other archivers out, and refuses databases that are none. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from 'pg'
import type { DatabaseTarget } from '../../config/database-target.ts'
import { answerWithin } from '../../database/client.ts'
import { Problem } from '../../errors/problem.ts'
import { migrateServer } from '../../sipis/migrations.ts'
import type { Schemas } from '../../sipis/schemas.ts'
import { findSchemas } from '../../sipis/schemas.ts'
import { tableNames } from '../../sipis/versions.ts'
import { SideError } from '../copy/databases/session.ts'
import { openWriter, searchFirstSchema } from '../writer.ts'
import { keptTables } from './plan.ts'
import type { Session } from './session.ts'
import { openSession } from './session.ts'
import { createState, stateTable } from './state.ts'

/** Arbitrary key of the advisory lock that an archiver holds on its target for as long as it is connected. */
const advisoryLock = '6003407290438734'
/** The server takes a moment to notice that an archiver was killed, and longer if its network is gone. */
const lockWaitMs = { first: 5_000, again: 60_000 }
const lockPauseMs = 100
const createMs = 60_000

export const archiveRunning = 'ARCHIVE_RUNNING'

export interface Target extends AsyncDisposable {
  readonly session: Session
  readonly schemas: Schemas
}

/**
 * @param isFirst whether to create the tables, or those that a later version adds; false after the connection was lost
 * @throws Problem if another archiver writes there, or the tables are not those of an archive
 */
export async function openTarget(target: DatabaseTarget, isFirst: boolean, signal: AbortSignal): Promise<Target> {
  const session = await openSession('target', target, signal)
  try {
    refuseEncoding(session)
    await lock(session, isFirst ? lockWaitMs.first : lockWaitMs.again, signal)
    await refuseForeignTables(session)
    if (isFirst) await create(session, target)
    const schemas = await findSchemas(session.query, tableNames)
    return { session, schemas, [Symbol.asyncDispose]: () => session[Symbol.asyncDispose]() }
  } catch (error) {
    await session[Symbol.asyncDispose]()
    throw error
  }
}

function refuseEncoding({ encoding, label }: Session): void {
  if (encoding === 'UTF8' || encoding === 'SQL_ASCII') return
  throw new Problem(
    `The archive ${label} is encoded in ${encoding}, which cannot hold every text. Create it in UTF8, or in SQL_ASCII.`,
    'WRONG_ENCODING',
  )
}

async function lock({ query, label }: Session, waitMs: number, signal: AbortSignal): Promise<void> {
  const end = performance.now() + waitMs
  for (;;) {
    const [[isFree] = []] = await query(`SELECT pg_try_advisory_lock(${advisoryLock})`)
    if (isFree === 't') return
    if (performance.now() > end || signal.aborted) break
    await sleep(lockPauseMs)
  }
  throw new Problem(
    `Another archiver writes into ${label}. Stop it first; if its machine has died, its lock goes within a minute.`,
    archiveRunning,
  )
}

async function refuseForeignTables({ query, label }: Session): Promise<void> {
  const [[isArchive] = []] = await query('SELECT to_regclass($1) IS NOT NULL', [stateTable])
  const found = await findSchemas(query, tableNames)
  if (isArchive === 't' || found.size === 0) return
  const names = [...found.keys()].sort().join(', ')
  throw new Problem(
    `${label} already has ${names}, which "archive" did not create. Nothing was changed. Name an empty database: its tables are created.`,
    'NOT_AN_ARCHIVE',
  )
}

/** The state comes first: what has been begun is recognized and finished if the command is interrupted. */
async function create(session: Session, { connection, label }: DatabaseTarget): Promise<void> {
  for (const statement of createState) await session.query(statement)
  try {
    await using writer = await openWriter(connection, 'sipis-gateway archive')
    await answerWithin(writer.client, createMs, createTables(writer.client, label))
  } catch (error) {
    if (error instanceof Problem) throw error
    // Drizzle's own message contains the statement.
    throw new SideError('target', error instanceof Error && error.cause !== undefined ? error.cause : error)
  }
}

async function createTables(client: Client, label: string): Promise<void> {
  await searchFirstSchema(client, label)
  await migrateServer(client, 'V2')
  for (const statement of keyStatements) await client.query(statement)
}

/** A number is no key of an archive: a source that is created anew gives the same ones out again. */
const keyStatements = Object.values(keptTables).flatMap(({ name, identity }) => [
  `ALTER TABLE ${name} DROP CONSTRAINT IF EXISTS ${name}_pkey`,
  `CREATE UNIQUE INDEX IF NOT EXISTS ${name}_archive_key ON ${name} (${identity.join(', ')})`,
])
