/** Opens the source of an archive, and reads all of its rows. */

import type { DatabaseTarget } from '../../config/database-target.ts'
import { DatabaseError } from '../../errors/database-error.ts'
import { Problem } from '../../errors/problem.ts'
import type { ChangesReader, EventKind, Sight } from '../../loaders/changes.ts'
import { eventKinds, prepareChanges } from '../../loaders/changes.ts'
import type { Detected } from '../../sipis/detect.ts'
import { detect } from '../../sipis/detect.ts'
import { qualifiedName } from '../../sipis/schemas.ts'
import { projectionOf } from '../../sipis/versions.ts'
import { keptTables } from './plan.ts'
import type { Session } from './session.ts'
import { databaseOf, openSession } from './session.ts'

export interface Source extends AsyncDisposable {
  readonly session: Session
  readonly detected: Detected
  readonly reader: ChangesReader
}

/** What is seen and what is loaded are of one snapshot, so that no row is deleted between. */
export const beginReading = 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY'

const unsupported = new Set(['42501', '42703', '42883', '0A000', '58P01'])

/** @throws Problem if the source is not one of SIPIS, or has no feed of changes */
export async function openSource(target: DatabaseTarget, signal: AbortSignal): Promise<Source> {
  const session = await openSession('source', target, signal)
  try {
    const database = databaseOf(session)
    const detected = await detect(database)
    const { version, encoding, schemas, keys } = detected
    const reader = prepareChanges(projectionOf(version, { encoding, timeZone: 'UTC', schemas, keys }))(database)
    // The whole statement, so that what it needs is known to be there.
    await reader.recent(null)
    return { session, detected, reader, [Symbol.asyncDispose]: () => session[Symbol.asyncDispose]() }
  } catch (error) {
    await session[Symbol.asyncDispose]()
    if (!(error instanceof DatabaseError && unsupported.has(error.code))) throw error
    throw new Problem(
      `The source ${target.label} does not let the archive see what changes: ${error.message}. It needs tables, no views, whose column xmin the role may read, and the functions pg_control_checkpoint() and pg_control_system().`,
      'NO_CHANGES',
    )
  }
}

/** Names the cluster and the database. */
export async function identityOf({ query }: Session): Promise<string> {
  const [row = []] = await query(
    `SELECT system_identifier, (SELECT oid FROM pg_database WHERE datname = current_database()) FROM pg_control_system()`,
  )
  return row.join(' ')
}

/** Where a row is. */
export interface Place {
  readonly kind: EventKind
  readonly ctid: string
}

/** All rows of a source in one snapshot. A session of its own, so that changes are looked for meanwhile. */
export interface WholeReading extends AsyncDisposable {
  readonly session: Session
  /** What the snapshot has seen. */
  readonly sight: Sight
  /** The next rows; none at the end. */
  next(): Promise<Place[]>
}

const placesAtOnce = 2_000

export async function readWhole(target: DatabaseTarget, signal: AbortSignal): Promise<WholeReading> {
  const source = await openSource(target, signal)
  const { session, detected, reader } = source
  try {
    await session.query(beginReading)
    const sight = await reader.ofAll(eventKinds, null)
    const parts = eventKinds.map(
      (kind, n) => `SELECT ${n}, ctid::text FROM ${qualifiedName(detected.schemas, keptTables[kind].name)}`,
    )
    await session.query(`DECLARE everything NO SCROLL CURSOR FOR ${parts.join(' UNION ALL ')}`)
    return {
      session,
      sight,
      async next() {
        const rows = await session.query(`FETCH ${placesAtOnce} FROM everything`)
        return rows.flatMap(([n, ctid]) => {
          const kind = eventKinds[Number(n)]
          return kind === undefined || ctid == null ? [] : [{ kind, ctid }]
        })
      },
      [Symbol.asyncDispose]: () => source[Symbol.asyncDispose](),
    }
  } catch (error) {
    await source[Symbol.asyncDispose]()
    throw error
  }
}
